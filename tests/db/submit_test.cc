// Writes submitted by a thread that has nothing else to do until they are answered.
// SPDX-License-Identifier: Apache-2.0
#include "db/db_fixture.h"

using namespace kv;
using namespace kv::test;

namespace {

struct SubmitFixture : DbFixture, WriteObserver {
    ~SubmitFixture() override { close(); }

    void submit(Bytes key, Submitter submitter, Durability level = Durability::kDisk) {
        auto request = std::make_unique<WriteRequest>();
        request->batch.put(key, "v");
        request->durability = level;
        request->observer = this;
        std::vector<std::unique_ptr<WriteRequest>> requests;
        requests.push_back(std::move(request));
        db().submit(std::move(requests), submitter);
    }
    void on_written(std::unique_ptr<WriteRequest> request) override {
        CHECK(request->result.status.is_ok());
        ++answered;
    }
    void on_group_end() override { ++groups; }
    int answered = 0;
    int groups = 0;
};

/// A log that can be written without a wait for its first segment.
struct BegunFixture : SubmitFixture {
    BegunFixture() { REQUIRE(put("first", "v").status.is_ok()); }
    /// From now on each sync takes so long, and the store has seen some.
    void slow_down(uint64_t sync_ms) {
        disk_->set_fault_hook([this, sync_ms](const Operation& operation) {
            if (operation.kind == OpKind::kSync) clock_.advance_ms(sync_ms);
            return Fault::kNone;
        });
        for (int i = 0; i < 8; ++i) REQUIRE(put("slow", "v").status.is_ok());
    }
};

}  // namespace

TEST_CASE_METHOD(BegunFixture, "submit: who goes on is answered from the log's lane") {
    submit("a", Submitter::kGoesOn);
    CHECK(answered == 0);
    executor_.run_until_idle();
    CHECK(answered == 1);
}

TEST_CASE_METHOD(BegunFixture,
                 "submit: who waits syncs the log itself, and is told before submit returns") {
    submit("a", Submitter::kWaits);
    CHECK(answered == 1);
    CHECK(groups == 1);
    crash();
    CHECK(get("a") == "v");
}

TEST_CASE_METHOD(BegunFixture,
                 "submit: who waits answers what others have submitted before, in order") {
    submit("a", Submitter::kGoesOn);
    submit("b", Submitter::kWaits);  // the lane has the log already
    CHECK(answered == 0);
    executor_.run_until_idle();
    CHECK(answered == 2);
    crash();
    CHECK(scan() == "a=v b=v first=v");
}

TEST_CASE_METHOD(BegunFixture,
                 "submit: who only writes syncs the log itself while that is brief, and not before "
                 "what others have begun") {
    submit("a", Submitter::kOnlyWrites);
    CHECK(answered == 1);
    submit("b", Submitter::kGoesOn);
    submit("c", Submitter::kOnlyWrites);  // the lane has the log already
    CHECK(answered == 1);
    executor_.run_until_idle();
    CHECK(answered == 3);
    slow_down(1);  // quick enough for who waits, not brief
    submit("d", Submitter::kOnlyWrites);
    CHECK(answered == 3);
    executor_.run_until_idle();
    CHECK(answered == 4);
    crash();
    CHECK(scan() == "a=v b=v c=v d=v first=v slow=v");
}

TEST_CASE_METHOD(BegunFixture, "submit: who waits is not kept waiting by a slow disk") {
    slow_down(20);
    submit("a", Submitter::kWaits);
    CHECK(answered == 0);
    executor_.run_until_idle();
    CHECK(answered == 1);
    disk_->set_fault_hook({});
    for (int i = 0; i < 50; ++i) REQUIRE(put("quick", "v").status.is_ok());
    submit("b", Submitter::kWaits);
    CHECK(answered == 2);
}

namespace {

/// Clients that submit their next write once the one before is answered.
struct ReturningClients : BegunFixture {
    ReturningClients() { slow_down(2); }
    ~ReturningClients() { close(); }
    void on_written(std::unique_ptr<WriteRequest> request) override {
        SubmitFixture::on_written(std::move(request));
        if (to_submit == 0) return;
        --to_submit;
        executor_.post(Lane::kFlush, [this] { submit("next", Submitter::kGoesOn); });
    }
    int to_submit = 0;
};

}  // namespace

TEST_CASE_METHOD(ReturningClients, "submit: clients that come back together share each slow sync") {
    constexpr int kClients = 6, kRounds = 50;
    to_submit = kClients * kRounds;
    const uint64_t syncs_before = db().stats().log_syncs;
    // Half of them come while the others' sync is under way, as it happens by chance.
    for (int i = 0; i < kClients; ++i) {
        submit("first", Submitter::kGoesOn);
        if (i == kClients / 2) (void)executor_.run_one();
    }
    executor_.run_until_idle();
    CHECK(answered == kClients * (kRounds + 1));
    const uint64_t syncs = db().stats().log_syncs - syncs_before;
    CAPTURE(syncs);
    CHECK(syncs < kRounds * 3 / 2);
    crash();
    CHECK(get("next") == "v");
}

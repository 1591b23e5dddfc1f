// server/session_reads.cc: reads in memory, reads through the pool, snapshots, counts, EXPLAIN.
// SPDX-License-Identifier: Apache-2.0
#include "server/session_fixture.h"

namespace kv::server {

namespace {

std::string multi_get(uint64_t id, std::vector<Bytes> keys, uint64_t snapshot_id = 0) {
    return frame(Opcode::kMultiGet, id, protocol::MultiGetRequest{snapshot_id, std::move(keys)});
}
std::string count_range(uint64_t id, bool exact, Bytes prefix = "") {
    return frame(Opcode::kCount, id, protocol::CountRequest{exact, 0, {"", "", prefix}});
}

}  // namespace

TEST_CASE_METHOD(SessionFixture, "reads: what is in memory is answered at once") {
    greet();
    db.set("a", "1");
    const auto found = send(get(2, "a") + get(3, "b"));
    REQUIRE(found.size() == 2);
    CHECK(found[0].as<protocol::GetResponse>().value == "1");
    CHECK(found[0].as<protocol::GetResponse>().seqno == 1);
    CHECK_FALSE(found[1].as<protocol::GetResponse>().found);
    CHECK(posted.empty());
}

TEST_CASE_METHOD(SessionFixture, "reads: a cold read goes to the pool and may be overtaken") {
    greet();
    db.set("a", "1");
    db.cold = true;
    CHECK(send(get(2, "a")).empty());
    CHECK(send(ping(3)).at(0).id() == 3);
    finish_task();
    CHECK(answers().at(0).as<protocol::GetResponse>().value == "1");
}

TEST_CASE_METHOD(SessionFixture, "reads: a full pool answers overloaded with a time to retry") {
    greet();
    db.cold = true;
    pool_full = true;
    const auto found = send(get(2, "a"));
    CHECK(found.at(0).is(WireStatus::kOverloaded));
    CHECK(found.at(0).as<protocol::ErrorResponse>().detail > 0);
    CHECK(count(Counter::kLimitPool) == 1);
}

TEST_CASE_METHOD(SessionFixture, "reads: a deadline that passes in the queue is not begun") {
    greet();
    db.cold = true;
    send(frame(Opcode::kGet, 2, protocol::GetRequest{0, "a"}, 0, 100));
    clock.advance_ms(101);
    finish_task();
    CHECK(answers().at(0).is(WireStatus::kDeadline));
}

TEST_CASE_METHOD(SessionFixture, "reads: a large value leaves in a frame of its own memory") {
    greet();
    const std::string value(300'000, 'v');
    db.set("large", value);
    const auto found = send(ping(2) + get(3, "large") + ping(4));
    REQUIRE(found.size() == 3);
    CHECK(found[1].as<protocol::GetResponse>().value == value);
    CHECK(found[2].id() == 4);
}

TEST_CASE_METHOD(SessionFixture, "reads: an answer above the agreed frame size is too_large") {
    protocol::HelloRequest modest;
    modest.wanted_frame_bytes = 8192;
    REQUIRE(send(frame(Opcode::kHello, 1, modest)).at(0).ok());
    db.set("a", std::string(5000, 'x'));
    db.set("b", std::string(9000, 'x'));
    CHECK(send(get(2, "a")).at(0).ok());
    CHECK(send(get(3, "b")).at(0).is(WireStatus::kTooLarge));
    CHECK(send(multi_get(4, {"a", "a"})).at(0).is(WireStatus::kTooLarge));
    db.cold = true;
    send(get(5, "b"));
    finish_task();
    CHECK(answers().at(0).is(WireStatus::kTooLarge));
    send(multi_get(6, {"a", "b", "a"}));
    finish_task();
    const auto cold_answers = answers();
    CHECK(cold_answers.back().is(WireStatus::kTooLarge));
    CHECK(db.multi_gets == 1);
}

TEST_CASE_METHOD(SessionFixture,
                 "reads: MULTI_GET answers each key from one state, warm and cold") {
    greet();
    db.set("a", "1");
    db.set("c", "3");
    for (const bool cold : {false, true}) {
        db.cold = cold;
        send(multi_get(2, {"a", "b", "c"}));
        if (cold) {
            db.set("b", "later");
            finish_task();
        }
    }
    db.cold = true;
    send(multi_get(3, {"a", "b", "c"}));
    db.set("a", "changed");
    finish_task();
    const auto found = answers();
    REQUIRE_FALSE(found.empty());
    CHECK(found.back().as<protocol::MultiGetResponse>().items[0].value == "1");
}

TEST_CASE_METHOD(SessionFixture, "reads: a snapshot sees one state until closed or run out") {
    config.limits.snapshot_lease_ms = 10'000;
    greet();
    db.set("a", "1");
    const auto opened =
        send(frame(Opcode::kSnapshotOpen, 2, protocol::SnapshotOpenRequest{60'000}));
    const auto lease = opened.at(0).as<protocol::SnapshotResponse>();
    CHECK(lease.lease_ms == 10'000);
    CHECK(lease.seqno == 1);
    db.set("a", "2");
    const auto read = [&](uint64_t id) {
        return send(frame(Opcode::kGet, id, protocol::GetRequest{lease.snapshot_id, "a"})).at(0);
    };
    CHECK(read(3).as<protocol::GetResponse>().value == "1");

    clock.advance_ms(9'000);
    CHECK(send(frame(Opcode::kSnapshotRenew, 4,
                     protocol::SnapshotRenewRequest{lease.snapshot_id, 5'000}))
              .at(0)
              .ok());
    clock.advance_ms(4'000);
    CHECK(read(5).ok());
    clock.advance_ms(2'000);
    CHECK(read(6).is(WireStatus::kNotFound));
    CHECK(read(7).is(WireStatus::kNotFound));
    CHECK(send(frame(Opcode::kSnapshotClose, 8, protocol::SnapshotCloseRequest{99}))
              .at(0)
              .as<protocol::AckResponse>()
              .found == false);
}

TEST_CASE_METHOD(SessionFixture, "reads: an error from the pool counts as one from here") {
    config.limits.network_memory_bytes = 1000;
    greet();
    db.set("a", "1");
    db.set("big", std::string(5000, 'x'));
    db.cold = true;
    send(get(2, "a"));
    finish_all();
    CHECK(answers().at(0).ok());
    CHECK(count(Counter::kErrors) == 0);
    send(get(3, "big"));
    finish_all();
    CHECK(answers().at(0).is(WireStatus::kOverloaded));
    CHECK(count(Counter::kErrors) == 1);
}

TEST_CASE_METHOD(SessionFixture, "reads: open snapshots are limited") {
    config.limits.snapshots = 1;
    greet();
    const auto open = [&](uint64_t id) {
        return send(frame(Opcode::kSnapshotOpen, id, protocol::SnapshotOpenRequest{})).at(0);
    };
    CHECK(open(2).ok());
    CHECK(open(3).is(WireStatus::kOverloaded));
    CHECK(count(Counter::kLimitSnapshots) == 1);
}

TEST_CASE_METHOD(SessionFixture, "reads: an exact count passes dead entries in slices, too") {
    greet();
    WriteBatch batch;
    for (int i = 0; i < 50'000; ++i) batch.put_with_expiry("k" + std::to_string(i), "v", 1);
    batch.put("k", "first");
    batch.put("kz", "last");
    REQUIRE(db.write(std::move(batch), Durability::kDisk).status.is_ok());
    send(count_range(2, true, "k"));
    CHECK_FALSE(run_slice());
    SECTION("and counts none of them") {
        finish_task();
        CHECK(answers().at(0).as<protocol::CountResponse>().count == 2);
    }
    SECTION("and can be cancelled between") {
        send(frame(Opcode::kCancel, 3, protocol::CancelRequest{2}, protocol::flag::kQuiet));
        CHECK(run_slice());
        CHECK(answers().at(0).is(WireStatus::kCancelled));
    }
}

TEST_CASE_METHOD(SessionFixture, "reads: an exact count walks the range in slices") {
    greet();
    FakeMap many;
    WriteBatch batch;
    for (int i = 0; i < 40'000; ++i) batch.put("k" + std::to_string(i), "");
    batch.put("other", "");
    REQUIRE(db.write(std::move(batch), Durability::kDisk).status.is_ok());
    send(count_range(2, true, "k"));
    REQUIRE(posted.size() == 1);
    CHECK(posted.front()->run() == PoolTask::Next::kAgain);
    finish_task();
    const auto exact = answers();
    CHECK(exact.at(0).as<protocol::CountResponse>().count == 40'000);
    CHECK(exact.at(0).as<protocol::CountResponse>().exact);
    send(count_range(3, false));
    finish_task();
    CHECK_FALSE(answers().at(0).as<protocol::CountResponse>().exact);
}

TEST_CASE_METHOD(SessionFixture, "explain: a get and a walk are told of as lines, from the pool") {
    greet();
    db.set("a:1", "four");
    db.set("a:2", "1");
    db.set("b", "1");
    const auto told = [&](const protocol::ExplainRequest& request) {
        REQUIRE(send(frame(Opcode::kExplain, 2, request)).empty());
        finish_task();
        const auto found = answers();
        return std::string(found.at(0).as<protocol::ExplainResponse>().text);
    };
    using Read = protocol::ExplainRequest::Read;
    CHECK(told({Read::kGet, 0, "a:1"}).find("live, decided by seqno 1 in a map, value of 4") == 0);
    CHECK(told({Read::kGet, 0, "c"}).find("absent") == 0);
    CHECK(told({Read::kScan, 0, "", 0, {"", "", "a:"}}).find("2 entries, ") == 0);
    CHECK(told({Read::kScan, 0, "", 1, {}}).find("1 entries, ") == 0);
}

TEST_CASE_METHOD(SessionFixture, "explain: a walk keeps to the most entries, asked for or not") {
    greet();
    WriteBatch batch;
    for (uint64_t i = 0; i <= protocol::kMostExplainedEntries; ++i)
        batch.put("k" + std::to_string(i), "");
    REQUIRE(db.write(std::move(batch), Durability::kDisk).status.is_ok());
    const auto walked = [&](uint64_t limit) {
        send(frame(Opcode::kExplain, 2,
                   protocol::ExplainRequest{protocol::ExplainRequest::Read::kScan, 0, "", limit}));
        finish_task();
        const auto found = answers();
        return std::stoull(std::string(found.at(0).as<protocol::ExplainResponse>().text));
    };
    CHECK(walked(0) == protocol::kDefaultExplainedEntries);
    CHECK(walked(UINT64_MAX) == protocol::kMostExplainedEntries);
}

TEST_CASE_METHOD(SessionFixture, "explain: reads at a snapshot, and says when that is gone") {
    greet();
    db.set("a", "1");
    const auto opened = send(frame(Opcode::kSnapshotOpen, 2, protocol::SnapshotOpenRequest{}));
    const uint64_t id = opened.at(0).as<protocol::SnapshotResponse>().snapshot_id;
    db.set("a", "now longer");
    using Read = protocol::ExplainRequest::Read;
    send(frame(Opcode::kExplain, 3, protocol::ExplainRequest{Read::kGet, id, "a"}));
    finish_task();
    const auto then = answers();
    CHECK(then.at(0).as<protocol::ExplainResponse>().text.find("value of 1 bytes") != Bytes::npos);
    CHECK(send(frame(Opcode::kExplain, 4, protocol::ExplainRequest{Read::kGet, id + 1, "a"}))
              .at(0)
              .is(WireStatus::kNotFound));
}

}  // namespace kv::server

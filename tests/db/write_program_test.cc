// Write programs: what they see, when they run, and what becomes of their mutations.
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <functional>
#include <semaphore>
#include <thread>

#include "db/db_fixture.h"
#include "kv/write_program.h"
#include "support/temp_dir.h"

using namespace kv;
using kv::test::DbFixture;

namespace {

class Program final : public WriteProgram {
  public:
    using Body = std::function<Status(CommitView&, WriteBatch&)>;
    explicit Program(Body body) : body_(std::move(body)) {}
    Status run(CommitView& view, WriteBatch& batch) override {
        ++runs;
        return body_(view, batch);
    }
    size_t held_bytes() const override { return 100; }
    int runs = 0;

  private:
    Body body_;
};

class Collector final : public WriteObserver {
  public:
    void on_written(std::unique_ptr<WriteRequest> request) override {
        answers.push_back(std::move(request));
    }
    std::vector<std::unique_ptr<WriteRequest>> answers;
};

class Programs : public DbFixture {
  public:
    Collector collector;

    std::unique_ptr<WriteRequest> request_of(WriteProgram& program) {
        auto request = std::make_unique<WriteRequest>();
        request->program = &program;
        request->observer = &collector;
        return request;
    }
    std::unique_ptr<WriteRequest> put_of(Bytes key, Bytes value) {
        auto request = std::make_unique<WriteRequest>();
        request->batch.put(key, value);
        request->observer = &collector;
        return request;
    }
    void submit(std::vector<std::unique_ptr<WriteRequest>> requests) {
        db().submit(std::move(requests));
        executor_.run_until_idle();
    }
    WriteResult run(WriteProgram& program) {
        std::vector<std::unique_ptr<WriteRequest>> requests;
        requests.push_back(request_of(program));
        submit(std::move(requests));
        REQUIRE_FALSE(collector.answers.empty());
        return collector.answers.back()->result;
    }
};

/// Appends `suffix` to the value of "k".
Program appender(const std::string& suffix) {
    return Program([suffix](CommitView& view, WriteBatch& batch) {
        auto entry = view.get("k");
        if (!entry.is_ok()) return Status(entry.error());
        batch.put("k", (*entry ? (*entry)->value : "") + suffix);
        return Status::ok();
    });
}

}  // namespace

TEST_CASE("write program: sees every write ordered before it, its own group's included") {
    Programs f;
    Program first = appender("b"), second = appender("c");
    std::vector<std::unique_ptr<WriteRequest>> requests;
    requests.push_back(f.put_of("k", "a"));
    requests.push_back(f.request_of(first));
    requests.push_back(f.request_of(second));
    f.submit(std::move(requests));
    REQUIRE(f.collector.answers.size() == 3);
    for (const auto& answer : f.collector.answers) CHECK(answer->result.status.is_ok());
    CHECK(f.collector.answers[2]->result.first_seqno == 3);
    CHECK(f.collector.answers[2]->result.reached == Durability::kDisk);
    CHECK(f.get("k") == "abc");
    f.crash();
    CHECK(f.get("k") == "abc");
}

TEST_CASE("write program: one that only reads is answered in its turn and writes nothing") {
    Programs f;
    f.put("k", "1");
    std::string seen;
    Program reader([&](CommitView& view, WriteBatch&) {
        seen = (*view.get("k"))->value;
        return Status::ok();
    });
    const WriteResult result = f.run(reader);
    CHECK(result.status.is_ok());
    CHECK(result.first_seqno == 0);
    CHECK(seen == "1");
    CHECK(f.db().published_seqno() == 1);
}

TEST_CASE("write program: it sees heads and estimates of what is there") {
    Programs f;
    f.put("k", "123");
    f.put("l", "1");
    Program reader([&](CommitView& view, WriteBatch&) {
        const auto head = view.get_head("k");
        REQUIRE(head.is_ok());
        REQUIRE(head->has_value());
        CHECK((*head)->value_bytes == 3);
        CHECK((*head)->seqno == 1);
        CHECK_FALSE(*view.get_head("none"));
        ScanOptions options;
        options.lower = "l";
        CHECK(view.approximate_count({}) == 2);
        CHECK(view.approximate_count(options) == 1);
        return Status::ok();
    });
    CHECK(f.run(reader).status.is_ok());
    CHECK(reader.runs == 1);
}

TEST_CASE("write program: an error refuses the write and is its answer") {
    Programs f;
    Program failing([](CommitView&, WriteBatch& batch) {
        batch.put("k", "never");
        return Status::invalid_argument("no");
    });
    CHECK(f.run(failing).status.message() == "no");
    CHECK(f.get("k") == "-");
}

TEST_CASE("write program: a batch over the limits is refused as any other") {
    Programs f;
    f.options_.max_value_bytes = 10;
    Program too_large([](CommitView&, WriteBatch& batch) {
        batch.put("k", std::string(11, 'x'));
        return Status::ok();
    });
    CHECK(f.run(too_large).status.is(Code::kInvalidArgument));
    CHECK(f.get("k") == "-");
}

TEST_CASE("write program: does not run when a precondition fails") {
    Programs f;
    f.put("k", "1");
    Program program = appender("2");
    auto request = f.request_of(program);
    request->batch.require({Precondition::Kind::kAbsent, "k", {}, 0});
    std::vector<std::unique_ptr<WriteRequest>> requests;
    requests.push_back(std::move(request));
    f.submit(std::move(requests));
    CHECK(f.collector.answers.back()->result.status.is(Code::kConflict));
    CHECK(program.runs == 0);
    CHECK(f.get("k") == "1");
}

TEST_CASE("write program: a key that stays absent may be swept by range deletes, not put between") {
    Programs f;
    f.put("k2", "1");
    const Seqno then = f.db().published_seqno();
    const auto holds = [&] {
        WriteBatch batch;
        batch.require({Precondition::Kind::kStillAbsent, "k", {}, then});
        return f.db().write(std::move(batch)).status.code();
    };
    const auto sweep = [&] {
        WriteBatch batch;
        batch.delete_prefix("k");
        REQUIRE(f.db().write(std::move(batch)).status.is_ok());
    };
    CHECK(holds() == Code::kOk);
    sweep();
    sweep();
    CHECK(holds() == Code::kOk);
    f.put("k", "1");
    CHECK(holds() == Code::kConflict);
    sweep();
    sweep();
    CHECK(holds() == Code::kConflict);
}

TEST_CASE("write program: range deletes without an end get one") {
    Programs f;
    f.put("a", "1");
    f.put("z", "1");
    Program program([](CommitView&, WriteBatch& batch) {
        batch.delete_range("b", std::nullopt);
        return Status::ok();
    });
    CHECK(f.run(program).status.is_ok());
    CHECK(f.scan() == "a=1");
    f.crash();
    CHECK(f.scan() == "a=1");
}

TEST_CASE("write program: what takes the disk is read on the lane, in a second run") {
    Programs f;
    f.put("k", "cold");
    REQUIRE(f.db().flush().is_ok());
    f.reopen();  // nothing is cached
    Program program = appender("+");
    CHECK(f.run(program).status.is_ok());
    CHECK(program.runs == 2);
    CHECK(f.get("k") == "cold+");
}

TEST_CASE("write program: prepare brings its keys into memory, so that it runs once") {
    Programs f;
    f.put("k", "cold");
    REQUIRE(f.db().flush().is_ok());
    f.reopen();
    f.put("other", "so that the log has room");
    const std::vector<Bytes> keys{"k"};
    CHECK(f.db().prepare(keys, true).is(Code::kWouldBlock));
    CHECK(f.db().prepare(keys, false).is_ok());
    CHECK(f.db().prepare(keys, true).is_ok());
    Program program = appender("+");
    CHECK(f.run(program).status.is_ok());
    CHECK(program.runs == 1);
}

TEST_CASE("write program: its iterator shows writes that are not published yet") {
    Programs f;
    f.put("a", "1");
    std::string seen;
    Program walker([&](CommitView& view, WriteBatch& batch) {
        if (!view.may_block()) return Status(Code::kWouldBlock, "");
        seen.clear();
        const auto it = view.new_iterator({});
        for (it->seek_to_first(); it->valid(); it->next()) seen += std::string(it->key());
        batch.put("seen", seen);
        return it->status();
    });
    std::vector<std::unique_ptr<WriteRequest>> requests;
    requests.push_back(f.put_of("b", "2"));
    requests.push_back(f.request_of(walker));
    f.submit(std::move(requests));
    CHECK(seen == "ab");
    CHECK(f.get("seen") == "ab");
}

TEST_CASE("write program: increments from many threads lose nothing") {
    constexpr int kThreads = 4, kEach = 200;
    struct Waiter final : WriteObserver {
        std::binary_semaphore written{0};
        bool all_ok = true;
        void on_written(std::unique_ptr<WriteRequest> request) override {
            all_ok = all_ok && request->result.status.is_ok();
            written.release();
        }
    };
    std::array<Waiter, kThreads>
        waiters;  // outlive the store, as the contract of WriteObserver asks
    const kv::test::TempDir dir;
    auto db = Db::open(Options(), dir.file("db"));
    REQUIRE(db.is_ok());
    std::vector<std::thread> threads;
    for (Waiter& waiter : waiters) {
        threads.emplace_back([&] {
            for (int i = 0; i < kEach; ++i) {
                Program program([](CommitView& view, WriteBatch& batch) {
                    auto entry = view.get("n");
                    if (!entry.is_ok()) return Status(entry.error());
                    const int before = *entry ? std::stoi((*entry)->value) : 0;
                    batch.put("n", std::to_string(before + 1));
                    return Status::ok();
                });
                auto request = std::make_unique<WriteRequest>();
                request->program = &program;
                request->durability = Durability::kOs;
                request->observer = &waiter;
                std::vector<std::unique_ptr<WriteRequest>> requests;
                requests.push_back(std::move(request));
                (*db)->submit(std::move(requests));
                waiter.written.acquire();
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (const Waiter& waiter : waiters) CHECK(waiter.all_ok);
    CHECK((**(*db)->get("n")).value == std::to_string(kThreads * kEach));
}

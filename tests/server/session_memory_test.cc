// server/session.h: what requests and scans hold is charged to limits.network_memory, and given
// back however they end.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/resume_token.h"
#include "server/session_fixture.h"

namespace kv::server {

namespace {

constexpr size_t kMiB = 1U << 20;

std::string cold_multi_get(uint64_t id, size_t bytes) {
    const std::string key(1000, 'k');
    protocol::MultiGetRequest request;
    for (size_t size = 0; size < bytes; size += key.size()) request.keys.emplace_back(key);
    return frame(Opcode::kMultiGet, id, request);
}

class MemoryFixture : public SessionFixture {
  public:
    void fill(int count, size_t value_bytes) {
        WriteBatch batch;
        for (int i = 0; i < count; ++i) {
            batch.put("k" + std::to_string(i), std::string(value_bytes, 'v'));
        }
        REQUIRE(db.write(std::move(batch), Durability::kDisk).status.is_ok());
    }
    /// A scan with bounds of a few KiB that waits for credit.
    void park_scan(uint64_t id) {
        const std::string lower(3000, 'a'), upper(4000, 'z');
        protocol::ScanRequest request;
        request.credit_bytes = 1;
        request.range = {lower, upper, ""};
        send(frame(Opcode::kScan, id, request));
        REQUIRE(session().held_bytes() > 7000);
        while (!posted.empty()) finish_task();
        REQUIRE(answers().size() == 1);
        REQUIRE(session().held_bytes() > 7000);
    }
    std::vector<Answer> run_all() {
        std::vector<Answer> all;
        while (!posted.empty()) {
            finish_task();
            for (Answer& answer : answers()) all.push_back(std::move(answer));
        }
        return all;
    }
    int64_t limit() const { return static_cast<int64_t>(config.limits.network_memory_bytes); }
};

}  // namespace

TEST_CASE_METHOD(MemoryFixture, "memory: a MULTI_GET in the pool is charged until it is answered") {
    greet();
    db.cold = true;
    send(cold_multi_get(2, kMiB) + cold_multi_get(3, kMiB));
    REQUIRE(posted.size() == 2);
    CHECK(session().held_bytes() >= 2 * kMiB);
    SECTION("one after the other") {
        finish_task();
        CHECK(session().held_bytes() >= kMiB);
        CHECK(session().held_bytes() < 2 * kMiB);
        finish_task();
    }
    SECTION("or until its connection is closed and the pool gives it back") {
        session().close();
        finish_all();
    }
    SECTION("or until it is cancelled") {
        for (const uint64_t target : {2, 3}) {
            send(frame(Opcode::kCancel, 4, protocol::CancelRequest{target}));
        }
        finish_all();
    }
    CHECK(session().held_bytes() == 0);
}

TEST_CASE_METHOD(MemoryFixture, "memory: a read that the pool has no room for is not charged") {
    greet();
    db.cold = true;
    pool_full = true;
    CHECK(send(cold_multi_get(2, kMiB)).at(0).is(WireStatus::kOverloaded));
    CHECK(session().held_bytes() == 0);
}

TEST_CASE_METHOD(MemoryFixture, "memory: COUNT and EXPLAIN are charged for their bounds") {
    greet();
    const std::string bound(5000, 'b');
    const protocol::KeyRange range{bound, "", ""};
    for (const bool exact : {false, true}) {
        send(frame(Opcode::kCount, 2, protocol::CountRequest{exact, 0, range}));
        CHECK(session().held_bytes() > 5000);
        finish_task();
        CHECK(session().held_bytes() == 0);
    }
    protocol::ExplainRequest explain;
    explain.read = protocol::ExplainRequest::Read::kScan;
    explain.range = range;
    send(frame(Opcode::kExplain, 2, explain));
    CHECK(session().held_bytes() > 5000);
    finish_task();
    CHECK(session().held_bytes() == 0);
}

TEST_CASE_METHOD(MemoryFixture, "memory: a parked scan is charged for its bounds until it ends") {
    greet();
    fill(1000, 1000);
    park_scan(2);
    SECTION("by CANCEL") { send(frame(Opcode::kCancel, 3, protocol::CancelRequest{2})); }
    SECTION("by its lease") { tick(config.limits.scan_lease_ms + 1); }
    SECTION("with its connection") { session().close(); }
    SECTION("with the server") { session().on_drain(now()); }
    CHECK(session().held_bytes() == 0);
}

TEST_CASE_METHOD(MemoryFixture, "memory: a scan that makes a chunk as it is closed is given back") {
    greet();
    fill(10, 10);
    send(frame(Opcode::kScan, 2, protocol::ScanRequest{}));
    CHECK(session().held_bytes() > 0);
    session().close();
    finish_all();
    CHECK(session().held_bytes() == 0);
}

TEST_CASE_METHOD(MemoryFixture, "memory: what waits behind a fence or for another write is, too") {
    greet();
    db.cold = true;
    send(increment(2, "n") + put(3, "a", std::string(1000, 'v')) + ping(4, protocol::flag::kFence));
    CHECK(session().held_bytes() > 1000);
    SECTION("when it is answered") { finish_all(); }
    SECTION("when the connection is closed") {
        session().close();
        finish_all();
    }
    CHECK(session().held_bytes() == 0);
}

TEST_CASE_METHOD(MemoryFixture, "memory: a scan copies no large entry that there is no room for") {
    greet();
    fill(3, 200'000);
    const int64_t others = limit() - 1000;
    shared().memory.add(others);
    send(frame(Opcode::kScan, 2, protocol::ScanRequest{}));
    const auto found = run_all();
    REQUIRE(found.size() == 1);
    CHECK(found[0].is(WireStatus::kOverloaded));
    CHECK_FALSE(found[0].more());
    CHECK(found[0].as<protocol::ErrorResponse>().detail > 0);
    CHECK(shared().memory.used() == others);
    CHECK(count(Counter::kLimitMemory) == 1);
    CHECK(session().held_bytes() == 0);
}

TEST_CASE_METHOD(MemoryFixture,
                 "memory: a scan that ran out of room is gone on with by its last token") {
    greet();
    fill(3, 200'000);
    const int64_t others = limit() - 300'000;
    shared().memory.add(others);
    protocol::ScanRequest request;
    request.credit_bytes = 1'000'000;
    send(frame(Opcode::kScan, 2, request));
    finish_task();
    const auto first = answers();
    REQUIRE(first.size() == 1);
    const std::string token(first[0].as<protocol::ScanChunk>().resume_token);
    CHECK(shared().memory.used() == others);
    shared().memory.add(200'000);
    finish_task();
    CHECK(answers().at(0).is(WireStatus::kOverloaded));
    CHECK(shared().memory.used() == others + 200'000);

    shared().memory.add(-200'000);
    request.resume_token = token;
    send(frame(Opcode::kScan, 3, request));
    std::vector<std::string> keys;
    for (const Answer& chunk : run_all()) {
        for (const auto& entry : chunk.as<protocol::ScanChunk>().entries) {
            keys.emplace_back(entry.key);
        }
    }
    CHECK(keys == std::vector<std::string>{"k1", "k2"});
    CHECK(shared().memory.used() == others);
}

TEST_CASE_METHOD(MemoryFixture,
                 "memory: of many large chunks at once only those that fit are made") {
    greet();
    fill(1, 200'000);
    shared().memory.add(limit() - 450'000);
    std::string bytes;
    for (uint64_t id = 2; id < 10; ++id) {
        bytes += frame(Opcode::kScan, id, protocol::ScanRequest{});
    }
    send(bytes);
    std::vector<std::unique_ptr<PoolTask>> ran;
    while (!posted.empty()) {
        ran.push_back(std::move(posted.front()));
        posted.pop_front();
        CHECK(ran.back()->run() == PoolTask::Next::kDone);
        CHECK(shared().memory.used() <= limit());
    }
    for (const auto& task : ran) task->finish();
    int full = 0;
    for (const Answer& answer : answers()) full += answer.is(WireStatus::kOverloaded) ? 1 : 0;
    CHECK(full == 6);
}

TEST_CASE_METHOD(MemoryFixture, "memory: bounds longer than any key and one byte are too_large") {
    const bool in_keyspace = GENERATE(false, true);
    in_keyspace ? greet_in("other") : greet();
    const size_t most = kMaxKeyBytes + 1 - (in_keyspace ? Keyspace::kMaxPrefixBytes : 0);
    const std::string fits(most, 'b'), too_long(most + 1, 'b');
    for (const int part : {0, 1, 2}) {
        const auto range_of = [&](Bytes bound) {
            return protocol::KeyRange{part == 0 ? bound : "", part == 1 ? bound : "",
                                      part == 2 ? bound : ""};
        };
        protocol::ScanRequest scan;
        protocol::ExplainRequest explain;
        explain.read = protocol::ExplainRequest::Read::kScan;
        scan.range = explain.range = range_of(too_long);
        const auto verdicts =
            send(frame(Opcode::kScan, 2, scan) + frame(Opcode::kExplain, 3, explain) +
                 frame(Opcode::kCount, 4, protocol::CountRequest{true, 0, scan.range}));
        REQUIRE(verdicts.size() == 3);
        for (const Answer& answer : verdicts) {
            CHECK(answer.is(WireStatus::kTooLarge));
            CHECK(answer.error().find("the limit is " + std::to_string(most)) != Bytes::npos);
        }
        scan.range = range_of(fits);
        send(frame(Opcode::kScan, 2, scan));
        CHECK(run_all().at(0).ok());
    }
}

TEST_CASE_METHOD(MemoryFixture, "memory: a resume token with a key longer than any is refused") {
    greet();
    const std::string key(kMaxKeyBytes + 1, 'k');
    const std::string token = protocol::encode_resume_token({false, 1, key});
    protocol::ScanRequest request;
    request.resume_token = token;
    CHECK(send(frame(Opcode::kScan, 2, request)).at(0).is(WireStatus::kInvalidArgument));
    CHECK(session().held_bytes() == 0);
}

}  // namespace kv::server

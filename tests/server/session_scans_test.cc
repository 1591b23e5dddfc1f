// server/session_scans.cc and scan_stream.h: chunks under credits, resumption, limits of scans.
// SPDX-License-Identifier: Apache-2.0
#include "server/session_fixture.h"

namespace kv::server {

namespace {

std::string scan(uint64_t id, const protocol::ScanRequest& request, uint16_t flags = 0) {
    return frame(Opcode::kScan, id, request, flags);
}
std::string credit(uint64_t id, uint64_t target, uint32_t bytes) {
    return frame(Opcode::kScanCredit, id, protocol::ScanCreditRequest{target, bytes},
                 protocol::flag::kQuiet);
}
std::string numbered(int i) {
    std::string digits = std::to_string(i);
    return "k" + std::string(5 - digits.size(), '0') + digits;
}

class ScanFixture : public SessionFixture {
  public:
    void fill(int count, size_t value_bytes) {
        WriteBatch batch;
        for (int i = 0; i < count; ++i) batch.put(numbered(i), std::string(value_bytes, 'v'));
        REQUIRE(db.write(std::move(batch), Durability::kDisk).status.is_ok());
    }
    /// Entries that have expired, in the middle of all those of fill().
    void fill_dead(int count) {
        WriteBatch batch;
        for (int i = 0; i < count; ++i) batch.put_with_expiry(numbered(i) + "dead", "v", 1);
        REQUIRE(db.write(std::move(batch), Durability::kDisk).status.is_ok());
    }
    /// Runs tasks until the scan parks or ends.
    std::vector<Answer> run() {
        std::vector<Answer> all;
        while (!posted.empty()) {
            finish_task();
            for (Answer& answer : answers()) all.push_back(std::move(answer));
        }
        return all;
    }
    static std::vector<std::string> keys_of(const std::vector<Answer>& chunks) {
        std::vector<std::string> keys;
        for (const Answer& chunk : chunks) {
            for (const auto& entry : chunk.as<protocol::ScanChunk>().entries) {
                keys.emplace_back(entry.key);
            }
        }
        return keys;
    }
};

}  // namespace

TEST_CASE_METHOD(ScanFixture, "scan: an empty range is one last answer") {
    greet();
    send(scan(2, {}));
    const auto chunks = run();
    REQUIRE(chunks.size() == 1);
    CHECK_FALSE(chunks[0].more());
    CHECK(chunks[0].as<protocol::ScanChunk>().exhausted);
    CHECK(chunks[0].as<protocol::ScanChunk>().resume_token.empty());
}

TEST_CASE_METHOD(ScanFixture, "scan: bounds, prefix, direction, limit and keys_only are kept") {
    greet();
    fill(100, 10);
    db.set("z", "last");
    protocol::ScanRequest request;
    SECTION("bounds") {
        request.range.lower = "k00010";
        request.range.upper = "k00012";
        send(scan(2, request));
        CHECK(keys_of(run()) == std::vector<std::string>{"k00010", "k00011"});
    }
    SECTION("prefix, reverse, limit") {
        request.range.prefix = "k";
        request.reverse = true;
        request.limit = 2;
        send(scan(2, request));
        const auto chunks = run();
        CHECK(keys_of(chunks) == std::vector<std::string>{"k00099", "k00098"});
        CHECK_FALSE(chunks.back().as<protocol::ScanChunk>().exhausted);
        CHECK_FALSE(chunks.back().more());
    }
    SECTION("keys only") {
        request.keys_only = true;
        request.range.prefix = "z";
        send(scan(2, request));
        const auto chunks = run();
        CHECK(chunks.at(0).as<protocol::ScanChunk>().entries.at(0).value.empty());
    }
}

TEST_CASE_METHOD(ScanFixture, "scan: stays within its credit and goes on when granted more") {
    greet();
    fill(2000, 1000);  // about 2 MB
    protocol::ScanRequest request;
    request.credit_bytes = 100'000;
    send(scan(2, request));
    const auto first = run();
    REQUIRE(first.size() == 2);  // 64 KiB, then one more as credit was left, then parked
    CHECK(first[0].body.size() <= protocol::kScanChunkBytes);
    CHECK(first[1].more());
    CHECK(session().in_flight() == 0);

    send(credit(3, 2, 1));  // still overdrawn: one answer took more than was left
    CHECK(posted.empty());
    std::vector<std::string> keys = keys_of(first);
    for (uint64_t id = 4; keys.size() < 2000 && id < 100; ++id) {
        send(credit(id, 2, 100'000));
        for (std::string& key : keys_of(run())) keys.push_back(std::move(key));
    }
    REQUIRE(keys.size() == 2000);
    CHECK(std::is_sorted(keys.begin(), keys.end()));
}

TEST_CASE_METHOD(ScanFixture, "scan: an entry above the chunk size goes alone") {
    greet();
    fill(3, 200'000);
    send(scan(2, {}));
    const auto chunks = run();
    REQUIRE(chunks.size() >= 2);
    CHECK(chunks[0].as<protocol::ScanChunk>().entries.size() == 1);
}

TEST_CASE_METHOD(ScanFixture, "scan: no chunk is larger than the agreed frame") {
    protocol::HelloRequest small;
    small.wanted_frame_bytes = protocol::kPreAuthFrameBytes;
    REQUIRE(send(frame(Opcode::kHello, 1, small)).at(0).ok());
    fill(100, 500);
    send(scan(2, {}));
    const auto chunks = run();
    CHECK(chunks.size() > 10);
    for (const Answer& chunk : chunks) {
        CHECK(chunk.body.size() + protocol::kHeaderBytes <= protocol::kPreAuthFrameBytes);
    }
    CHECK(keys_of(chunks).size() == 100);
}

TEST_CASE_METHOD(ScanFixture, "scan: a token goes on strictly after the last key, both ways") {
    greet();
    fill(300, 10);
    for (const bool reverse : {false, true}) {
        std::vector<std::string> keys;
        std::string token;
        for (uint64_t id = 2; id < 50; ++id) {
            protocol::ScanRequest request;
            request.reverse = reverse;
            request.limit = 70;
            request.range.lower = "k00005";
            request.resume_token = token;
            send(scan(id, request));
            const auto chunks = run();
            for (std::string& key : keys_of(chunks)) keys.push_back(std::move(key));
            const auto last = chunks.back().as<protocol::ScanChunk>();
            token = last.resume_token;
            if (last.exhausted) break;
        }
        REQUIRE(keys.size() == 295);
        CHECK(keys.front() == (reverse ? "k00299" : "k00005"));
        CHECK(keys.back() == (reverse ? "k00005" : "k00299"));
    }
}

TEST_CASE_METHOD(ScanFixture, "scan: a damaged token or one of the other direction is refused") {
    greet();
    fill(5, 1);
    protocol::ScanRequest request;
    request.limit = 2;
    send(scan(2, request));
    const auto chunks = run();
    std::string token(chunks.at(0).as<protocol::ScanChunk>().resume_token);
    request.resume_token = token;
    request.reverse = true;
    CHECK(send(scan(3, request)).at(0).is(WireStatus::kInvalidArgument));
    request.reverse = false;
    token.back() = static_cast<char>(token.back() ^ 1);
    request.resume_token = token;
    CHECK(send(scan(4, request)).at(0).is(WireStatus::kInvalidArgument));
}

TEST_CASE_METHOD(ScanFixture, "scan: sees the state of its arrival, whatever is written later") {
    greet();
    fill(3, 1);
    send(scan(2, {}));
    db.set("k00001x", "late");
    CHECK(keys_of(run()).size() == 3);
}

TEST_CASE_METHOD(ScanFixture, "scan: CANCEL ends a parked one and one that is making a chunk") {
    greet();
    fill(1000, 1000);
    protocol::ScanRequest request;
    request.credit_bytes = 1;
    send(scan(2, request));
    run();
    const auto parked = send(frame(Opcode::kCancel, 3, protocol::CancelRequest{2}));
    REQUIRE(parked.size() == 2);
    CHECK(parked[0].is(WireStatus::kCancelled));
    CHECK(parked[0].id() == 2);

    send(scan(4, {}));
    send(frame(Opcode::kCancel, 5, protocol::CancelRequest{4}, protocol::flag::kQuiet));
    CHECK(answers().empty());
    const auto running = run();
    REQUIRE(running.size() == 1);
    CHECK(running[0].is(WireStatus::kCancelled));
    CHECK(posted.empty());
}

TEST_CASE_METHOD(ScanFixture, "scan: dead entries are passed in turns, either way") {
    greet();
    fill(10, 1);
    fill_dead(50'000);
    for (const bool reverse : {false, true}) {
        protocol::ScanRequest request;
        request.reverse = reverse;
        send(scan(2, request));
        int turns = 1;
        while (!run_slice()) ++turns;
        CHECK(turns >= 3);
        const auto chunks = answers();
        REQUIRE(chunks.size() == 1);
        CHECK(keys_of(chunks).size() == 10);
        CHECK(chunks[0].as<protocol::ScanChunk>().exhausted);
        CHECK(count(Counter::kScanChunks) == (reverse ? 2 : 1));
    }
}

TEST_CASE_METHOD(ScanFixture, "scan: one that meets only dead entries ends with its turn") {
    greet();
    fill_dead(50'000);
    send(scan(2, {}));
    CHECK_FALSE(run_slice());
    SECTION("when it is cancelled") {
        send(frame(Opcode::kCancel, 3, protocol::CancelRequest{2}, protocol::flag::kQuiet));
        CHECK(run_slice());
        const auto found = answers();
        REQUIRE(found.size() == 1);
        CHECK(found[0].id() == 2);
        CHECK(found[0].is(WireStatus::kCancelled));
    }
    SECTION("when the server drains") {
        session().on_drain(now());
        CHECK(run_slice());
        CHECK(answers().at(1).is(WireStatus::kDraining));
        CHECK(session().end() == Session::End::kAfterReplies);
    }
    SECTION("when the connection is closed") {
        session().close();
        CHECK(run_slice());
        CHECK(answers().empty());
    }
    CHECK(posted.empty());
    CHECK(session().in_flight() == 0);
}

TEST_CASE_METHOD(ScanFixture, "scan: its deadline counts until it begins") {
    greet();
    fill(1000, 100);
    const auto with_deadline = [](uint64_t id) {
        return frame(Opcode::kScan, id, protocol::ScanRequest{}, 0, 1000);
    };
    send(with_deadline(2));
    clock.advance_ms(2000);
    const auto late = run();
    REQUIRE(late.size() == 1);
    CHECK(late[0].is(WireStatus::kDeadline));
    CHECK_FALSE(late[0].more());
    send(with_deadline(3));
    finish_task();
    clock.advance_ms(2000);
    std::vector<Answer> in_time = answers();
    for (Answer& answer : run()) in_time.push_back(std::move(answer));
    CHECK(in_time.size() >= 2);
    CHECK(keys_of(in_time).size() == 1000);
}

TEST_CASE_METHOD(ScanFixture, "scan: an open one does not hold a fence back") {
    greet();
    fill(1000, 1000);
    protocol::ScanRequest request;
    request.credit_bytes = 1;
    send(scan(2, request));
    run();
    CHECK(send(ping(3, protocol::flag::kFence)).at(0).id() == 3);
}

TEST_CASE_METHOD(ScanFixture, "scan: credits pass a fence that holds others back") {
    greet();
    fill(1000, 1000);
    protocol::ScanRequest request;
    request.credit_bytes = 1;
    send(scan(2, request));
    run();
    send(put(3, "a", "1") + ping(4, protocol::flag::kFence));
    send(credit(5, 2, 10));
    CHECK(posted.empty());  // still overdrawn
    send(credit(6, 2, 200'000));
    CHECK(posted.size() == 1);
}

TEST_CASE_METHOD(ScanFixture, "scan: many that wait behind a fence and cannot begin end in a row") {
    config.limits.outstanding_per_connection = 65'536;
    greet();
    constexpr uint64_t kScans = 13'000;  // whose refusals do not park the next one yet
    send(put(2, "a", "1"));
    send(scan(3, {}, protocol::flag::kFence));
    for (uint64_t id = 4; id < 3 + kScans; ++id) send(scan(id, {}));
    pool_full = true;
    finish_write();
    const auto found = answers();
    REQUIRE(found.size() == 1 + kScans);
    CHECK(found[1].id() == 3);
    CHECK(found.back().id() == 2 + kScans);
    CHECK(found.back().is(WireStatus::kOverloaded));
    CHECK(session().held_bytes() == 0);
}

TEST_CASE_METHOD(ScanFixture, "scan: one that waits behind a fence does not begin once all stop") {
    greet();
    fill(3, 1);
    send(put(2, "a", "1") + scan(3, {}, protocol::flag::kFence) + get(4, "k00001"));
    WireStatus status = WireStatus::kOk;
    SECTION("as the server drains") {
        session().on_drain(now());
        status = WireStatus::kDraining;
    }
    SECTION("as the client has ended its side") {
        session().on_end_of_input(now());
        status = WireStatus::kCancelled;
    }
    SECTION("as there is no memory") {
        session().on_no_memory(now());
        status = WireStatus::kOverloaded;
    }
    (void)answers();  // GOAWAY
    CHECK(session().end() == Session::End::kOpen);
    finish_write();
    CHECK(posted.empty());
    const auto found = answers();
    REQUIRE(found.size() == 3);
    CHECK(found[0].ok());
    CHECK(found[1].is(status));
    CHECK(found[2].ok());
    CHECK(session().end() == Session::End::kAfterReplies);
}

TEST_CASE_METHOD(ScanFixture, "scan: open ones are limited, and wait for credit only so long") {
    config.limits.scans_per_connection = 1;
    config.limits.scan_lease_ms = 60'000;
    greet();
    fill(1000, 1000);
    protocol::ScanRequest request;
    request.credit_bytes = 1;
    send(scan(2, request));
    CHECK(send(scan(3, request)).at(0).is(WireStatus::kOverloaded));
    run();
    tick(59'000);
    CHECK(answers().empty());
    tick(2'000);
    const auto ended = answers();
    CHECK(ended.at(0).is(WireStatus::kUnavailable));  // nobody has cancelled it
    CHECK(ended.at(0).error().find("limits.scan_lease") != std::string::npos);
    CHECK(count(Counter::kLimitScanLease) == 1);
}

TEST_CASE_METHOD(ScanFixture, "scan: unread replies park it, however much credit it has") {
    greet();
    fill(4000, 1000);
    protocol::ScanRequest request;
    request.credit_bytes = 100'000'000;
    send(scan(2, request));
    int chunks = 0;
    while (!posted.empty()) {  // nobody reads the replies
        finish_task();
        ++chunks;
    }
    CHECK(chunks < 20);
    CHECK(session().replies().bytes() < 2'000'000);
    std::vector<Answer> all = answers();
    for (Answer& answer : run()) all.push_back(std::move(answer));
    CHECK(keys_of(all).size() == 4000);
}

TEST_CASE("scan credit: can be overdrawn once and never grows beyond 32 bits") {
    ScanCredit credit(10);
    CHECK(credit.open());
    credit.take(65'536);
    CHECK_FALSE(credit.open());
    credit.grant(65'526);
    CHECK_FALSE(credit.open());
    credit.grant(1);
    CHECK(credit.open());
    credit.grant(UINT32_MAX);
    credit.grant(UINT32_MAX);
    CHECK(credit.bytes() == UINT32_MAX);
    CHECK(ScanCredit(0).bytes() == protocol::kDefaultScanCreditBytes);
}

}  // namespace kv::server

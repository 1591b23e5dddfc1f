// The small parts of the server that stand on their own: request_table, reply_queue,
// snapshot_table, connection_census, the log's helpers, the address file.
// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include <catch2/catch.hpp>

#include "server/address_file.h"
#include "server/connection_census.h"
#include "server/fake_db.h"
#include "server/log.h"
#include "server/log_hand_over.h"
#include "server/reply_queue.h"
#include "server/request_table.h"
#include "server/snapshot_table.h"
#include "support/seed.h"
#include "support/temp_dir.h"

namespace kv::server {

namespace {

PendingRequest pending(uint64_t id) {
    PendingRequest request;
    request.info.id = id;
    return request;
}

std::string drain(ReplyQueue& queue, size_t step) {
    std::string bytes;
    while (!queue.empty()) {
        const ReplyQueue::Parts parts = queue.front();
        const size_t count = std::min(step, parts.views[0].size());
        bytes += parts.views[0].substr(0, count);
        queue.consume(count);
    }
    return bytes;
}

}  // namespace

TEST_CASE("request table: agrees with a set through random inserts and erases") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    RequestTable table;
    std::set<uint64_t> model;
    for (int i = 0; i < 20'000; ++i) {
        // Few different ids, some of them far apart, so that chains form and wrap.
        const uint64_t id = (random() % 64) * ((random() % 4 == 0) ? 0x100000001ULL : 1) + 1;
        if (random() % 2 == 0) {
            CHECK(table.insert(pending(id)) == model.insert(id).second);
        } else {
            table.erase(id);
            model.erase(id);
        }
        CHECK(table.size() == model.size());
        CHECK((table.find(id) != nullptr) == (model.count(id) == 1));
    }
    std::set<uint64_t> left;
    table.for_each([&](PendingRequest& request) { left.insert(request.info.id); });
    CHECK(left == model);
}

TEST_CASE("reply queue: gives back what was put in, whatever the step") {
    for (const size_t step : {1UL, 7UL, 100'000UL}) {
        ReplyQueue queue;
        std::string expected;
        for (int i = 0; i < 50; ++i) {
            const std::string small = "reply " + std::to_string(i);
            queue.slab() += small;
            expected += small;
            if (i % 10 == 0) {
                const std::string large(ReplyQueue::kLargeBytes + static_cast<size_t>(i), 'x');
                queue.append(large);
                expected += large;
            }
        }
        CHECK(queue.bytes() == expected.size());
        CHECK(drain(queue, step) == expected);
        CHECK(queue.bytes() == 0);
    }
}

TEST_CASE("reply queue: a reply's large strings come out in their places") {
    using protocol::resp::Reply;
    const std::string large(Reply::kLargeBytes, 'x'), larger(3 * Reply::kLargeBytes, 'y');
    const std::string expected = "before" + large + "between" + larger + larger + "behind";
    for (const bool in_slab : {false, true}) {
        for (const size_t step : {1UL, 7UL, 100'000UL}) {
            ReplyQueue queue;
            queue.slab() += "gone";
            std::string all = "+first";
            queue.slab() += all;
            queue.consume(4);
            for (int round = 0; round < 3; ++round) {
                std::string text;
                std::string& out = in_slab ? queue.slab() : text;
                const size_t at = out.size();
                out += "beforebetweenbehind";
                Reply reply;
                reply.apart = {{at + 6, large}, {at + 13, larger}, {at + 13, larger}};
                if (in_slab) {
                    queue.put_into_slab(reply.apart);
                    CHECK(reply.apart.empty());
                } else {
                    reply.text = std::move(text);
                    CHECK(reply.bytes() == expected.size());
                    queue.append(std::move(reply));
                }
                all += expected;
            }
            CHECK(queue.bytes() == all.size());
            CHECK(drain(queue, step) == all);
        }
    }
}

TEST_CASE("reply queue: large text that others have too is held, not copied and not its own") {
    const auto small = std::make_shared<const std::string>(ReplyQueue::kLargeBytes - 1, 's');
    const auto large = std::make_shared<const std::string>(ReplyQueue::kLargeBytes, 'l');
    CHECK(ReplyQueue::own_bytes(small) == small->size());
    CHECK(ReplyQueue::own_bytes(large) == 0);
    CHECK(ReplyQueue::own_bytes(nullptr) == 0);
    for (const size_t step : {1UL, 7UL, 100'000UL}) {
        ReplyQueue queue;
        std::string all;
        for (const auto& text : {large, small, large, large, small}) {
            queue.append(text);
            queue.slab() += "-";
            all += *text + "-";
        }
        CHECK(large.use_count() == 4);
        CHECK(small.use_count() == 1);
        CHECK(queue.bytes() == all.size());
        CHECK(queue.own_bytes() == 2 * small->size() + 5);
        queue.consume(100);
        CHECK(queue.own_bytes() == 2 * small->size() + 5);
        queue.consume(large->size());
        CHECK(queue.own_bytes() == 2 * small->size() + 5 - 100);
        CHECK(drain(queue, step) == all.substr(100 + large->size()));
        CHECK(queue.own_bytes() == 0);
        CHECK(large.use_count() == 1);
    }
}

TEST_CASE("reply queue: gathers at most what one system call takes") {
    ReplyQueue queue;
    for (int i = 0; i < 100; ++i) queue.append(std::string(ReplyQueue::kLargeBytes, 'x'));
    CHECK(queue.front().count == ReplyQueue::kMaxParts);
    CHECK(queue.only_part().empty());
    queue.consume(ReplyQueue::kLargeBytes / 2);
    CHECK(queue.front().views[0].size() == ReplyQueue::kLargeBytes / 2);
}

TEST_CASE("snapshot table: leases are capped, renewed, run out and are limited in number") {
    FakeDb db;
    SnapshotTable table(2, 1000);
    const auto first = table.open(db.snapshot(), 5000, 0);
    REQUIRE(first.is_ok());
    CHECK(first->lease_ms == 1000);
    const auto second = table.open(db.snapshot(), 100, 0);
    REQUIRE(second.is_ok());
    CHECK(table.open(db.snapshot(), 100, 0).status().is(Code::kOverloaded));
    CHECK(table.find(second->id, 99'999).is_ok());
    CHECK(table.find(second->id, 100'000).status().is(Code::kNotFound));
    CHECK(table.renew(second->id, 100, 100'000).status().is(Code::kNotFound));
    CHECK(table.renew(first->id, 1000, 900'000).is_ok());
    CHECK(table.expire(1'000'000) == 1);
    CHECK(table.size() == 1);
    CHECK(table.close(first->id));
    CHECK_FALSE(table.close(first->id));
}

TEST_CASE("snapshot table: an id of before a restart names nothing") {
    FakeDb db;
    SnapshotTable before(2, 1000);
    SnapshotTable after(2, 1000);
    const auto old = before.open(db.snapshot(), 0, 0);
    const auto fresh = after.open(db.snapshot(), 0, 0);
    REQUIRE(old.is_ok());
    REQUIRE(fresh.is_ok());
    CHECK(after.find(old->id, 0).status().is(Code::kNotFound));
    CHECK_FALSE(after.close(old->id));
}

TEST_CASE("connection census: refuses politely over the limit and drops far beyond") {
    using Verdict = ConnectionCensus::Verdict;
    ConnectionCensus census(2, 1000);
    CHECK(census.arrived("a") == Verdict::kAdmit);
    CHECK(census.arrived("a") == Verdict::kAdmit);
    CHECK(census.arrived("a") == Verdict::kRefuse);
    while (census.arrived("a") == Verdict::kRefuse) {
    }
    CHECK(census.arrived("a") == Verdict::kDrop);
    const size_t full = census.connections();
    for (size_t i = 0; i < full; ++i) census.left("a", true);
    CHECK(census.connections() == 0);
    CHECK(census.arrived("a") == Verdict::kAdmit);
}

TEST_CASE("connection census: one address cannot fill the waiting room") {
    using Verdict = ConnectionCensus::Verdict;
    ConnectionCensus census(100, 2);
    CHECK(census.arrived("a") == Verdict::kAdmit);
    CHECK(census.arrived("a") == Verdict::kAdmit);
    CHECK(census.arrived("a") == Verdict::kDropUngreeted);
    CHECK(census.arrived("b") == Verdict::kAdmit);
    census.hello_finished("a");
    CHECK(census.arrived("a") == Verdict::kAdmit);
}

TEST_CASE("log: a throttle lets one line a second through and counts the rest") {
    LogThrottle throttle;
    uint64_t suppressed = 99;
    CHECK(throttle.allow(10, suppressed));
    CHECK(suppressed == 0);
    CHECK_FALSE(throttle.allow(20, suppressed));
    CHECK_FALSE(throttle.allow(999'999, suppressed));
    CHECK(throttle.allow(1'000'011, suppressed));
    CHECK(suppressed == 2);
}

TEST_CASE("log: JSON messages are escaped") {
    CHECK(escape_json("a\"b\\c\nd\x01") == "a\\\"b\\\\c\\u000ad\\u0001");
}

TEST_CASE("address file: appears whole, is replaced, goes away") {
    const test::TempDir dir;
    const AddressFile file(dir.path());
    CHECK(file.remove().is_ok());
    REQUIRE(file.publish("native=127.0.0.1:1\n").is_ok());
    REQUIRE(file.publish("native=127.0.0.1:22\n").is_ok());
    std::ostringstream text;
    text << std::ifstream(file.path()).rdbuf();
    CHECK(text.str() == "native=127.0.0.1:22\n");
    CHECK(file.remove().is_ok());
    CHECK_FALSE(std::ifstream(file.path()).good());
    CHECK(AddressFile("/no/such/dir").publish("x").is(Code::kIoError));
}

TEST_CASE("log hand-over: a thread that is interrupted for the log's keeps the log for long") {
    static uint64_t interruptions;
    static int looks;
    interruptions = 1000;
    looks = 0;
    LogHandOver hand_over([] {
        ++looks;
        return interruptions;
    });
    const auto handed_over_of = [&](uint32_t submits, uint32_t interrupted_every) {
        uint32_t handed_over = 0;
        for (uint32_t i = 0; i < submits; ++i) {
            if (!hand_over.hands_over()) continue;
            ++handed_over;
            if (interrupted_every != 0 && i % interrupted_every == 0) ++interruptions;
        }
        return handed_over;
    };
    const uint32_t tried = LogHandOver::kTried, alone = LogHandOver::kAlone;
    // A processor is free: it goes on, and looks once a period.
    CHECK(handed_over_of(10 * tried, 0) == 10 * tried);
    CHECK(handed_over_of(10 * tried, 3) == 10 * tried);
    CHECK(looks == 20);
    // None is: one period to find out, and one each time it is tried again.
    CHECK(handed_over_of(tried, 2) == tried);
    CHECK(handed_over_of(alone, 2) == 0);
    CHECK(handed_over_of(tried + alone, 2) == tried);
    // One is again.
    CHECK(handed_over_of(10 * tried, 0) == 10 * tried);
}

TEST_CASE("memory budget: takes what fits, to the last byte, and nothing of the rest") {
    MemoryBudget memory(1000);
    CHECK(memory.try_add(600));
    CHECK_FALSE(memory.try_add(401));
    CHECK(memory.used() == 600);
    CHECK(memory.try_add(400));
    CHECK_FALSE(memory.exceeded());
    CHECK_FALSE(memory.try_add(1));
}

}  // namespace kv::server

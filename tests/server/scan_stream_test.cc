// server/scan_stream.h over the real engine: how a scan passes what is deleted.
// SPDX-License-Identifier: Apache-2.0
#include "server/scan_stream.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "kv/clock.h"
#include "server/sliced_walk.h"
#include "support/temp_dir.h"

namespace kv::server {

namespace {

std::string key_of(uint64_t number) {
    const std::string digits = std::to_string(number);
    return "k" + std::string(7 - digits.size(), '0') + digits;
}

class Fixture {
  public:
    Fixture() : db_(std::move(*Db::open(Options{}, dir_.file("db")))) {
        REQUIRE(keyspaces_.open(*db_).is_ok());
    }
    Db& db() { return *db_; }
    /// Keys up to `count`, of which only those numbered `alive` are not deleted again.
    void fill(uint64_t count, const std::vector<uint64_t>& alive) {
        WriteBatch puts, deletes;
        for (uint64_t number = 0; number < count; ++number) {
            puts.put(key_of(number), "value");
            if (std::find(alive.begin(), alive.end(), number) == alive.end())
                deletes.del(key_of(number));
        }
        REQUIRE(db_->write(std::move(puts)).status.is_ok());
        REQUIRE(db_->write(std::move(deletes)).status.is_ok());
    }
    /// The keys of all answers; turns that ended without one are counted.
    std::vector<std::string> scan(const protocol::ScanRequest& request) {
        RequestInfo info;
        info.id = 2;
        auto made = ScanStream::create(*db_, info, request, db_->snapshot(),
                                       protocol::kDefaultFrameBytes, keyspaces_.default_keyspace());
        REQUIRE(made.is_ok());
        std::vector<std::string> keys;
        turns_ = 0;
        for (bool last = false; !last;) {
            const auto chunk = (*made)->next_chunk(clock_);
            if (!chunk) {
                ++turns_;
                continue;
            }
            REQUIRE_FALSE(chunk->error);
            const Bytes body = Bytes(chunk->frame).substr(protocol::kHeaderBytes);
            protocol::ScanChunk message;
            REQUIRE(protocol::decode(body, message).is_ok());
            for (const auto& entry : message.entries) keys.emplace_back(entry.key);
            last = chunk->last;
            exhausted_ = message.exhausted;
        }
        return keys;
    }
    uint64_t turns() const { return turns_; }
    bool exhausted() const { return exhausted_; }

  private:
    const test::TempDir dir_;
    std::unique_ptr<Db> db_;
    KeyspaceCatalog keyspaces_;
    FakeClock clock_;
    uint64_t turns_ = 0;
    bool exhausted_ = false;
};

}  // namespace

TEST_CASE("scan stream: many deleted entries in a row take many turns, and hide nothing") {
    Fixture f;
    const std::vector<uint64_t> alive{0, 40'000, 40'001, 90'000};
    f.fill(100'000, alive);
    std::vector<std::string> wanted;
    for (const uint64_t number : alive) wanted.push_back(key_of(number));
    for (const bool flushed : {false, true}) {
        if (flushed) REQUIRE(f.db().flush().is_ok());
        for (const bool reverse : {false, true}) {
            CAPTURE(flushed, reverse);
            protocol::ScanRequest request;
            request.reverse = reverse;
            CHECK(f.scan(request) == wanted);
            CHECK(f.exhausted());
            std::reverse(wanted.begin(), wanted.end());
        }
    }
}

TEST_CASE("scan stream: one turn passes no more than its budget of deleted entries") {
    Fixture f;
    const uint64_t count = 4 * kSliceSkips;
    f.fill(count, {0});
    CHECK(f.scan({}).size() == 1);
    CHECK(f.turns() >= 3);
}

TEST_CASE("scan stream: a limit that is reached is told, whatever lies behind it") {
    Fixture f;
    f.fill(2 * kSliceSkips, {0, 1});
    protocol::ScanRequest request;
    request.limit = 2;
    CHECK(f.scan(request).size() == 2);
    CHECK_FALSE(f.exhausted());
    request.limit = 3;
    CHECK(f.scan(request).size() == 2);
    CHECK(f.exhausted());
}

}  // namespace kv::server

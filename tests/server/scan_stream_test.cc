// server/scan_stream.h over the real engine: how a scan passes what is deleted.
// SPDX-License-Identifier: Apache-2.0
#include "server/scan_stream.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

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
    FakeClock& clock() { return clock_; }
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
        const auto stream = open(request);
        std::vector<std::string> keys;
        turns_ = 0;
        for (bool last = false; !last;) {
            const auto chunk = stream->next_chunk(clock_, memory_);
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
    /// Changes a byte where the tables hold `bytes`.
    void damage(const std::string& bytes) {
        for (const auto& entry : std::filesystem::directory_iterator(dir_.file("db"))) {
            if (entry.path().extension() != ".sst") continue;
            std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
            const std::string text{std::istreambuf_iterator<char>(file), {}};
            const size_t at = text.find(bytes);
            if (at == std::string::npos) continue;
            file.seekp(static_cast<std::streamoff>(at));
            file.put('!');
            return;
        }
        FAIL("no table holds the bytes");
    }
    std::unique_ptr<ScanStream> open(const protocol::ScanRequest& request) {
        RequestInfo info;
        info.id = 2;
        auto made = ScanStream::create(*db_, info, request, db_->snapshot(),
                                       protocol::kDefaultFrameBytes, keyspaces_.default_keyspace());
        REQUIRE(made.is_ok());
        return std::move(*made);
    }
    /// The next chunk, which has been taken.
    ScanStream::Chunk chunk_of(ScanStream& stream) {
        auto chunk = stream.next_chunk(clock_, memory_);
        REQUIRE(chunk);
        memory_.add(-static_cast<int64_t>(chunk->charged_bytes));
        return *std::move(chunk);
    }
    MemoryBudget& memory() { return memory_; }
    uint64_t turns() const { return turns_; }
    bool exhausted() const { return exhausted_; }

  private:
    const test::TempDir dir_;
    std::unique_ptr<Db> db_;
    KeyspaceCatalog keyspaces_;
    FakeClock clock_;
    MemoryBudget memory_{1 << 30};
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

TEST_CASE(
    "scan stream: what cannot be read behind the last entry that is wanted is not its matter") {
    Fixture f;
    WriteBatch batch;
    for (uint64_t number = 0; number < 10; ++number) {
        // Above the block size: each has a block of its own.
        batch.put(key_of(number), std::string(6000, static_cast<char>('a' + number)));
    }
    REQUIRE(f.db().write(std::move(batch)).status.is_ok());
    REQUIRE(f.db().flush().is_ok());
    f.damage(std::string(100, 'f'));  // the sixth
    protocol::ScanRequest request;
    request.limit = 5;
    const auto five = f.open(request);
    const ScanStream::Chunk wanted = f.chunk_of(*five);
    CHECK(wanted.last);
    CHECK_FALSE(wanted.error);
    request.limit = 6;
    const auto six = f.open(request);
    CHECK(f.chunk_of(*six).error);
}

TEST_CASE("scan stream: an entry of a MiB leaves alone, and nothing of it stays") {
    Fixture f;
    WriteBatch batch;
    batch.put("a", "small");
    batch.put("b", std::string(1 << 20, 'v'));
    batch.put("c", "small");
    REQUIRE(f.db().write(std::move(batch)).status.is_ok());
    const auto stream = f.open({});
    CHECK(f.chunk_of(*stream).body_bytes < 100);
    const ScanStream::Chunk large = f.chunk_of(*stream);
    CHECK(large.body_bytes > 1 << 20);
    CHECK(large.charged_bytes >= large.frame.size());
    CHECK(large.frame.capacity() < large.frame.size() + 4096);
    CHECK(f.memory().used() == 0);
    CHECK(stream->buffer_bytes() < 2 * protocol::kScanChunkBytes);
    const ScanStream::Chunk last = f.chunk_of(*stream);
    CHECK(last.last);
    CHECK_FALSE(last.error);
}

TEST_CASE("scan stream: told that it must wait, it keeps no buffers and goes on all the same") {
    Fixture f;
    f.fill(10'000, {});
    WriteBatch batch;
    for (uint64_t number = 0; number < 5000; ++number) batch.put(key_of(number), "v");
    REQUIRE(f.db().write(std::move(batch)).status.is_ok());
    const auto stream = f.open({});
    bool last = false;
    for (int chunks = 0; !last; ++chunks) {
        REQUIRE(chunks < 100);
        const auto chunk = stream->next_chunk(f.clock(), f.memory());
        if (!chunk) continue;
        if (!chunk->last) CHECK(stream->buffer_bytes() > protocol::kScanChunkBytes / 2);
        stream->release_buffers();
        CHECK(stream->buffer_bytes() < 100);
        last = chunk->last;
        CHECK_FALSE(chunk->error);
    }
}

}  // namespace kv::server

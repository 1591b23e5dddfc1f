// Blocks: what is put in comes out, both ways; content that is not a block is noticed, never
// followed out of its bytes.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/block.h"

#include "base/coding.h"
#include "iterator/entry_list.h"
#include "sstable/block_builder.h"

using namespace kv;
using namespace kv::test;
using namespace kv::sstable;

namespace {

/// The exact bytes on the heap, so that a sanitizer sees a read behind them.
struct Content {
    explicit Content(Bytes bytes) : data(new char[bytes.size()]), size(bytes.size()) {
        bytes.copy(data.get(), size);
    }
    Bytes bytes() const { return {data.get(), size}; }
    std::unique_ptr<char[]> data;
    size_t size;
};

std::string build(const EntryList& entries, uint32_t restart_interval) {
    BlockBuilder builder(restart_interval);
    for (const auto& [key, value] : entries) builder.add(key, value);
    const size_t expected_size = builder.size_bytes();
    std::string content(builder.finish());
    REQUIRE(content.size() == expected_size);
    return content;
}

/// The cursor with the face of an InternalIterator.
class Walker final : public InternalIterator {
  public:
    explicit Walker(Bytes content) { it_.reset(content); }
    bool valid() const override { return it_.valid(); }
    Status status() const override {
        return it_.problem() == nullptr ? Status::ok() : Status::corruption(it_.problem());
    }
    void seek_to_first() override { it_.seek_to_first(); }
    void seek_to_last() override { it_.seek_to_last(); }
    void seek(Bytes key) override { it_.seek(key); }
    void seek_for_prev(Bytes key) override {
        it_.seek(key);
        if (it_.valid() && it_.key() == key) return;
        if (it_.valid())
            it_.prev();
        else
            it_.seek_to_last();
    }
    void next() override { it_.next(); }
    void prev() override { it_.prev(); }
    Bytes key() const override { return it_.key(); }
    Bytes value() const override { return it_.value(); }

  private:
    BlockIterator it_;
};

/// Everything that reads a block, for its side effects under a sanitizer.
void read_everything(Bytes content) {
    const std::string target = make_seek_key("ab", 50);
    BlockIterator it;
    it.reset(content);
    for (it.seek_to_first(); it.valid(); it.next()) REQUIRE(it.key().size() >= kTrailerBytes);
    it.reset(content);
    for (it.seek_to_last(); it.valid(); it.prev()) REQUIRE(it.key().size() >= kTrailerBytes);
    it.reset(content);
    it.seek(target);
    if (it.valid()) it.prev();
    if (it.valid()) it.next();
    find_in_block(content, "ab", pack_trailer(50, Kind::kPut));
}

}  // namespace

TEST_CASE("block: one entry comes back") {
    const EntryList entries = {{make_internal_key("k", 1, Kind::kPut), "v"}};
    const Content content(build(entries, 16));
    Walker it(content.bytes());
    CHECK_FALSE(it.valid());
    it.seek_to_first();
    require_same_entry(it, entries, 0);
    it.next();
    CHECK_FALSE(it.valid());
    it.seek_to_last();
    require_same_entry(it, entries, 0);
    it.prev();
    CHECK_FALSE(it.valid());
}

TEST_CASE("block: agrees with a sorted array at every restart interval") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (const uint32_t interval : {1U, 2U, 3U, 16U, 1000U}) {
        for (int round = 0; round < 8; ++round) {
            CAPTURE(interval, round);
            const size_t largest_value = round == 0 ? 400 : 20;
            const EntryList entries = random_entries(random, 1 + random.below(200), largest_value);
            const Content content(build(entries, interval));
            Walker it(content.bytes());
            walk_randomly(it, entries, random, 200);
        }
    }
}

TEST_CASE("block: a point look-up finds the newest version allowed, or says why not") {
    const EntryList entries = {{make_internal_key("b", 9, Kind::kPut), "nine"},
                               {make_internal_key("b", 4, Kind::kPut), "four"},
                               {make_internal_key("d", 2, Kind::kPut), "d"}};
    const std::string content = build(entries, 2);
    const auto find = [&](Bytes key, Seqno seqno) {
        return find_in_block(content, key, pack_trailer(seqno, static_cast<Kind>(0xFF)));
    };
    CHECK(find("b", 100).value == "nine");
    CHECK(find("b", 8).value == "four");
    CHECK(find("b", 3).result == BlockHit::Result::kOtherKey);
    CHECK(find("a", 9).result == BlockHit::Result::kOtherKey);
    CHECK(find("c", 9).result == BlockHit::Result::kOtherKey);
    CHECK(find("d", 1).result == BlockHit::Result::kPastEnd);
    CHECK(find("e", 9).result == BlockHit::Result::kPastEnd);
    const std::string long_key(5000, 'c');
    CHECK(find(long_key, 9).result == BlockHit::Result::kOtherKey);
}

TEST_CASE("block: long keys come back whole") {
    EntryList entries;
    for (const size_t length : std::initializer_list<size_t>{100, 300, 1000, 60'000})
        entries.emplace_back(make_internal_key(std::string(length, 'k'), 1, Kind::kPut), "v");
    const std::string content = build(entries, 16);
    for (const auto& [key, value] : entries) {
        const BlockHit hit = find_in_block(content, user_key_of(key), trailer_of(key));
        CHECK(hit.result == BlockHit::Result::kFound);
    }
    Random random(1);
    Walker it(content);
    walk_randomly(it, entries, random, 100);
}

TEST_CASE("block: content that is too short for a restart array is refused") {
    for (size_t size = 0; size < 8; ++size) {
        const Content content(std::string(size, '\0'));
        BlockIterator it;
        it.reset(content.bytes());
        it.seek_to_first();
        CHECK_FALSE(it.valid());
        CHECK(it.problem() != nullptr);
        CHECK(find_in_block(content.bytes(), "k", 0).result == BlockHit::Result::kProblem);
    }
}

TEST_CASE("block: damaged content never leads out of the block") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 3000; ++round) {
        std::string bytes = build(random_entries(random, 30, 200), 4);
        for (uint64_t flips = 1 + random.below(4); flips > 0; --flips) {
            char& byte = bytes[random.below(bytes.size())];
            byte = static_cast<char>(byte ^ (1 << random.below(8)));
        }
        if (random.below(4) == 0) bytes.resize(random.below(bytes.size()));
        const Content content(bytes);
        read_everything(content.bytes());
    }
    for (int round = 0; round < 3000; ++round) {
        std::string bytes = random_bytes(random, random.below(100));
        put_fixed32(bytes, 0);
        put_fixed32(bytes, static_cast<uint32_t>(1 + random.below(3)));
        const Content content(bytes);
        read_everything(content.bytes());
    }
}

// Blocks: what is put in comes out, both ways; content that is not a block is noticed, never
// followed out of its bytes.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/block.h"

#include "base/coding.h"
#include "base/hash.h"
#include "iterator/entry_list.h"
#include "sstable/block_builder.h"
#include "sstable/ordered_block.h"

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

/// In ordered form, if it has one.
std::string ordered(const std::string& content) {
    std::string out(ordered_size(content), '\0');
    if (out.empty()) return content;
    REQUIRE(order_block(content, out.data()));
    return out;
}

std::string build(const EntryList& entries, uint32_t restart_interval,
                  BlockForm form = BlockForm::kTagged) {
    if (form == BlockForm::kOrdered) return ordered(build(entries, restart_interval));
    BlockBuilder builder(restart_interval, form);
    for (const auto& [key, value] : entries) {
        const size_t foretold = builder.size_with(key, value);
        builder.add(key, value, tag_of(hash64(user_key_of(key))));
        REQUIRE(builder.size_bytes() == foretold);
    }
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

BlockHit find(Bytes content, Bytes user_key, uint64_t trailer) {
    return find_in_block(content, user_key, hash64(user_key), trailer);
}

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
    find(content, "ab", pack_trailer(50, Kind::kPut));
    tagged_block_problem(content);
}

/// Holds a point look-up against the entries.
void require_find(Bytes content, const EntryList& entries, Bytes key, uint64_t trailer) {
    std::string target;
    append_internal_key(target, key, trailer);
    const size_t at = entry_at_or_after(entries, target);
    const bool there = at < entries.size() && user_key_of(entries[at].first) == key;
    const BlockHit hit = find(content, key, trailer);
    REQUIRE(hit.result == (there ? BlockHit::Result::kFound : BlockHit::Result::kNone));
    if (!there) return;
    REQUIRE(hit.trailer == trailer_of(entries[at].first));
    REQUIRE(hit.value == entries[at].second);
}

constexpr BlockForm kForms[] = {BlockForm::kPlain, BlockForm::kTagged, BlockForm::kOrdered};

}  // namespace

TEST_CASE("block: one entry comes back") {
    const EntryList entries = {{make_internal_key("k", 1, Kind::kPut), "v"}};
    for (const BlockForm form : kForms) {
        const Content content(build(entries, 16, form));
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
}

TEST_CASE("block: agrees with a sorted array at every restart interval") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (const BlockForm form : kForms)
        for (const uint32_t interval : {1U, 2U, 3U, 16U, 1000U}) {
            for (int round = 0; round < 8; ++round) {
                CAPTURE(form, interval, round);
                const size_t largest_value = round == 0 ? 400 : 20;
                const EntryList entries =
                    random_entries(random, 1 + random.below(200), largest_value);
                const Content content(build(entries, interval, form));
                CHECK(tagged_block_problem(content.bytes()) == nullptr);
                Walker it(content.bytes());
                walk_randomly(it, entries, random, 200);
                for (int i = 0; i < 50; ++i)
                    require_find(content.bytes(), entries, random_key(random),
                                 pack_trailer(random.below(300), Kind::kPut));
                for (const auto& entry : entries)
                    require_find(content.bytes(), entries, user_key_of(entry.first),
                                 trailer_of(entry.first));
            }
        }
}

TEST_CASE("block: many entries, and entries beyond 64 KiB, are found by their tags") {
    for (const size_t value_bytes : std::initializer_list<size_t>{0, 300}) {
        EntryList entries;
        for (Seqno i = 1; i <= 900; ++i)
            entries.emplace_back(make_internal_key("key" + std::to_string(i / 3), i, Kind::kPut),
                                 std::string(value_bytes, 'v'));
        sort_entries(entries);
        const Content content(build(entries, 16));
        CHECK((content.size > 0x10000) == (value_bytes > 0));
        CHECK(content.bytes()[1] == (value_bytes > 0 ? 4 : 2));  // bytes an offset
        CHECK(tagged_block_problem(content.bytes()) == nullptr);
        for (const auto& [key, value] : entries) {
            require_find(content.bytes(), entries, user_key_of(key), trailer_of(key));
            require_find(content.bytes(), entries, user_key_of(key), trailer_of(key) + 1);
            require_find(content.bytes(), entries, std::string(user_key_of(key)) + "x", 0);
        }
        Random random(2);
        Walker it(content.bytes());
        walk_randomly(it, entries, random, 300);
    }
}

TEST_CASE("block: a point look-up finds the newest version allowed, or nothing") {
    const EntryList entries = {{make_internal_key("b", 9, Kind::kPut), "nine"},
                               {make_internal_key("b", 4, Kind::kPut), "four"},
                               {make_internal_key("d", 2, Kind::kPut), "d"}};
    for (const BlockForm form : kForms) {
        const std::string content = build(entries, 2, form);
        const auto find_at = [&](Bytes key, Seqno seqno) {
            return find(content, key, pack_trailer(seqno, static_cast<Kind>(0xFF)));
        };
        CHECK(find_at("b", 100).value == "nine");
        CHECK(find_at("b", 8).value == "four");
        const std::string long_key(5000, 'c');
        for (const auto& [key, seqno] : std::initializer_list<std::pair<Bytes, Seqno>>{
                 {"b", 3}, {"a", 9}, {"c", 9}, {"d", 1}, {"e", 9}, {"", 9}, {long_key, 9}})
            CHECK(find_at(key, seqno).result == BlockHit::Result::kNone);
    }
}

TEST_CASE("block: long keys come back whole") {
    EntryList entries;
    for (const size_t length : std::initializer_list<size_t>{100, 300, 1000, 60'000})
        entries.emplace_back(make_internal_key(std::string(length, 'k'), 1, Kind::kPut), "v");
    for (const BlockForm form : kForms) {
        const std::string content = build(entries, 16, form);
        for (const auto& [key, value] : entries)
            require_find(content, entries, user_key_of(key), trailer_of(key));
        Random random(1);
        Walker it(content);
        walk_randomly(it, entries, random, 100);
    }
}

TEST_CASE("block: the full check notices tags and offsets that would mislead a search") {
    const EntryList entries = {{make_internal_key("ab", 9, Kind::kPut), "1"},
                               {make_internal_key("abc", 4, Kind::kPut), "2"},
                               {make_internal_key("abd", 2, Kind::kPut), "3"}};
    const std::string good = build(entries, 16);
    REQUIRE(tagged_block_problem(good) == nullptr);
    for (size_t i = kTaggedHeaderBytes; i < kTaggedHeaderBytes + 3 * 3; ++i) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 1);
        CAPTURE(i);
        CHECK(tagged_block_problem(bad) != nullptr);
    }
    CHECK(tagged_block_problem(good + "x") != nullptr);
    CHECK(tagged_block_problem(build(entries, 16, BlockForm::kPlain)) == nullptr);
}

TEST_CASE("ordered block: keys that differ late, end early or hold zeros are told apart") {
    EntryList entries;
    Seqno seqno = 1;
    for (const std::string beginning : {"", "a", "a long beginning that all of them share"}) {
        entries.clear();
        for (const std::string& rest :
             {std::string(), std::string(1, '\0'), std::string(2, '\0'), std::string(5, '\0'),
              std::string("\0\0\0\1", 4), std::string("a"), std::string("a\0", 2),
              std::string("abcd"), std::string("abcde"), std::string("abcdf"),
              std::string("abcd\0", 5), std::string("\xFF\xFF\xFF\xFF"), std::string(6, '\xFF')})
            for (int version = 0; version < 2; ++version)
                if (!(beginning + rest).empty())
                    entries.emplace_back(make_internal_key(beginning + rest, seqno++, Kind::kPut),
                                         "v");
        sort_entries(entries);
        for (const uint32_t interval : {1U, 4U, 16U}) {
            const Content content(build(entries, interval, BlockForm::kOrdered));
            REQUIRE(content.bytes()[0] == static_cast<char>(BlockForm::kOrdered));
            BlockIterator it;
            it.reset(content.bytes());
            std::vector<std::string> targets = {make_seek_key("A", 9), make_seek_key("b", 9)};
            for (const auto& [key, value] : entries) {
                const std::string user_key(user_key_of(key));
                targets.push_back(key);
                targets.push_back(make_seek_key(user_key, kMaxSeqno));
                targets.push_back(make_seek_key(user_key, 0));
                targets.push_back(make_seek_key(user_key + '\0', kMaxSeqno));
                targets.push_back(make_seek_key(user_key.substr(0, user_key.size() - 1), 0));
            }
            for (const std::string& target : targets) {
                CAPTURE(target, interval);
                it.seek(target);
                const size_t at = entry_at_or_after(entries, target);
                REQUIRE(it.problem() == nullptr);
                REQUIRE(it.valid() == (at < entries.size()));
                if (it.valid()) REQUIRE(it.key() == entries[at].first);
            }
        }
    }
}

TEST_CASE("ordered block: plain, small, damaged and ordered blocks have no such form") {
    Random random(1);
    const EntryList entries = random_entries(random, 40);
    CHECK(ordered_size(build(entries, 16, BlockForm::kPlain)) == 0);
    CHECK(ordered_size(build({entries[0]}, 16)) == 0);
    CHECK(ordered_size("") == 0);
    CHECK(ordered_size("no block at all") == 0);
    const std::string tagged = build(entries, 16);
    CHECK(ordered_size(ordered(tagged)) == 0);
    CHECK(ordered_size(tagged) == tagged.size() + 2 + 4 * entries.size());
    // Lengths that lead out of the block.
    std::string damaged = tagged;
    BlockLayout layout;
    REQUIRE(layout.parse(damaged));
    damaged[static_cast<size_t>(layout.entries - damaged.data()) + layout.start(layout.count - 1) +
            1] = '\x7F';
    std::string out(ordered_size(damaged), '\0');
    CHECK_FALSE(order_block(damaged, out.data()));
}

TEST_CASE("block: content that is too short for a restart array is refused") {
    for (size_t size = 0; size < 8; ++size) {
        const Content content(std::string(size, '\0'));
        BlockIterator it;
        it.reset(content.bytes());
        it.seek_to_first();
        CHECK_FALSE(it.valid());
        CHECK(it.problem() != nullptr);
        CHECK(find(content.bytes(), "k", 0).result == BlockHit::Result::kProblem);
    }
    for (const size_t size : std::initializer_list<size_t>{8, 10, 11}) {
        const Content content(std::string("\1\2\1\0\1\0\0\0\0\0\0", size));
        CHECK(find(content.bytes(), "k", 0).result == BlockHit::Result::kProblem);
    }
}

TEST_CASE("block: damaged content never leads out of the block") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 3000; ++round) {
        std::string bytes = build(random_entries(random, 30, 200), 4, kForms[random.below(3)]);
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
        if (random.below(2) == 0) {
            const char form = random.below(2) == 0 ? char{1} : char{2};
            const char front[] = {form, random.below(2) == 0 ? char{2} : char{4}, 3, 0, 5, 0, 0, 0};
            bytes.insert(0, front, sizeof front);
        }
        const Content content(bytes);
        read_everything(content.bytes());
    }
}

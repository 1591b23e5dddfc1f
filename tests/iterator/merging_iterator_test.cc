// Merging: one order out of many sources, both ways, and no way past a failed source.
// SPDX-License-Identifier: Apache-2.0
#include "iterator/merging_iterator.h"

#include "iterator/entry_list.h"

using namespace kv;
using namespace kv::test;

namespace {

/// `entries` dealt out at random to `count` sources.
std::vector<EntryList> deal(const EntryList& entries, size_t count, Random& random) {
    std::vector<EntryList> hands(count);
    for (const auto& entry : entries) hands[random.below(count)].push_back(entry);
    return hands;
}

std::unique_ptr<InternalIterator> merge(const std::vector<EntryList>& sources) {
    std::vector<std::unique_ptr<InternalIterator>> children;
    for (const EntryList& source : sources)
        children.push_back(std::make_unique<EntryListIterator>(source));
    return new_merging_iterator(children);
}

EntryList puts(std::initializer_list<const char*> keys, const char* value = "") {
    EntryList entries;
    for (const char* key : keys) entries.emplace_back(make_internal_key(key, 1, Kind::kPut), value);
    return entries;
}

}  // namespace

TEST_CASE("empty iterator: has nothing and keeps its status") {
    const auto fine = new_empty_iterator();
    fine->seek_to_first();
    CHECK_FALSE(fine->valid());
    CHECK(fine->status().is_ok());
    const auto broken = new_empty_iterator(Status::io_error("gone"));
    broken->seek_to_last();
    CHECK_FALSE(broken->valid());
    CHECK(broken->status().is(Code::kIoError));
}

TEST_CASE("merging iterator: merges nothing and empty sources") {
    for (const size_t sources : std::initializer_list<size_t>{0, 1, 3}) {
        const std::vector<EntryList> lists(sources);
        const auto it = merge(lists);
        it->seek_to_first();
        CHECK_FALSE(it->valid());
        it->seek_for_prev(make_seek_key("k", 1));
        CHECK_FALSE(it->valid());
        CHECK(it->status().is_ok());
    }
}

TEST_CASE("merging iterator: agrees with one sorted array on random walks") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 40; ++round) {
        CAPTURE(round);
        const EntryList all = random_entries(random, random.below(300));
        const auto sources = deal(all, 1 + random.below(9), random);
        walk_randomly(*merge(sources), all, random, 300);
    }
}

TEST_CASE("merging iterator: shows equal keys of two sources in one order both ways") {
    std::vector<EntryList> sources = {puts({"a", "b"}, "0"), puts({"b"}, "1"),
                                      puts({"b", "c"}, "2")};
    EntryList all = puts({"a", "b"}, "0");
    all.push_back(sources[1][0]);
    all.push_back(sources[2][0]);
    all.push_back(sources[2][1]);
    const auto it = merge(sources);
    it->seek_to_first();
    size_t position = 0;
    Random random(7);
    for (int step = 0; step < 500; ++step) {
        require_same_entry(*it, all, position);
        const bool forward = position == 0 || (position + 1 < all.size() && random.below(2) == 0);
        forward ? it->next() : it->prev();
        position += forward ? 1 : SIZE_MAX;
    }
}

TEST_CASE("merging iterator: stops at the failure of any source, in any move") {
    const EntryList left = puts({"a", "c", "e"});
    const EntryList right = puts({"b", "d", "f"});
    auto failing = std::make_unique<EntryListIterator>(right);
    EntryListIterator& handle = *failing;
    std::vector<std::unique_ptr<InternalIterator>> children;
    children.push_back(std::make_unique<EntryListIterator>(left));
    children.push_back(std::move(failing));
    const auto it = new_merging_iterator(children);

    handle.fail_at(1);
    it->seek_to_first();
    it->next();
    REQUIRE(it->key() == right[0].first);
    it->next();  // the source fails behind b: going on to c would pass over d
    CHECK_FALSE(it->valid());
    CHECK(it->status().is(Code::kIoError));

    it->seek(left[2].first);  // a seek starts afresh
    REQUIRE(it->valid());
    CHECK(it->status().is_ok());
    it->prev();  // turning round meets d
    CHECK_FALSE(it->valid());
    CHECK(it->status().is(Code::kIoError));

    it->seek(right[1].first);
    CHECK_FALSE(it->valid());
    CHECK(it->status().is(Code::kIoError));
}

// A level: disjoint tables read as one, opened when the walk gets there.
// SPDX-License-Identifier: Apache-2.0
#include "iterator/entry_list.h"
#include "iterator/merging_iterator.h"

using namespace kv;
using namespace kv::test;

namespace {

/// A sorted list cut into tables of 1 to `largest` entries.
struct Level {
    Level(const EntryList& entries, size_t largest, Random& random) {
        for (size_t i = 0; i < entries.size();) {
            const size_t end = std::min(entries.size(), i + 1 + random.below(largest));
            tables.emplace_back(entries.begin() + static_cast<ptrdiff_t>(i),
                                entries.begin() + static_cast<ptrdiff_t>(end));
            i = end;
        }
    }
    std::unique_ptr<InternalIterator> iterate() {
        std::vector<TableBounds> bounds;
        for (const EntryList& table : tables)
            bounds.push_back({table.front().first, table.back().first});
        return new_level_iterator(std::move(bounds),
                                  [this](size_t i) -> Result<std::unique_ptr<InternalIterator>> {
                                      ++opened;
                                      if (i == missing) return Status::not_found("planted absence");
                                      return std::make_unique<EntryListIterator>(tables[i]);
                                  });
    }

    std::vector<EntryList> tables;
    size_t opened = 0;
    size_t missing = SIZE_MAX;
};

}  // namespace

TEST_CASE("level iterator: of no tables has nothing") {
    Random random(1);
    Level level({}, 1, random);
    const auto it = level.iterate();
    it->seek_to_last();
    CHECK_FALSE(it->valid());
    CHECK(it->status().is_ok());
}

TEST_CASE("level iterator: agrees with one sorted array on random walks") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 40; ++round) {
        const EntryList all = random_entries(random, 1 + random.below(200));
        Level level(all, 1 + random.below(30), random);
        walk_randomly(*level.iterate(), all, random, 300);
    }
}

TEST_CASE("level iterator: opens only the tables it reaches") {
    Random random(2);
    const EntryList all = random_entries(random, 500);
    Level level(all, 10, random);
    const auto it = level.iterate();
    CHECK(level.opened == 0);
    it->seek(level.tables[7].front().first);
    CHECK(level.opened == 1);
    it->seek_for_prev(level.tables[7].back().first);
    CHECK(level.opened == 1);
    it->next();
    CHECK(level.opened == 2);
    REQUIRE(it->key() == level.tables[8].front().first);
}

TEST_CASE("level iterator: says so when a table cannot be opened, and never passes over it") {
    Random random(3);
    const EntryList all = random_entries(random, 100);
    Level level(all, 5, random);
    level.missing = 2;
    const auto it = level.iterate();
    size_t shown = 0;
    for (it->seek_to_first(); it->valid(); it->next()) ++shown;
    CHECK(shown == level.tables[0].size() + level.tables[1].size());
    CHECK(it->status().is(Code::kNotFound));
    it->seek_to_last();
    CHECK(it->valid());
    CHECK(it->status().is_ok());
    while (it->valid()) it->prev();
    CHECK(it->status().is(Code::kNotFound));
}

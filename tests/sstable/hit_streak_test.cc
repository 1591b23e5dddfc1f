// The filter and the run of gets that found their key: when it is asked, and that answers stay the
// same.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/hit_streak.h"

#include <catch2/catch.hpp>

#include "sstable/table_fixture.h"

using namespace kv;
using namespace kv::test;
using sstable::HitStreak;

namespace {

TableOptions options_of(bool partitioned) {
    TableOptions options;
    if (partitioned) options.partition_threshold_bytes = 256;
    return options;
}

/// How many of `count` gets of keys that are there asked the filter.
uint32_t filters_asked(const TableReader& table, const EntryList& entries, uint32_t count) {
    TableGet got;
    for (uint32_t i = 0; i < count; ++i) {
        REQUIRE(get(table, user_key_of(entries[i % entries.size()].first), kMaxSeqno, got).is_ok());
        REQUIRE(got.found);
    }
    return got.filter_checks;
}

}  // namespace

TEST_CASE("hit streak: a filter that would always say maybe is asked no more") {
    const bool partitioned = GENERATE(false, true);
    CAPTURE(partitioned);
    TableFixture f;
    const EntryList entries = numbered_entries(600);
    f.build(entries, options_of(partitioned));
    const auto table = f.open();
    REQUIRE(table->filter().is_partitioned() == partitioned);
    const uint32_t asked = filters_asked(*table, entries, 3 * HitStreak::kLong);
    CHECK(asked >= HitStreak::kLong - 8);
    CHECK(asked <= HitStreak::kLong + 8);
    CHECK(filters_asked(*table, entries, 100) == 0);
}

TEST_CASE("hit streak: one key that is not there brings the filter back") {
    const bool partitioned = GENERATE(false, true);
    CAPTURE(partitioned);
    TableFixture f;
    const EntryList entries = numbered_entries(600);
    f.build(entries, options_of(partitioned));
    const auto table = f.open();
    filters_asked(*table, entries, 2 * HitStreak::kLong);
    const std::string missing[] = {"key", "key000300.", "zzz"};  // before, between, behind
    for (const std::string& key : missing) {
        CAPTURE(key);
        TableGet got;
        REQUIRE(get(*table, key, kMaxSeqno, got).is_ok());
        CHECK_FALSE(got.found);
        CHECK(got.filter_checks == 0);
        REQUIRE(get(*table, key, kMaxSeqno, got).is_ok());
        CHECK_FALSE(got.found);
        CHECK(got.filter_checks == 1);
        CHECK(filters_asked(*table, entries, 100) == 100);
        filters_asked(*table, entries, 2 * HitStreak::kLong);
    }
}

TEST_CASE("hit streak: gets that find and gets that do not keep the filter in use") {
    TableFixture f;
    const EntryList entries = numbered_entries(600);
    f.build(entries);
    const auto table = f.open();
    TableGet got;
    for (int round = 0; round < 5; ++round) {
        CHECK(filters_asked(*table, entries, HitStreak::kLong / 2) == HitStreak::kLong / 2);
        REQUIRE(get(*table, "nothing", kMaxSeqno, got).is_ok());
    }
    CHECK(got.filter_checks == 5);
    CHECK(got.filter_skips + got.cache_hits + got.disk_reads >= 5);
}

// What is kept for a second try at the log: order, positions, release.
// SPDX-License-Identifier: Apache-2.0
#include "db/unsynced_records.h"

#include <catch2/catch.hpp>

using kv::Bytes;
using kv::db::UnsyncedRecords;

namespace {

constexpr uint64_t kMost = 32ULL << 20;

std::string all_of(const UnsyncedRecords& records) {
    std::string all;
    records.for_each([&](Bytes run) { all.append(run); });
    return all;
}

}  // namespace

TEST_CASE("unsynced records: empty at first and after a release of everything") {
    UnsyncedRecords records(kMost);
    CHECK(records.bytes() == 0);
    CHECK(all_of(records).empty());
    CHECK(records.append("abc") == "abc");
    CHECK(records.bytes() == 3);
    records.clear();
    CHECK(records.bytes() == 0);
    CHECK(all_of(records).empty());
    records.append("de");
    CHECK(all_of(records) == "de");
    CHECK(records.end() == 5);
}

TEST_CASE("unsynced records: what lies beyond a release stays, in order, however large") {
    UnsyncedRecords records(kMost);
    std::string expected;
    uint64_t released = 0;
    for (int i = 0; i < 300; ++i) {
        const std::string record(static_cast<size_t>(1 + i * 977 % 70'000), static_cast<char>(i));
        CHECK(records.append(record) == record);
        expected += record;
        if (i == 150) released = records.end();
        if (i == 200) {
            records.release_until(released);
            expected.erase(0, static_cast<size_t>(released));
        }
    }
    const std::string large(3'000'000, 'L');
    CHECK(records.append(large) == large);
    CHECK(records.append("x") == "x");
    CHECK(all_of(records) == expected + large + "x");
    CHECK(records.bytes() == expected.size() + large.size() + 1);
    records.release_until(released);  // again: nothing more
    CHECK(records.bytes() == expected.size() + large.size() + 1);
}

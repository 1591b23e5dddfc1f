// Versions, look-ups in them, and who keeps their tables alive.
// SPDX-License-Identifier: Apache-2.0
#include "version/version.h"

#include <catch2/catch.hpp>

#include "version/file_registry.h"
#include "version/version_fixture.h"

namespace kv {
namespace {

using namespace test;  // NOLINT: the fixture's vocabulary

Version sample() {
    return Version({{{table_ptr(4, "c", "m", 31, 40), table_ptr(5, "a", "d", 41, 50)},
                     {table_ptr(2, "longprefix-m", "longprefix-p", 1, 9),
                      table_ptr(1, "b", "f", 10, 19), table_ptr(3, "longprefix-r", "z", 20, 29)}}});
}

std::string numbers(const std::vector<FileMetaPtr>& files) {
    std::string text;
    for (const FileMetaPtr& file : files) text += std::to_string(file->number) + " ";
    return text;
}

TEST_CASE("version: level 0 is newest first, deeper levels are sorted by key") {
    const Version version = sample();
    CHECK(describe(version) == "L0: 5 4 | L1: 1 2 3");
    CHECK(version.bytes(0) == 2009);
    CHECK(version.total_bytes() == 5015);
    CHECK(version.total_files() == 5);
    CHECK(version.largest_seqno() == 50);
    CHECK(Version().largest_seqno() == 0);
}

TEST_CASE("version: find_table gives the one table that may hold a key") {
    const Version version = sample();
    const auto found = [&](Bytes key) {
        const FileMeta* file = version.find_table(1, key);
        return file == nullptr ? 0 : file->number;
    };
    CHECK(found("a") == 0);
    CHECK(found("b") == 1);
    CHECK(found("c") == 1);
    CHECK(found("f") == 1);
    CHECK(found("f0") == 0);
    CHECK(found("longprefix-m") == 2);
    CHECK(found("longprefix-p") == 2);
    CHECK(found("longprefix-q") == 0);
    CHECK(found("longprefix-r") == 3);
    CHECK(found("z") == 3);
    CHECK(found("zz") == 0);
    CHECK(found("") == 0);
    CHECK(version.find_table(6, "b") == nullptr);
}

TEST_CASE("version: overlapping takes both bounds as inclusive and none as open") {
    const Version version = sample();
    CHECK(numbers(version.overlapping(1, "f", "longprefix-m")) == "1 2 ");
    CHECK(numbers(version.overlapping(1, "f0", "longprefix-l")) == "");
    CHECK(numbers(version.overlapping(1, std::nullopt, std::nullopt)) == "1 2 3 ");
    CHECK(numbers(version.overlapping(1, "longprefix-q", std::nullopt)) == "3 ");
    CHECK(numbers(version.overlapping(0, "d", "d")) == "5 4 ");
    CHECK(numbers(version.overlapping(0, "e", "e")) == "4 ");
}

TEST_CASE("version: an edit changes only what it names, and shares the rest") {
    const Version before = sample();
    VersionEdit edit;
    edit.remove(0, 4);
    edit.add(2, table(9, "c", "m", 31, 40));
    const VersionPtr after = before.with_edit(edit, nullptr).value();
    CHECK(describe(*after) == "L0: 5 | L1: 1 2 3 | L2: 9");
    CHECK(after->files(1)[0] == before.files(1)[0]);
    CHECK(describe(before) == "L0: 5 4 | L1: 1 2 3");
}

TEST_CASE("version: a moved table keeps its metadata, and may not change it") {
    const Version before = sample();
    VersionEdit edit;
    edit.remove(1, 1);
    edit.add(2, table(1, "b", "f", 10, 19));
    const VersionPtr after = before.with_edit(edit, nullptr).value();
    CHECK(after->files(2)[0] == before.files(1)[0]);
    edit.added[0].meta.entries = 5;
    CHECK(before.with_edit(edit, nullptr).status().is(Code::kCorruption));
}

TEST_CASE("version: removing what is not there and adding what is are corruption") {
    const Version before = sample();
    VersionEdit wrong_level, unknown, doubled;
    wrong_level.remove(0, 1);
    unknown.remove(1, 99);
    doubled.add(3, table(2, "x", "y", 60, 60));
    for (const VersionEdit& edit : {wrong_level, unknown, doubled}) {
        CHECK(before.with_edit(edit, nullptr).status().is(Code::kCorruption));
    }
}

TEST_CASE("file registry: a table is obsolete once retired and let go, in either order") {
    FileRegistry registry;
    FileMetaPtr kept = registry.adopt(table(1, "a", "b", 1, 2));
    FileMetaPtr dropped = registry.adopt(table(2, "a", "b", 3, 4));
    FileMetaPtr never_retired = registry.adopt(table(3, "a", "b", 5, 6));
    CHECK(registry.live_count() == 3);
    registry.retire(1);
    registry.retire(2);
    dropped.reset();
    never_retired.reset();
    std::vector<FileName> obsolete = registry.take_obsolete();
    REQUIRE(obsolete.size() == 1);
    CHECK(obsolete[0].number == 2);
    CHECK(obsolete[0].kind == FileKind::kTable);
    CHECK(registry.take_obsolete().empty());
    registry.put_back(obsolete);
    kept.reset();
    CHECK(registry.take_obsolete().size() == 2);
    CHECK(registry.live_count() == 0);
}

TEST_CASE("file registry: whoever collects is told when the last one lets go of a retired table") {
    FileRegistry registry;
    std::vector<size_t> collected;
    registry.on_obsolete([&] { collected.push_back(registry.take_obsolete().size()); });
    FileMetaPtr first = registry.adopt(table(1, "a", "b", 1, 2));
    FileMetaPtr live = registry.adopt(table(2, "a", "b", 3, 4));
    FileMetaPtr job = first;
    registry.retire(1);
    first.reset();
    live.reset();
    CHECK(collected.empty());
    job.reset();
    CHECK(collected == std::vector<size_t>{1});
    registry.on_obsolete({});
    FileMetaPtr last = registry.adopt(table(3, "a", "b", 5, 6));
    registry.retire(3);
    last.reset();
    CHECK(collected.size() == 1);
}

TEST_CASE("file registry: references may outlive it") {
    FileMetaPtr file;
    {
        FileRegistry registry;
        file = registry.adopt(table(1, "a", "b", 1, 2));
        registry.retire(1);
    }
    CHECK(file->number == 1);
    file.reset();
}

}  // namespace
}  // namespace kv

// The life of a MANIFEST: creation, edits, rolling, counters, file references.
// SPDX-License-Identifier: Apache-2.0
#include "version/manifest.h"

#include <catch2/catch.hpp>

#include "record/doc_hex.h"
#include "version/version_fixture.h"

namespace kv {
namespace {

using namespace test;  // NOLINT: the fixture's vocabulary

VersionEdit segment_created(uint64_t number) {
    VersionEdit edit;
    edit.last_created_segment = number;
    return edit;
}

/// Two flushed tables.
std::unique_ptr<Manifest> store_with_tables(CrashFileSystem& fs) {
    auto manifest = make_store(fs);
    for (const FileMeta& meta : {table(manifest->allocate_file_number(), "a", "m", 1, 10),
                                 table(manifest->allocate_file_number(), "k", "z", 11, 20)}) {
        if (!manifest->apply(flush(meta)).is_ok()) std::abort();
    }
    return manifest;
}

std::vector<std::string> obsolete_names(Manifest& manifest) {
    std::vector<std::string> names;
    for (const FileName& file : manifest.files().take_obsolete()) {
        names.push_back(file.kind == FileKind::kTable ? table_file_name(file.number)
                                                      : manifest_file_name(file.number));
    }
    return names;
}

TEST_CASE("manifest: a new store is empty and is found again") {
    const auto fs = make_disk();
    CHECK_FALSE(Manifest::store_exists(*fs, "db").value());
    CHECK_FALSE(Manifest::store_exists(*fs, "nowhere").value());
    const auto manifest = make_store(*fs);
    CHECK_FALSE(manifest->in_doubt());
    CHECK(manifest->current()->total_files() == 0);
    CHECK(manifest->file_number() == 1);
    const auto crashed = fs->clone_after_crash(CrashOptions::lose_all());
    CHECK(Manifest::store_exists(*crashed, "db").value());
    const auto again = Manifest::open(*crashed, "db", false).value();
    CHECK(again->database_id() == 0xDB);
    CHECK(again->counters().oldest_segment == 1);
    CHECK(again->current()->total_files() == 0);
}

TEST_CASE("manifest: regression row 6: a store is made in the order that survives a crash") {
    const auto fs = make_disk();
    uint64_t from = fs->operation_count();
    const auto manifest = make_store(*fs);
    CHECK(fs->journal_text("db", from) ==
          "create MANIFEST-000001\n"
          "write MANIFEST-000001\n"
          "sync MANIFEST-000001\n"
          "sync_dir .\n"
          "create CURRENT.tmp\n"
          "write CURRENT.tmp\n"
          "sync CURRENT.tmp\n"
          "rename CURRENT.tmp -> CURRENT\n"
          "sync_dir .\n");
    from = fs->operation_count();
    REQUIRE(manifest->apply(segment_created(1)).is_ok());
    CHECK(fs->journal_text("db", from) ==
          "write MANIFEST-000001\n"
          "sync MANIFEST-000001\n");
}

TEST_CASE("manifest: tables and counters come back after a power failure") {
    const auto fs = make_disk();
    const auto manifest = store_with_tables(*fs);
    VersionEdit edit = segment_created(4);
    edit.oldest_segment = 3;
    REQUIRE(manifest->apply(edit).is_ok());
    const auto crashed = fs->clone_after_crash(CrashOptions::lose_all());
    const auto again = Manifest::open(*crashed, "db", true).value();
    CHECK(describe(*again->current()) == "L0: 3 2");
    CHECK(*again->current()->files(0)[1] == table(2, "a", "m", 1, 10));
    CHECK(again->counters().flushed_seqno == 20);
    CHECK(again->counters().last_created_segment == 4);
    CHECK(again->counters().oldest_segment == 3);
    CHECK(again->allocate_file_number() == 4);
}

TEST_CASE("manifest: numbers given out are not given out again, nor are those of added tables") {
    const auto fs = make_disk();
    const auto manifest = make_store(*fs);
    CHECK(manifest->allocate_file_number() == 2);
    REQUIRE(manifest->apply(flush(table(70, "a", "b", 1, 2))).is_ok());
    CHECK(manifest->allocate_file_number() == 71);
    REQUIRE(manifest->apply(segment_created(1)).is_ok());
    CHECK(Manifest::open(*fs, "db", true).value()->allocate_file_number() == 72);
}

TEST_CASE("manifest: after open the first edit starts a new file, and until then is in doubt") {
    const auto fs = make_disk();
    store_with_tables(*fs);
    const auto manifest = Manifest::open(*fs, "db", false).value();
    CHECK(manifest->in_doubt());
    const uint64_t from = fs->operation_count();
    REQUIRE(manifest->apply(segment_created(1)).is_ok());
    CHECK_FALSE(manifest->in_doubt());
    CHECK(fs->journal_text("db", from) ==
          "create MANIFEST-000004\n"
          "write MANIFEST-000004\n"
          "sync MANIFEST-000004\n"
          "sync_dir .\n"
          "create CURRENT.tmp\n"
          "write CURRENT.tmp\n"
          "sync CURRENT.tmp\n"
          "rename CURRENT.tmp -> CURRENT\n"
          "sync_dir .\n");
    CHECK(obsolete_names(*manifest) == std::vector<std::string>{"MANIFEST-000001"});
    CHECK(describe(*Manifest::open(*fs, "db", true).value()->current()) == "L0: 3 2");
}

TEST_CASE("manifest: rolls to a new file when it has grown far beyond its snapshot") {
    const auto fs = make_disk();
    ManifestOptions options;
    options.roll_bytes = 2000;
    const auto manifest = make_store(*fs, options);
    for (uint64_t i = 1; i <= 100; ++i) REQUIRE(manifest->apply(segment_created(i)).is_ok());
    CHECK(manifest->file_number() > 2);
    CHECK(manifest->size_bytes() < 2200);
    CHECK(Manifest::open(*fs, "db", true).value()->counters().last_created_segment == 100);
}

TEST_CASE(
    "manifest: a snapshot of many tables with large keys is cut into records and comes back") {
    const auto fs = make_disk();
    const auto manifest = make_store(*fs);
    VersionEdit edit;
    for (uint64_t i = 0; i < 60; ++i) {
        const std::string prefix = std::to_string(100 + i);
        edit.add(3, table(10 + i, prefix + std::string(30'000, 'a'),
                          prefix + std::string(30'000, 'b'), 1, 2));
    }
    edit.flushed_seqno = 2;
    REQUIRE(manifest->apply(edit).is_ok());
    auto again = Manifest::open(*fs, "db", false).value();
    REQUIRE(again->apply(segment_created(1)).is_ok());
    const std::string before = describe(*again->current());
    ManifestReader reader = ManifestReader::open(*fs, "db", again->file_number()).value();
    VersionEdit head;
    REQUIRE(reader.next(head).value());
    CHECK(reader.snapshot_records() > 3);
    again = Manifest::open(*fs, "db", true).value();
    CHECK(describe(*again->current()) == before);
    CHECK(again->current()->files(3)[59]->largest_user_key().size() == 30'003);
}

TEST_CASE("manifest: an edit that breaks the order or turns a counter back writes nothing") {
    const auto fs = make_disk();
    const auto manifest = store_with_tables(*fs);
    VersionEdit advance = segment_created(5);
    advance.oldest_segment = 3;
    REQUIRE(manifest->apply(advance).is_ok());
    VersionEdit stale_segment, too_far, flushed_back, unknown;
    stale_segment.oldest_segment = 2;
    too_far.oldest_segment = 6;
    flushed_back.flushed_seqno = 19;
    unknown.remove(0, 99);
    VersionEdit beyond = flush(table(50, "a", "b", 21, 30));
    beyond.flushed_seqno = 29;
    VersionEdit malformed = flush(table(50, "b", "a", 21, 30));
    const uint64_t from = fs->operation_count();
    for (const VersionEdit& edit : {stale_segment, too_far, flushed_back, unknown, beyond,
                                    malformed, flush(table(50, "a", "b", 15, 30))}) {
        CHECK(manifest->apply(edit).is(Code::kCorruption));
    }
    CHECK(fs->journal_text("db", from).empty());
    CHECK_FALSE(manifest->in_doubt());
    CHECK(describe(*manifest->current()) == "L0: 3 2");
    CHECK(manifest->apply(segment_created(4)).is_ok());
    CHECK(manifest->counters().last_created_segment == 5);
}

TEST_CASE(
    "manifest: regression row 12: a table is obsolete when no version refers to it any more") {
    const auto fs = make_disk();
    const auto manifest = store_with_tables(*fs);
    VersionPtr reader = manifest->current();
    VersionEdit merge;
    merge.remove(0, 2);
    merge.remove(0, 3);
    merge.add(1, table(manifest->allocate_file_number(), "a", "z", 1, 20));
    REQUIRE(manifest->apply(merge).is_ok());
    CHECK(obsolete_names(*manifest).empty());
    FileMetaPtr one = reader->files(0)[0];
    reader.reset();
    CHECK(obsolete_names(*manifest) == std::vector<std::string>{"000002.sst"});
    one.reset();
    CHECK(obsolete_names(*manifest) == std::vector<std::string>{"000003.sst"});
}

TEST_CASE("manifest: a table that changes its level is not obsolete") {
    const auto fs = make_disk();
    const auto manifest = make_store(*fs);
    const FileMeta meta = table(manifest->allocate_file_number(), "a", "b", 1, 2);
    REQUIRE(manifest->apply(flush(meta)).is_ok());
    VersionEdit move;
    move.remove(0, meta.number);
    move.add(1, meta);
    REQUIRE(manifest->apply(move).is_ok());
    CHECK(describe(*manifest->current()) == "L1: 2");
    CHECK(obsolete_names(*manifest).empty());
    CHECK(describe(*Manifest::open(*fs, "db", true).value()->current()) == "L1: 2");
}

TEST_CASE("manifest: a read-only one takes no edits") {
    const auto fs = make_disk();
    store_with_tables(*fs);
    const auto manifest = Manifest::open(*fs, "db", true).value();
    CHECK(manifest->apply(segment_created(1)).is(Code::kReadOnly));
    CHECK(manifest->in_doubt());
}

TEST_CASE("manifest: the worked example of the document is what this code writes") {
    const auto fs = make_disk();
    const auto manifest = Manifest::create_new(*fs, "db", 0x1122334455667788).value();
    VersionEdit edit = flush(table(manifest->allocate_file_number(), "apple", "pear", 1, 3));
    edit.added[0].meta.checksum = 0xCAFE;
    edit.added[0].meta.tombstones = 1;
    edit.oldest_segment = 2;
    edit.last_created_segment = 2;
    REQUIRE(manifest->apply(edit).is_ok());
    const std::string written = fs->read_file(manifest_path(1)).value();
    CHECK(to_hex(written) == to_hex(doc_bytes("manifest_format.md", "manifest")));
}

}  // namespace
}  // namespace kv

// kvtool stat and verify: what a sound store looks like, and that every planted damage is found,
// named and exit code 1.
// SPDX-License-Identifier: Apache-2.0
#include "tools/verify.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "sstable/table_reader.h"
#include "tools/small_store.h"

namespace kv {
namespace {

using test::run_tool;
using test::SmallStore;
using test::ToolRun;

ToolRun verify(FileSystem& fs) { return run_tool(fs, {"verify", "db"}); }

/// Runs verify, which must find damage and say each of `words`.
void expect_damage(SmallStore& store, std::initializer_list<const char*> words) {
    const ToolRun run = verify(store.fs);
    CAPTURE(run.out, run.err);
    CHECK(run.code == 1);
    CHECK(run.out.find("DAMAGE ") == 0);
    for (const char* word : words) CHECK(run.out.find(word) != std::string::npos);
}

}  // namespace

TEST_CASE("kvtool stat: levels, seqnos and log at a glance") {
    SmallStore store;
    const ToolRun run = run_tool(store.fs, {"stat", "db"});
    CHECK(run.err.empty());
    CHECK(run.code == 0);
    const uint64_t bytes = *store.fs.file_size("db/000002.sst");
    const uint64_t manifest_bytes = *store.fs.file_size("db/MANIFEST-000001");
    const auto table = TableReader::open(store.fs, "db/000002.sst", 2, nullptr);
    const uint64_t content_bytes = (*table)->properties().content_bytes;
    char row[128];
    std::snprintf(
        row, sizeof row, "        1 %14llu %14llu  none                  5            1  1 to 5\n",
        static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(content_bytes));
    CHECK(run.out ==
          "directory:          db\n"
          "database:           0x000000000000abcd\n"
          "locked:             no\n"
          "manifest:           MANIFEST-000001, " +
              std::to_string(manifest_bytes) +
              " bytes\n"
              "next file number:   3\n"
              "flushed seqno:      5\n"
              "log:                segments 1 to 1 in use, 1 files, 4096 bytes\n"
              "level    tables          bytes        content  codecs          entries   "
              "tombstones  seqnos\n"
              "0     " +
              row + "total " + row);
    const auto json = nlohmann::json::parse(run_tool(store.fs, {"stat", "db", "--json"}).out);
    CHECK(json["levels"][0]["entries"] == 5);
    CHECK(json["total"]["bytes"] == bytes);
    CHECK(json["total"]["content_bytes"] == content_bytes);
    CHECK(json["levels"][0]["codecs"]["none"] == 1);
    CHECK(json["log"]["last_created_segment"] == 1);
    CHECK(json["locked"] == false);
}

TEST_CASE("kvtool stat: a table that cannot be opened is counted, not an error") {
    SmallStore store;
    store.fs.corrupt("db/000002.sst", *store.fs.file_size("db/000002.sst") - 1);
    const ToolRun run = run_tool(store.fs, {"stat", "db", "--json"});
    CHECK(run.code == 0);
    const auto json = nlohmann::json::parse(run.out);
    CHECK(json["total"]["tables"] == 1);
    CHECK(json["total"]["unreadable_tables"] == 1);
    CHECK(json["total"]["content_bytes"] == 0);
    CHECK(run_tool(store.fs, {"stat", "db"}).out.find("  ? ") != std::string::npos);
}

TEST_CASE("kvtool verify: a sound store is clean and stays untouched") {
    SmallStore store;
    const auto files = store.fs.files();
    const uint64_t start = store.fs.operation_count();
    const ToolRun run = verify(store.fs);
    CHECK(run.err.empty());
    CHECK(run.code == 0);
    CHECK(run.out.find("1 tables, 5 entries, ") == 0);
    CHECK(run.out.find("log: 1 segments, 2 batches, ") != std::string::npos);
    CHECK(run.out.find("last seqno 8\nclean: db\n") != std::string::npos);
    CHECK(store.fs.journal_text("", start).empty());
    CHECK(store.fs.files() == files);
    const auto json = nlohmann::json::parse(run_tool(store.fs, {"verify", "db", "--json"}).out);
    CHECK(json["clean"] == true);
    CHECK(json["damage"].empty());
    CHECK(json["last_seqno"] == 8);
}

TEST_CASE("kvtool verify and stat: what is no data directory is exit code 3") {
    SmallStore store;
    REQUIRE(store.fs.create_dir("empty").is_ok());
    store.fs.write_file("other/notes.txt", "hello");
    for (const char* command : {"stat", "verify"}) {
        for (const char* dir : {"nowhere", "empty", "other"}) {
            const ToolRun run = run_tool(store.fs, {command, dir});
            CHECK(run.code == 3);
            CHECK(run.err.find(dir) != std::string::npos);
        }
    }
}

TEST_CASE("kvtool verify: every flipped byte of a table is found") {
    SmallStore store;
    const uint64_t size = *store.fs.file_size("db/000002.sst");
    for (uint64_t offset = 0; offset < size; ++offset) {
        store.fs.corrupt("db/000002.sst", offset, 0x10);
        const ToolRun run = verify(store.fs);
        CAPTURE(offset, run.out);
        CHECK(run.code == 1);
        CHECK(run.out.find("DAMAGE 000002.sst: ") == 0);
        store.fs.corrupt("db/000002.sst", offset, 0x10);
    }
    CHECK(verify(store.fs).code == 0);
}

TEST_CASE("kvtool verify: all damaged blocks of a table are listed, with their offsets") {
    SmallStore store;
    const ToolRun blocks = run_tool(store.fs, {"sst", "db/000002.sst", "--blocks", "--json"});
    std::istringstream in(blocks.out);
    std::vector<uint64_t> offsets;
    for (std::string line; std::getline(in, line);) {
        offsets.push_back(nlohmann::json::parse(line)["offset"]);
    }
    REQUIRE(offsets.size() >= 2);
    store.fs.corrupt("db/000002.sst", offsets[0] + 1);
    store.fs.corrupt("db/000002.sst", offsets[1] + 1);
    const ToolRun run = run_tool(store.fs, {"verify", "db", "--json"});
    CHECK(run.code == 1);
    const auto damage = nlohmann::json::parse(run.out)["damage"];
    REQUIRE(damage.size() == 2);
    for (size_t i = 0; i < 2; ++i) {
        CHECK(damage[i]["file"] == "000002.sst");
        CHECK(damage[i]["offset"] == offsets[i]);
        CHECK(damage[i]["code"] == "corruption");
    }
}

TEST_CASE("kvtool verify: a missing table, segment or CURRENT is damage") {
    SmallStore store;
    SECTION("table") {
        REQUIRE(store.fs.remove("db/000002.sst").is_ok());
        expect_damage(store, {"000002.sst", "not there"});
    }
    SECTION("segment") {
        REQUIRE(store.fs.remove("db/000001.wal").is_ok());
        expect_damage(store, {"the log", "000001.wal"});
    }
    SECTION("CURRENT") {
        REQUIRE(store.fs.remove("db/CURRENT").is_ok());
        expect_damage(store, {"CURRENT"});
    }
    SECTION("MANIFEST") {
        REQUIRE(store.fs.remove("db/MANIFEST-000001").is_ok());
        expect_damage(store, {"MANIFEST-000001"});
    }
}

TEST_CASE("kvtool verify: damage in CURRENT, MANIFEST or log is found and named") {
    SmallStore store;
    SECTION("CURRENT") {
        store.fs.corrupt("db/CURRENT", 8);
        expect_damage(store, {"CURRENT"});
    }
    SECTION("first edit of the MANIFEST") {
        store.fs.corrupt("db/MANIFEST-000001", 50);
        expect_damage(store, {"MANIFEST-000001", "offset"});
    }
    SECTION("log record that was durable") {
        store.fs.corrupt("db/000001.wal", 70);
        expect_damage(store, {"000001.wal", "offset 64"});
    }
    SECTION("header of the segment") {
        store.fs.corrupt("db/000001.wal", 20);
        expect_damage(store, {"000001.wal"});
    }
}

TEST_CASE("kvtool verify: without a MANIFEST the tables are still checked, each by itself") {
    SmallStore store;
    REQUIRE(store.fs.remove("db/CURRENT").is_ok());
    store.fs.corrupt("db/000002.sst", 3);
    const ToolRun run = run_tool(store.fs, {"verify", "db", "--json"});
    const auto json = nlohmann::json::parse(run.out);
    REQUIRE(json["damage"].size() == 2);
    CHECK(json["damage"][1]["file"] == "000002.sst");
}

TEST_CASE("kvtool verify: torn tails and leftovers are notes, not damage") {
    SmallStore store;
    store.fs.corrupt("db/000001.wal", 140);  // the last record
    store.fs.write_file("db/000077.sst", "unfinished");
    store.fs.write_file("db/notes.txt", "hello");
    const ToolRun run = verify(store.fs);
    CHECK(run.code == 0);
    CHECK(run.out.find("torn tail of 63 bytes at offset 136") != std::string::npos);
    CHECK(run.out.find("note: 000077.sst: not part of the store") != std::string::npos);
    CHECK(run.out.find("note: notes.txt: not part of the store") != std::string::npos);
    CHECK(run.out.find("last seqno 7\nclean: db\n") != std::string::npos);
}

TEST_CASE("kvtool verify: a table that is sound but not the one that the MANIFEST means") {
    SmallStore store;
    OutputSet outputs(store.fs, "db", {}, [&] { return store.manifest->allocate_file_number(); });
    REQUIRE(outputs.add(make_internal_key("kiwi", 9, Kind::kPut), "green").is_ok());
    REQUIRE(outputs.close_output().is_ok());
    FileMeta meta = outputs.files().at(0);
    meta.tombstones = 1;
    VersionEdit edit;
    edit.flushed_seqno = 9;
    edit.add(0, meta);
    REQUIRE(store.manifest->apply(edit).to_string() == "ok");
    expect_damage(store, {"000003.sst", "number of tombstones"});
}

}  // namespace kv

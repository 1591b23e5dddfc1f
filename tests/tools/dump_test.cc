// kvtool's dumps against a small store: text and JSON to the letter.
// SPDX-License-Identifier: Apache-2.0
#include "tools/dump.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tools/small_store.h"

namespace kv {
namespace {

using test::run_tool;
using test::SmallStore;
using test::ToolRun;

std::string lines(std::initializer_list<const char*> all) {
    std::string text;
    for (const char* line : all) text += std::string(line) + "\n";
    return text;
}

}  // namespace

TEST_CASE("kvtool sst: one key -> value a line, tombstones with a dagger, bytes escaped") {
    SmallStore store;
    const ToolRun run = run_tool(store.fs, {"sst", "db/000002.sst"});
    CHECK(run.code == 0);
    CHECK(run.err.empty());
    CHECK(run.out == lines({"apple -> red", "apple -> green", "bin\\x01\\xff -> \\xffraw",
                            "cherry †", "date -> soon (expires 1700000000000)"}));
}

TEST_CASE("kvtool sst: options choose how much of it") {
    SmallStore store;
    CHECK(run_tool(store.fs, {"sst", "db/000002.sst", "--seqnos", "--limit", "2"}).out ==
          "apple@4 -> red\napple@1 -> green\n");
    CHECK(run_tool(store.fs, {"sst", "db/000002.sst", "--limit=1", "--value-limit=1"}).out ==
          "apple -> r...\n");
}

TEST_CASE("kvtool sst --json: an object a line, base64 where bytes are not text") {
    SmallStore store;
    CHECK(run_tool(store.fs, {"sst", "--json", "db/000002.sst"}).out ==
          lines({R"({"key":"apple","seqno":4,"kind":"put","value":"red"})",
                 R"({"key":"apple","seqno":1,"kind":"put","value":"green"})",
                 R"({"key_base64":"YmluAf8=","seqno":2,"kind":"put","value_base64":"/3Jhdw=="})",
                 R"({"key":"cherry","seqno":5,"kind":"delete"})",
                 R"({"key":"date","seqno":3,"kind":"put_with_expiry",)"
                 R"("expiry_ms":1700000000000,"value":"soon"})"}));
}

TEST_CASE("kvtool sst: range deletes come first, of a table that holds nothing else too") {
    SmallStore store;
    OutputSet outputs(store.fs, "db", {}, [] { return 9; });
    REQUIRE(outputs.add_range_tombstone({"a", "c\x01", 7}).is_ok());
    REQUIRE(outputs.close_output().is_ok());
    CHECK(run_tool(store.fs, {"sst", "db/000009.sst"}).out == "a .. c\\x01 †\n");
    CHECK(run_tool(store.fs, {"sst", "db/000009.sst", "--seqnos"}).out == "a@7 .. c\\x01 †\n");
    CHECK(run_tool(store.fs, {"sst", "db/000009.sst", "--json"}).out ==
          "{\"seqno\":7,\"kind\":\"range_delete\",\"key\":\"a\",\"end\":\"c\\u0001\"}\n");
}

TEST_CASE("kvtool sst: properties and blocks") {
    SmallStore store;
    const ToolRun text = run_tool(store.fs, {"sst", "db/000002.sst", "--properties"});
    CHECK(text.out.find("entries: 5\ntombstones: 1\n") != std::string::npos);
    CHECK(text.out.find("smallest: apple@4\nlargest: date@3\n") != std::string::npos);
    const ToolRun both = run_tool(store.fs, {"sst", "db/000002.sst", "--properties", "--json"});
    const auto json = nlohmann::json::parse(both.out);
    CHECK(json["file_number"] == 2);
    CHECK(json["reason"] == "flush");
    CHECK(json["largest"]["key"] == "date");
    const ToolRun blocks = run_tool(store.fs, {"sst", "db/000002.sst", "--blocks"});
    CHECK(blocks.out.find("block 0: offset 0, ") == 0);
    CHECK(blocks.out.find("block 1: ") != std::string::npos);
    CHECK(blocks.out.find("DAMAGED") == std::string::npos);
}

TEST_CASE("kvtool sst: a renamed table still reads") {
    SmallStore store;
    store.fs.write_file("copy", *store.fs.read_file("db/000002.sst"));
    CHECK(run_tool(store.fs, {"sst", "copy", "--limit", "1"}).out == "apple -> red\n");
}

TEST_CASE("kvtool sst: damage ends the dump with exit code 1, file and offset") {
    SmallStore store;
    store.fs.corrupt("db/000002.sst", 3);
    const ToolRun run = run_tool(store.fs, {"sst", "db/000002.sst"});
    CHECK(run.code == 1);
    CHECK(run.out.empty());
    CHECK(run.err.find("corruption: ") != std::string::npos);
    CHECK(run.err.find("db/000002.sst") != std::string::npos);
    CHECK(run.err.find("offset 0") != std::string::npos);
    const ToolRun blocks = run_tool(store.fs, {"sst", "db/000002.sst", "--blocks"});
    CHECK(blocks.code == 1);
    CHECK(blocks.out.find("DAMAGED\nblock 1: ") != std::string::npos);
}

TEST_CASE("kvtool wal: header, commit groups with their mutations, end") {
    SmallStore store;
    const ToolRun run = run_tool(store.fs, {"wal", "db/000001.wal"});
    CHECK(run.err.empty());
    CHECK(run.code == 0);
    CHECK(run.out ==
          lines({"segment 1: format 2, database 0x000000000000abcd, the first",
                 "offset 64: commit group, seqnos 6 to 7, batches 1, payload 21 bytes, epoch 1, "
                 "synced to 0",
                 "  6 fig -> purple", "  7 grape †",
                 "offset 136: commit group, seqnos 8 to 8, batches 1, payload 15 bytes, epoch 1, "
                 "synced to 136",
                 "  8 h -> \\x02 (expires 1700000000001)", "end at offset 200"}));
    CHECK(run_tool(store.fs, {"wal", "db/000001.wal", "--headers", "--limit", "1"}).out ==
          lines({"segment 1: format 2, database 0x000000000000abcd, the first",
                 "offset 64: commit group, seqnos 6 to 7, batches 1, payload 21 bytes, epoch 1, "
                 "synced to 0"}));
}

TEST_CASE("kvtool wal --json: every line is an object") {
    SmallStore store;
    const ToolRun run = run_tool(store.fs, {"wal", "db/000001.wal", "--json"});
    std::istringstream in(run.out);
    std::vector<nlohmann::json> objects;
    for (std::string line; std::getline(in, line);) objects.push_back(nlohmann::json::parse(line));
    REQUIRE(objects.size() == 7);
    CHECK(objects[0]["segment"] == 1);
    CHECK(objects[1]["last_seqno"] == 7);
    CHECK(objects[2] ==
          nlohmann::json{{"seqno", 6}, {"kind", "put"}, {"key", "fig"}, {"value", "purple"}});
    CHECK(objects[3]["kind"] == "delete");
    CHECK(objects[5]["expiry_ms"] == 1'700'000'000'001);
    CHECK(objects[6] == nlohmann::json{{"end", 200}, {"torn", false}, {"bytes_dropped", 0}});
}

TEST_CASE("kvtool wal: a torn tail is told from damage") {
    SmallStore store;
    store.fs.corrupt("db/000001.wal", 140);  // in the last record
    const ToolRun torn = run_tool(store.fs, {"wal", "db/000001.wal"});
    CHECK(torn.code == 0);
    CHECK(torn.out.find("end at offset 136: torn, the 63 bytes") != std::string::npos);
    store.fs.corrupt("db/000001.wal", 140);
    store.fs.corrupt("db/000001.wal", 70);  // in the first, which the second proves durable
    const ToolRun damaged = run_tool(store.fs, {"wal", "db/000001.wal"});
    CHECK(damaged.code == 1);
    CHECK(damaged.err.find("offset 64") != std::string::npos);
}

TEST_CASE("kvtool wal: a prepared segment is no damage") {
    SmallStore store;
    store.fs.write_file("db/000002.wal", std::string(4096, '\0'));
    CHECK(run_tool(store.fs, {"wal", "db/000002.wal"}).out == "segment 2: prepared, never used\n");
}

TEST_CASE("kvtool manifest: edit by edit") {
    SmallStore store;
    const ToolRun run = run_tool(store.fs, {"manifest", "db/MANIFEST-000001"});
    CHECK(run.err.empty());
    CHECK(run.code == 0);
    CHECK(run.out.find("offset 0: format_version 1, database_id 0x000000000000abcd") == 0);
    CHECK(run.out.find("last_created_segment 1, flushed_seqno 5\n"
                       "  + level 0 000002.sst: ") != std::string::npos);
    CHECK(run.out.find(" bytes, 5 entries, 1 tombstones, seqnos 1 to 5, keys apple@4 to date@3, "
                       "checksum 0x") != std::string::npos);
    CHECK(run.out.find("expires from 1700000000000, by flush\nend at offset ") !=
          std::string::npos);
    const ToolRun json = run_tool(store.fs, {"manifest", "db/MANIFEST-000001", "--json"});
    std::istringstream in(json.out);
    std::string first, second;
    std::getline(in, first);
    std::getline(in, second);
    CHECK(nlohmann::json::parse(second)["added"][0]["smallest"]["key"] == "apple");
}

TEST_CASE("kvtool: dumps of missing or foreign files fail with a reason") {
    SmallStore store;
    for (const char* command : {"sst", "wal"}) {
        const ToolRun run = run_tool(store.fs, {command, "db/000099.sst"});
        CHECK(run.code == 1);
        CHECK(run.err.find("000099.sst") != std::string::npos);
    }
    store.fs.write_file("note.txt", "hello");
    CHECK(run_tool(store.fs, {"sst", "note.txt"}).code == 1);
    CHECK(run_tool(store.fs, {"wal", "note.txt"}).code == 1);
    CHECK(run_tool(store.fs, {"manifest", "note.txt"}).code == 2);
}

TEST_CASE("kvtool: usage errors are exit code 2, help and version are not errors") {
    test::CrashFileSystem fs;
    CHECK(run_tool(fs, {}).code == 2);
    CHECK(run_tool(fs, {"repair", "db"}).code == 2);  // not in this version, so not offered
    CHECK(run_tool(fs, {"sst"}).code == 2);
    CHECK(run_tool(fs, {"sst", "f", "--limit", "many"}).code == 2);
    const auto help = run_tool(fs, {"--help"});
    CHECK(help.code == 0);
    CHECK_THAT(help.out, Catch::Contains("exit codes: 0 all is well, 1 damage"));
    CHECK(run_tool(fs, {"--version"}).out.find("kvtool ") == 0);
    CHECK(run_tool(fs, {"bench", "--benchmarks=fastest"}).code == 2);
}

}  // namespace kv

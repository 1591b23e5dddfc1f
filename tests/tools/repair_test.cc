// kvtool repair: what is saved and what is reported lost, for each kind of planted damage. The copy
// must open as a store and hold exactly what survived; the original must not change by a byte.
// SPDX-License-Identifier: Apache-2.0
#include "tools/repair.h"

#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "db/db_fixture.h"
#include "sstable/table_format.h"
#include "support/seed.h"
#include "tools/small_store.h"
#include "wal/segment_format.h"

namespace kv {
namespace {

using Model = std::map<std::string, std::string>;
using nlohmann::json;
using test::CrashFileSystem;
using test::run_tool;
using test::ToolRun;

/// A closed store with tables on several levels and writes that only the log has; and every write,
/// one a seqno, so that what a partial copy must hold can be worked out.
class DamagedStore {
  public:
    explicit DamagedStore(uint32_t block_size = 512) {
        store_.options_.block_size_bytes = block_size;
        store_.options_.memtable_bytes = 256U << 10;  // flushed when told to
        Random random(5);
        for (int round = 0; round < 6; ++round) {
            for (int i = 0; i < 400; ++i) write(random);
            if (round < 5) REQUIRE(store_.db().flush().is_ok());
            if (round == 2) REQUIRE(store_.db().compact_all().is_ok());
        }
        store_.close();
    }

    CrashFileSystem& fs() { return *store_.disk_; }

    /// What reads show when the writes in [lost_first, lost_last] never happened.
    Model model(Seqno lost_first = 0, Seqno lost_last = 0) const {
        Model model;
        for (size_t i = 0; i < ops_.size(); ++i) {
            const Seqno seqno = i + 1;
            if (seqno >= lost_first && seqno <= lost_last) continue;
            const auto& [key, value] = ops_[i];
            if (value.empty()) {
                model.erase(key);
            } else {
                model[key] = value;
            }
        }
        return model;
    }

    std::vector<std::string> files_ending(const std::string& suffix) {
        std::vector<std::string> found;
        for (const std::string& name : fs().files("db")) {
            if (name.size() > suffix.size() &&
                name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0) {
                found.push_back("db/" + name);
            }
        }
        return found;
    }

    /// The table with the most entries.
    std::string largest_table() {
        std::string largest;
        uint64_t size = 0;
        for (const std::string& path : files_ending(".sst")) {
            if (*fs().file_size(path) > size) {
                size = *fs().file_size(path);
                largest = path;
            }
        }
        return largest;
    }

    std::map<std::string, std::string> bytes() {
        std::map<std::string, std::string> all;
        for (const std::string& name : fs().files("db")) all[name] = *fs().read_file("db/" + name);
        return all;
    }

    /// Runs repair from db to out and checks what always holds; its report.
    json repair(int expected_code) {
        const auto before = bytes();
        const ToolRun run = run_tool(fs(), {"repair", "db", "--out", "out", "--json"});
        CAPTURE(run.out, run.err);
        REQUIRE(run.code == expected_code);
        CHECK(bytes() == before);
        CHECK(run_tool(fs(), {"verify", "out"}).code == 0);
        return json::parse(run.out);
    }

    /// What the copy shows to readers.
    Model saved() {
        Options options = store_.options_;
        auto db = Db::open(options, "out");
        CAPTURE(db.status().to_string());
        REQUIRE(db.is_ok());
        Model model;
        const auto it = (*db)->new_iterator();
        for (it->seek_to_first(); it->valid(); it->next()) {
            model[std::string(it->key())] = std::string(it->value());
        }
        REQUIRE(it->status().is_ok());
        return model;
    }

    /// The copy and the model agree on every key outside of the losses' ranges.
    void check_outside(const json& report, const Model& expected, const Model& found) {
        const auto is_lost = [&](const std::string& key) {
            for (const json& loss : report["lost"]) {
                if (!loss.contains("first_key")) continue;
                if (key >= loss["first_key"] && key <= loss["last_key"]) return true;
            }
            return false;
        };
        for (const auto& [key, value] : expected) {
            CAPTURE(key);
            if (is_lost(key)) continue;
            REQUIRE(found.count(key) == 1);
            CHECK(found.at(key) == value);
        }
        for (const auto& [key, value] : found) {
            CAPTURE(key);
            CHECK((is_lost(key) || expected.count(key) == 1));
        }
    }

  private:
    void write(Random& random) {
        const std::string key = "key" + std::to_string(random.below(700) + 1000);
        const bool deletes = random.one_in(5);
        const std::string value = deletes ? "" : test::random_bytes(random, 20 + random.below(60));
        const WriteResult result = deletes ? store_.db().del(key) : store_.put(key, value);
        REQUIRE(result.status.is_ok());
        REQUIRE(result.last_seqno == ops_.size() + 1);
        ops_.emplace_back(key, value);
    }

    test::DbFixture store_;
    std::vector<std::pair<std::string, std::string>> ops_;  // an empty value is a delete
};

}  // namespace

TEST_CASE("kvtool repair: a sound store is copied whole") {
    DamagedStore store;
    const json report = store.repair(0);
    CHECK(report["all_saved"] == true);
    CHECK(report["manifest_read"] == true);
    CHECK(report["tables_rewritten"] == 0);
    CHECK(report["log_batches"] > 0);
    CHECK(store.saved() == store.model());
}

TEST_CASE("kvtool repair: the copy survives a power failure right after") {
    DamagedStore store;
    SECTION("in a new directory") {}
    SECTION("in an empty one whose name nobody had synced") {
        REQUIRE(store.fs().create_dir("out").is_ok());
    }
    store.repair(0);
    const auto survivor = store.fs().clone_after_crash(test::CrashOptions::lose_all());
    CHECK(run_tool(*survivor, {"verify", "out"}).code == 0);
}

TEST_CASE("kvtool repair: a damaged block costs its own keys alone") {
    DamagedStore store;
    const std::string table = store.largest_table();
    store.fs().corrupt(table, 700);
    const json report = store.repair(1);
    CHECK(report["tables_rewritten"] == 1);
    REQUIRE(report["lost"].size() == 1);
    const json& loss = report["lost"][0];
    CHECK("db/" + std::string(loss["file"]) == table);
    CHECK(loss["offset"] <= 700);
    CHECK(loss["offset"].get<uint64_t>() + loss["bytes"].get<uint64_t>() > 700);
    CHECK(loss["entries"] > 0);
    CHECK(loss["entries"] < 40);
    store.check_outside(report, store.model(), store.saved());
}

TEST_CASE("kvtool repair: a table without its tail gives its blocks") {
    const auto block_size = GENERATE(512U, 4096U);  // the latter's end with pages
    CAPTURE(block_size);
    DamagedStore store(block_size);
    const std::string table = store.largest_table();
    std::string bytes = *store.fs().read_file(table);
    size_t lost_at_most = 0;
    SECTION("cut in the middle") {
        bytes.resize(bytes.size() / 2);
        lost_at_most = bytes.size();
    }
    SECTION("the footer is damaged") { bytes[bytes.size() - 20] ^= 1; }
    SECTION("the index is damaged") { bytes[bytes.size() - 110] ^= 1; }
    SECTION("the index is damaged, and a block") {
        bytes[bytes.size() - 110] ^= 1;
        bytes[700] ^= 1;
        lost_at_most = 1;
    }
    store.fs().write_file(table, bytes);
    const bool loses = lost_at_most > 0;
    const json report = store.repair(loses ? 1 : 0);
    CHECK(report["tables_rewritten"] == 1);
    CHECK(report["lost"].empty() != loses);
    const Model found = store.saved();
    store.check_outside(report, store.model(), found);
    // Half of the largest table, or one block of it, is far from all.
    CHECK(found.size() > store.model().size() / 3);
}

TEST_CASE("kvtool repair: a damaged filter or index partition costs no key behind a large value") {
    test::DbFixture store;
    store.options_.memtable_bytes = 16U << 20;
    store.options_.table_bytes = 16U << 20;
    store.options_.compression = Compression::kNone;
    const auto block_size = GENERATE(4096U, 256U);  // the latter has a partitioned index
    store.options_.block_size_bytes = block_size;
    const auto key = [](int i) { return "key" + std::to_string(100'000 + i); };
    const int keys = block_size == 256 ? 90'000 : 8'000;
    for (int i = 0; i < keys; ++i) {
        const size_t bytes = i == keys / 2 ? 2U << 20 : 100U;
        REQUIRE(store.put(key(i), std::string(bytes, 'v'), Durability::kMemory).status.is_ok());
    }
    REQUIRE(store.db().flush().is_ok());
    store.close();
    const std::string table = [&] {
        for (const std::string& name : store.disk_->files("db"))
            if (name.ends_with(".sst")) return "db/" + name;
        return std::string();
    }();
    const std::string bytes = *store.disk_->read_file(table);
    const auto footer_at = bytes.size() - sstable::kFooterBytes;
    const auto footer = sstable::parse_footer(Bytes(bytes).substr(footer_at), footer_at);
    REQUIRE(footer.is_ok());
    const bool partitioned = (footer->flags & sstable::kPartitionedIndexFlag) != 0;
    CHECK(partitioned == (block_size == 256));
    // Of a partitioned index, the last partition lies in front of the filter block.
    store.disk_->corrupt(table,
                         partitioned ? footer->filter.offset - 100 : footer->filter.offset + 100);
    const ToolRun run = run_tool(*store.disk_, {"repair", "db", "--out", "out", "--json"});
    CAPTURE(block_size, run.out, run.err);
    auto copy = Db::open(store.options_, "out");
    REQUIRE(copy.is_ok());
    int found = 0;
    for (int i = 0; i < keys; ++i) found += (*copy)->get(key(i), {})->has_value() ? 1 : 0;
    CHECK(found == keys);
}

TEST_CASE("kvtool repair: a missing table is a loss of the keys that the MANIFEST gives it") {
    DamagedStore store;
    const std::string table = store.largest_table();
    REQUIRE(store.fs().remove(table).is_ok());
    const json report = store.repair(1);
    CHECK(report["tables_lost"] == 1);
    REQUIRE(report["lost"].size() == 1);
    CHECK("db/" + std::string(report["lost"][0]["file"]) == table);
    CHECK(report["lost"][0]["first_key"] >= "key1000");
    CHECK(report["lost"][0]["first_seqno"] > 0);
    store.check_outside(report, store.model(), store.saved());
}

TEST_CASE("kvtool repair: without CURRENT the newest MANIFEST serves and nothing is lost") {
    DamagedStore store;
    REQUIRE(store.fs().remove("db/CURRENT").is_ok());
    const json report = store.repair(0);
    CHECK(report["manifest_read"] == true);
    CHECK(report["notes"].size() == 1);
    CHECK(store.saved() == store.model());
}

TEST_CASE("kvtool repair: without a MANIFEST tables and log are merged and newer versions win") {
    DamagedStore store;
    SECTION("missing") {
        for (const std::string& name : store.fs().files("db")) {
            if (name.find("MANIFEST") == 0) REQUIRE(store.fs().remove("db/" + name).is_ok());
        }
    }
    SECTION("damaged") {
        for (const std::string& name : store.fs().files("db")) {
            if (name.find("MANIFEST") == 0) store.fs().corrupt("db/" + name, 60);
        }
    }
    const json report = store.repair(1);
    CHECK(report["manifest_read"] == false);
    CHECK(report["lost"].size() == 1);
    CHECK(store.saved() == store.model());
    CHECK(run_tool(store.fs(), {"stat", "out"}).out.find("\n6 ") != std::string::npos);
}

TEST_CASE("kvtool repair: records behind damage in the log are saved, the gap is named") {
    DamagedStore store;
    const std::string segment = store.files_ending(".wal").front();
    const std::string bytes = *store.fs().read_file(segment);
    const size_t end = bytes.find_last_not_of('\0');
    const size_t at = end / 2;
    store.fs().corrupt(segment, at);
    const json report = store.repair(1);
    REQUIRE(report["lost"].size() == 1);
    const json& loss = report["lost"][0];
    CHECK(loss["offset"] <= at);
    CHECK(loss["first_seqno"] == loss["last_seqno"]);
    CHECK(store.saved() == store.model(loss["first_seqno"], loss["last_seqno"]));
}

TEST_CASE("kvtool repair: a torn tail is no loss") {
    DamagedStore store;
    // The one in use; a prepared one follows.
    const std::string segment = store.files_ending(".wal").front();
    std::string bytes = *store.fs().read_file(segment);
    const size_t end = bytes.find_last_not_of('\0') + 1;
    bytes.insert((end + 7) / 8 * 8, "half a record");
    store.fs().write_file(segment, bytes);
    const json report = store.repair(0);
    REQUIRE(report["notes"].size() == 1);
    CHECK(std::string(report["notes"][0]).find("torn tail") != std::string::npos);
    CHECK(store.saved() == store.model());
}

TEST_CASE("kvtool repair: whole records behind a torn tail were never durable and stay out") {
    // Two writes that no sync covered, of which only the second reached the disk whole.
    test::DbFixture store;
    REQUIRE(store.put("a", "durable").status.is_ok());
    REQUIRE(store.put("b", "torn", Durability::kOs).status.is_ok());
    const std::string before = *store.disk_->read_file("db/000001.wal");
    REQUIRE(store.put("c", "behind", Durability::kOs).status.is_ok());
    const auto killed = store.disk_->clone_after_crash(test::CrashOptions::keep_all());
    killed->corrupt("db/000001.wal", before.find("torn"));
    const ToolRun run = run_tool(*killed, {"repair", "db", "--out", "out", "--json"});
    CAPTURE(run.out, run.err);
    CHECK(run.code == 0);
    const json report = json::parse(run.out);
    CHECK(report["log_batches"] == 1);
    REQUIRE(report["notes"].size() == 1);
    CHECK(std::string(report["notes"][0]).find("torn tail") != std::string::npos);
}

TEST_CASE("kvtool repair: a segment begun before a tail that was never durable goes with it") {
    test::DbFixture store;
    store.options_.wal_segment_bytes = 4U << 10;
    REQUIRE(store.put("a", "durable").status.is_ok());
    const std::string value(1500, 'v');
    REQUIRE(store.put("b", value, Durability::kOs).status.is_ok());
    const std::string before = *store.disk_->read_file("db/000001.wal");
    REQUIRE(store.put("c", "torn", Durability::kOs).status.is_ok());
    REQUIRE(store.put("d", value + value, Durability::kOs).status.is_ok());
    const auto killed = store.disk_->clone_after_crash(test::CrashOptions::keep_all());
    killed->corrupt("db/000001.wal", before.find_last_not_of('\0') + 60);
    const auto verified = run_tool(*killed, {"verify", "db"});
    CAPTURE(verified.out);
    CHECK(verified.code == 0);
    CHECK(verified.out.find("000002.wal: begun before that was durable") != std::string::npos);
    const ToolRun run = run_tool(*killed, {"repair", "db", "--out", "out", "--json"});
    CAPTURE(run.out, run.err);
    CHECK(run.code == 0);
    const json report = json::parse(run.out);
    CHECK(report["log_batches"] == 2);
    REQUIRE(report["notes"].size() == 2);
    CHECK(report["notes"][1] == "000002.wal: begun before that was durable; dropped with it");
}

TEST_CASE("kvtool repair: a log segment of another database is left out and said so") {
    DamagedStore store;
    const std::string segment = store.files_ending(".wal").front();
    std::string bytes = *store.fs().read_file(segment);
    wal::SegmentHeader header;
    const uint64_t number = parse_file_name(segment.substr(3)).number;
    REQUIRE(wal::decode_segment_header(bytes.substr(0, wal::kSegmentHeaderBytes), number, header) ==
            wal::HeaderState::kValid);
    ++header.database_id;
    wal::encode_segment_header(header, bytes.data());
    store.fs().write_file(segment, bytes);
    const json report = store.repair(1);
    CHECK(report["log_batches"] == 0);
    REQUIRE(report["lost"].size() >= 1);
    CHECK(std::string(report["lost"][0]["what"]).find("another database") != std::string::npos);
}

TEST_CASE("kvtool repair: a missing log segment is a loss, the others are saved") {
    DamagedStore store;
    const auto segments = store.files_ending(".wal");
    REQUIRE_FALSE(segments.empty());
    REQUIRE(store.fs().remove(segments.front()).is_ok());
    const json report = store.repair(1);
    bool named = false;
    for (const json& loss : report["lost"]) {
        named = named || "db/" + std::string(loss["file"]) == segments.front();
    }
    CHECK(named);
}

TEST_CASE("kvtool repair: refuses what it must not or cannot do, and writes nothing then") {
    DamagedStore store;
    const auto code = [&](std::vector<std::string> arguments) {
        return run_tool(store.fs(), std::move(arguments)).code;
    };
    CHECK(code({"repair", "db", "--out", "db"}) == 2);
    CHECK(code({"repair", "db/", "--out", "./db"}) == 2);
    CHECK(code({"repair", "db", "--out", "db/copy"}) == 2);
    CHECK(code({"repair", "db", "--out", "db/../db/copy/"}) == 2);
    CHECK(code({"repair", "db"}) == 2);
    store.fs().write_file("full/precious", "data");
    CHECK(code({"repair", "db", "--out", "full"}) == 2);
    CHECK(code({"repair", "nowhere", "--out", "out"}) == 3);
    store.fs().set_capacity(store.fs().used_bytes() + 1000);
    const ToolRun run = run_tool(store.fs(), {"repair", "db", "--out", "out"});
    CHECK(run.code == 1);
    CHECK(run.err.find("bytes") != std::string::npos);
    CHECK(*store.fs().exists("out") == false);
    CHECK(store.fs().files("full").size() == 1);
}

TEST_CASE("kvtool repair: says what is lost in words") {
    DamagedStore store;
    store.fs().corrupt(store.largest_table(), 700);
    const ToolRun run = run_tool(store.fs(), {"repair", "db", "--out", "out"});
    CHECK(run.code == 1);
    CHECK(run.out.find("LOST ") == 0);
    CHECK(run.out.find(", keys key1") != std::string::npos);
    CHECK(run.out.find("1 losses") != std::string::npos);
}

TEST_CASE("kvtool repair: whatever the damage, the copy is a sound store") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 12; ++round) {
        DamagedStore store;
        const auto files = store.fs().files("db");
        for (uint64_t hits = 1 + random.below(5); hits > 0; --hits) {
            const std::string path = "db/" + files[random.below(files.size())];
            const uint64_t size = *store.fs().file_size(path);
            if (size == 0) continue;
            // The first bytes are where the data is: segments are mostly zeros.
            const uint64_t offset = random.below(std::min<uint64_t>(size, 8000));
            store.fs().corrupt(path, offset, static_cast<uint8_t>(1 + random.below(255)));
        }
        const auto before = store.bytes();
        const ToolRun run = run_tool(store.fs(), {"repair", "db", "--out", "out"});
        CAPTURE(round, run.out, run.err);
        CHECK((run.code == 0 || run.code == 1));
        CHECK(run.err.empty());
        CHECK(store.bytes() == before);
        CHECK(run_tool(store.fs(), {"verify", "out"}).code == 0);
        store.saved();
    }
}

}  // namespace kv

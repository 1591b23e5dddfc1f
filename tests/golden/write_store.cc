// Writes the golden store of today's formats, once for each format: see README.md.
// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/random.h"
#include "compaction/output.h"
#include "golden/golden_store.h"
#include "kv/keyspace_catalog.h"
#include "version/manifest.h"

using namespace kv;
using namespace kv::test;

namespace {

namespace stdfs = std::filesystem;

constexpr uint64_t kDayMs = 86'400'000;

std::string user_key(uint64_t i) { return "user:" + std::to_string(1000 + i); }

void write(Db& db, WriteBatch batch) { REQUIRE(db.write(std::move(batch)).status.is_ok()); }

/// Keyspaces: one with keys, one that is gone again, and a default key that is stored longer.
void fill_keyspaces(Db& db) {
    KeyspaceCatalog catalog;
    REQUIRE(catalog.open(db).is_ok());
    const auto orders = catalog.create(kKeyspaceName), dropped = catalog.create("dropped");
    REQUIRE(orders.status().is_ok());
    REQUIRE(dropped.status().is_ok());
    std::string scratch;
    WriteBatch batch;
    batch.put(orders->keyspace->space().stored("first", scratch), "in orders");
    batch.put(dropped->keyspace->space().stored("first", scratch), "not for long");
    batch.put(Keyspace().stored("\xFF", scratch), "behind FF");
    write(db, std::move(batch));
    REQUIRE(*catalog.drop("dropped"));
}

/// Fills a store so that tables of two levels, tombstones, range tombstones, old versions, entries
/// that expire before and after kReadAtMs, keyspaces, and a log of several segments all hold part
/// of it.
void fill(Db& db) {
    Random random(20240601);
    SnapshotPtr early;  // old versions stay in the compacted table
    for (uint64_t round = 0; round < 6; ++round) {
        WriteBatch batch;
        for (uint64_t i = round; i < 120; i += 1 + round)
            batch.put(user_key(i),
                      "round " + std::to_string(round) +
                          std::string(100 + random.below(60), static_cast<char>('a' + i % 26)));
        for (uint64_t i = 0; i < 8; ++i)
            batch.put_with_expiry("lease:" + std::to_string(round * 8 + i), "held",
                                  i % 2 == 0 ? kReadAtMs * 2 : kReadAtMs - 1000);
        for (uint64_t i = 0; i < 5; ++i) batch.del(user_key(round * 11 + i));
        if (round > 0) batch.delete_range(user_key(round * 15), Bytes(user_key(round * 15 + 5)));
        batch.put(Bytes("z\x00\xFF", 3), std::to_string(round));
        batch.increment("counter", static_cast<int64_t>(round));
        write(db, std::move(batch));
        if (round == 1) fill_keyspaces(db);
        REQUIRE(db.flush().is_ok());
        if (round == 0) early = db.snapshot();
        if (round == 2) REQUIRE(db.compact_all().is_ok());
    }
    WriteBatch tail;
    for (uint64_t i = 100; i < 110; ++i) tail.del(user_key(i));
    for (uint64_t i = 40; i < 60; ++i) tail.put(user_key(i), "from the log");
    tail.delete_prefix("user:103");
    tail.put_with_expiry("lease:gone", "x", kReadAtMs - 1);
    tail.put("large", std::string(2000, 'L'));
    write(db, std::move(tail));
    WriteBatch next_segment;
    next_segment.put("larger", std::string(10'000, 'M'));
    write(db, std::move(next_segment));
    WriteBatch last;
    last.put("largest", std::string(10'000, 'N'));
    last.delete_range("user:1090", "user:1092");
    write(db, std::move(last));
}

/// Adds tables to the last level, before all keys, as only a store of gigabytes would make them:
/// with an index and a filter in parts.
void add_partitioned_tables(FileSystem& fs) {
    auto manifest = Manifest::open(fs, "db", false);
    REQUIRE(manifest.status().is_ok());
    VersionEdit edit;
    for (const Codec codec : {Codec::kNone, Codec::kLz4, Codec::kZstd}) {
        TableOptions options;
        options.codec = codec;
        options.block_size_bytes = 256;
        options.partition_threshold_bytes = 256;
        options.reason = TableReason::kCompaction;
        OutputSet outputs(fs, "db", options, [&] { return (*manifest)->allocate_file_number(); });
        for (uint64_t i = 0; i < 300; ++i) {
            const std::string key =
                "!" + std::string(codec_name(codec)) + ":" + std::to_string(1000 + i);
            REQUIRE(outputs.add(make_internal_key(key, 1, Kind::kPut), "in parts").is_ok());
        }
        REQUIRE(outputs.close_output().is_ok());
        REQUIRE(outputs.sync_dir().is_ok());
        edit.add(kLevels - 1, outputs.files().at(0));
    }
    REQUIRE((*manifest)->apply(edit).to_string() == "ok");
}

/// The keys that fill() wrote once and that are gone.
std::vector<std::string> absent_keys(Db& db) {
    std::vector<std::string> candidates = {"lease:gone"}, absent;
    for (uint64_t i = 0; i < 120; ++i) candidates.push_back(user_key(i));
    for (uint64_t i = 0; i < 48; ++i) candidates.push_back("lease:" + std::to_string(i));
    for (const std::string& key : candidates)
        if (!db.get(key)->has_value()) absent.push_back(key);
    return absent;
}

}  // namespace

TEST_CASE("golden: writes a store", "[.]") {
    const char* out = std::getenv("KV_GOLDEN_OUT");
    REQUIRE(out != nullptr);
    REQUIRE(stdfs::is_empty(out));
    GoldenStore store(kReadAtMs - kDayMs);
    store.options.block_size_bytes = 4096;  // from here on blocks are padded
    store.options.wal_segment_bytes = 16U << 10;
    store.options.compression = Compression::kZstd;
    store.open();
    fill(*store.db);
    // As a process that was killed leaves it: nothing is closed in order.
    auto left = store.disk->clone_after_crash(CrashOptions::keep_all());
    store.db.reset();
    add_partitioned_tables(*left);
    for (const std::string& name : left->files("db"))
        std::ofstream(stdfs::path(out) / name, std::ios::binary) << *left->read_file("db/" + name);
    GoldenStore reader;
    reader.disk = std::move(left);
    reader.open();
    std::string contents = entries_of(*reader.db);
    for (const std::string& key : absent_keys(*reader.db)) contents += key + "|absent\n";
    std::ofstream(stdfs::path(out) / kContentsName, std::ios::binary) << contents;
}

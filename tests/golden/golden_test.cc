// Stores that earlier versions of kvd wrote stay readable for ever: a copy of each is opened,
// read through every path, verified and rewritten. README.md says what they are and how one is
// made.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/random.h"
#include "kv/clock.h"
#include "kv/db.h"
#include "kv/deterministic_executor.h"
#include "sstable/table_format.h"
#include "support/crash_file_system.h"
#include "tools/repair.h"
#include "tools/verify.h"

using namespace kv;
using namespace kv::test;

namespace {

namespace stdfs = std::filesystem;

constexpr uint64_t kReadAtMs = 1'650'000'000'000;
constexpr const char* kContentsName = "contents.txt";

std::string read_host_file(const stdfs::path& path) {
    std::ifstream file(path, std::ios::binary);
    REQUIRE(file.good());
    return {std::istreambuf_iterator<char>(file), {}};
}

/// A store on a simulated disk whose clock stands at kReadAtMs.
struct GoldenStore {
    explicit GoldenStore(uint64_t now_ms = kReadAtMs) : clock(now_ms) {
        options.memtable_bytes = 64U << 10;
        options.table_bytes = 8U << 10;
        options.level1_bytes = 64U << 10;
        options.wal_segment_bytes = 64U << 10;
        options.block_size_bytes = 512;
        options.clock = &clock;
        options.executor = &executor;
    }
    void open() {
        db.reset();
        options.file_system = disk.get();
        auto opened = Db::open(options, "db");
        REQUIRE(opened.status().to_string() == "ok");
        db = std::move(*opened);
    }
    void require_verified() {
        const auto report = tools::verify_directory(*disk, "db");
        REQUIRE(report.status().to_string() == "ok");
        std::string damage;
        for (const auto& item : report->damage) damage += item.status.to_string() + "\n";
        CHECK(damage == "");
        CHECK(report->tables > 0);
    }

    FakeClock clock;
    DeterministicExecutor executor{1, &clock};
    std::unique_ptr<CrashFileSystem> disk = std::make_unique<CrashFileSystem>();
    Options options;
    std::unique_ptr<Db> db;
};

std::string line_of(Bytes key, Bytes value, Seqno seqno, uint64_t expiry_ms) {
    return escape_bytes(key) + "|" + std::to_string(seqno) + "|" + std::to_string(expiry_ms) + "|" +
           escape_bytes(value) + "\n";
}

/// Every entry, forward, each also asked for by get; must read the same backward.
std::string entries_of(Db& db) {
    std::string text;
    std::vector<std::string> keys;
    const auto it = db.new_iterator({});
    for (it->seek_to_first(); it->valid(); it->next()) {
        const auto entry = db.get(it->key());
        REQUIRE(entry.status().to_string() == "ok");
        REQUIRE(entry->has_value());
        REQUIRE((*entry)->value == it->value());
        text += line_of(it->key(), it->value(), (*entry)->seqno, (*entry)->expiry_ms);
        keys.emplace_back(it->key());
    }
    REQUIRE(it->status().to_string() == "ok");
    for (it->seek_to_last(); it->valid(); it->prev()) {
        REQUIRE_FALSE(keys.empty());
        REQUIRE(it->key() == keys.back());
        keys.pop_back();
    }
    CHECK(keys.empty());
    return text;
}

std::string user_key(uint64_t i) { return "user:" + std::to_string(1000 + i); }

/// Fills a store so that tables of two levels, tombstones, old versions, entries that expire before
/// and after kReadAtMs, and a log tail all hold part of it.
void fill(Db& db) {
    Random random(20240601);
    const auto write = [&](WriteBatch batch) {
        REQUIRE(db.write(std::move(batch)).status.is_ok());
    };
    SnapshotPtr early;  // old versions stay in the compacted table
    for (uint64_t round = 0; round < 6; ++round) {
        WriteBatch batch;
        for (uint64_t i = round; i < 120; i += 1 + round)
            batch.put(user_key(i),
                      "round " + std::to_string(round) +
                          std::string(random.below(30), static_cast<char>('a' + i % 26)));
        for (uint64_t i = 0; i < 8; ++i)
            batch.put_with_expiry("lease:" + std::to_string(round * 8 + i), "held",
                                  i % 2 == 0 ? kReadAtMs * 2 : kReadAtMs - 1000);
        for (uint64_t i = 0; i < 5; ++i) batch.del(user_key(round * 11 + i));
        batch.put(Bytes("\x00\xFF", 2), std::to_string(round));
        batch.increment("counter", static_cast<int64_t>(round));
        write(std::move(batch));
        REQUIRE(db.flush().is_ok());
        if (round == 0) early = db.snapshot();
        if (round == 2) REQUIRE(db.compact_all().is_ok());
    }
    WriteBatch tail;
    for (uint64_t i = 100; i < 110; ++i) tail.del(user_key(i));
    for (uint64_t i = 40; i < 60; ++i) tail.put(user_key(i), "from the log");
    tail.put_with_expiry("lease:gone", "x", kReadAtMs - 1);
    tail.put("large", std::string(2000, 'L'));
    write(std::move(tail));
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

void require_contents(Db& db, const std::string& expected) {
    std::string entries;
    std::istringstream lines(expected);
    size_t absent = 0;
    for (std::string line; std::getline(lines, line);) {
        if (!line.ends_with("|absent")) {
            entries += line + "\n";
            continue;
        }
        ++absent;
        const auto entry = db.get(line.substr(0, line.find('|')));
        REQUIRE(entry.status().to_string() == "ok");
        CHECK_FALSE(entry->has_value());
    }
    CHECK(absent > 10);
    CHECK(entries_of(db) == entries);
}

}  // namespace

TEST_CASE("golden: every store that an earlier version left reads back whole") {
    // Of what today's code writes beside them.
    const auto compression = GENERATE(Compression::kNone, Compression::kLz4, Compression::kZstd);
    size_t stores = 0;
    for (const auto& directory : stdfs::directory_iterator(KV_SOURCE_DIR "/tests/golden")) {
        if (!directory.is_directory()) continue;
        ++stores;
        CAPTURE(directory.path(), compression_name(compression));
        GoldenStore store;
        store.options.compression = compression;
        for (const auto& file : stdfs::directory_iterator(directory.path()))
            if (file.path().filename() != kContentsName)
                store.disk->write_file("db/" + file.path().filename().string(),
                                       read_host_file(file.path()));
        const std::string expected = read_host_file(directory.path() / kContentsName);
        store.require_verified();
        store.open();
        require_contents(*store.db, expected);
        // Rewritten by today's code, through flush and compaction, and opened again.
        REQUIRE(store.db->flush().is_ok());
        require_contents(*store.db, expected);
        REQUIRE(store.db->compact_all().is_ok());
        require_contents(*store.db, expected);
        store.open();
        require_contents(*store.db, expected);
        store.db.reset();
        store.require_verified();
    }
    CHECK(stores >= 1);
}

TEST_CASE("golden: tables of an earlier version that lost their tail are repaired whole") {
    const bool loses_properties = GENERATE(false, true);
    const stdfs::path directory = KV_SOURCE_DIR "/tests/golden/v1";
    GoldenStore store;
    uint64_t tables = 0;
    for (const auto& file : stdfs::directory_iterator(directory)) {
        if (file.path().filename() == kContentsName) continue;
        std::string bytes = read_host_file(file.path());
        if (file.path().extension() == ".sst") {
            ++tables;
            const size_t footer_at = bytes.size() - sstable::kFooterBytes;
            const auto footer = sstable::parse_footer(Bytes(bytes).substr(footer_at), footer_at);
            REQUIRE(footer.is_ok());
            bytes[footer_at + 70] = 'x';
            if (loses_properties) bytes[footer->properties.offset + 3] = 'x';
        }
        store.disk->write_file("db/" + file.path().filename().string(), bytes);
    }
    const auto report = tools::repair_directory(*store.disk, "db", "out");
    REQUIRE(report.status().to_string() == "ok");
    CHECK(report->losses.empty());
    CHECK(report->tables_rewritten == tables);
    store.options.file_system = store.disk.get();
    auto copy = Db::open(store.options, "out");
    REQUIRE(copy.status().to_string() == "ok");
    require_contents(**copy, read_host_file(directory / kContentsName));
}

TEST_CASE("golden: writes a store", "[.]") {
    const char* out = std::getenv("KV_GOLDEN_OUT");
    REQUIRE(out != nullptr);
    REQUIRE(stdfs::is_empty(out));
    constexpr uint64_t kDayMs = 86'400'000;
    GoldenStore store(kReadAtMs - kDayMs);
    store.open();
    fill(*store.db);
    store.clock.advance_ms(kDayMs);
    const std::vector<std::string> absent = absent_keys(*store.db);
    std::string contents = entries_of(*store.db);
    for (const std::string& key : absent) contents += key + "|absent\n";
    // As a process that was killed leaves it: nothing is closed in order.
    const auto left = store.disk->clone_after_crash(CrashOptions::keep_all());
    for (const std::string& name : left->files("db"))
        std::ofstream(stdfs::path(out) / name, std::ios::binary) << *left->read_file("db/" + name);
    std::ofstream(stdfs::path(out) / kContentsName, std::ios::binary) << contents;
}

// Stores that earlier versions of kvd wrote stay readable for ever: a copy of each is opened,
// read through every path, verified and rewritten. README.md says what they are and how one is
// made.
// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "golden/golden_store.h"
#include "kv/keyspace_catalog.h"
#include "sstable/index_cursor.h"
#include "sstable/table_format.h"
#include "sstable/table_reader.h"
#include "tools/repair.h"

using namespace kv;
using namespace kv::test;

namespace {

namespace stdfs = std::filesystem;

std::string read_host_file(const stdfs::path& path) {
    std::ifstream file(path, std::ios::binary);
    REQUIRE(file.good());
    return {std::istreambuf_iterator<char>(file), {}};
}

void load(const stdfs::path& directory, CrashFileSystem& disk) {
    for (const auto& file : stdfs::directory_iterator(directory))
        if (file.path().filename() != kContentsName)
            disk.write_file("db/" + file.path().filename().string(), read_host_file(file.path()));
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

/// What the tables of a directory are made of.
struct Parts {
    std::map<uint32_t, int> versions;
    uint32_t flags = 0;
    bool filter_pieces = false;
    std::map<Codec, int> block_codecs;
};

Parts parts_of_tables(CrashFileSystem& disk) {
    Parts parts;
    for (const std::string& name : disk.files("db")) {
        if (!name.ends_with(".sst")) continue;
        const auto table = TableReader::open(disk, "db/" + name, std::stoull(name), nullptr);
        REQUIRE(table.status().to_string() == "ok");
        ++parts.versions[(*table)->footer().format_version];
        parts.flags |= (*table)->footer().flags;
        parts.filter_pieces |= (*table)->filter().is_partitioned();
        const std::string bytes = *disk.read_file("db/" + name);
        IndexCursor cursor(**table);
        Status moved = cursor.seek_to_first({});
        for (; moved.is_ok() && cursor.valid(); moved = cursor.next({})) {
            const sstable::BlockHandle block = cursor.handle();
            ++parts.block_codecs[static_cast<Codec>(bytes[block.offset + block.size])];
        }
        REQUIRE(moved.to_string() == "ok");
    }
    return parts;
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
        load(directory.path(), *store.disk);
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
    CHECK(stores >= 2);
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

TEST_CASE("golden: the store of version 2 holds every kind of block and part that it can") {
    CrashFileSystem disk;
    load(KV_SOURCE_DIR "/tests/golden/v2", disk);
    const Parts parts = parts_of_tables(disk);
    CHECK(parts.versions.size() == 1);
    CHECK(parts.versions.count(2) == 1);
    CHECK(parts.flags == sstable::kKnownTableFlags);
    CHECK(parts.filter_pieces);
    for (const Codec codec : {Codec::kNone, Codec::kLz4, Codec::kZstd, Codec::kPadded}) {
        CAPTURE(codec_name(codec));
        CHECK(parts.block_codecs.count(codec) == 1);
    }
}

TEST_CASE("golden: the keyspaces of the store of version 2 are found by name") {
    GoldenStore store;
    load(KV_SOURCE_DIR "/tests/golden/v2", *store.disk);
    store.open();
    KeyspaceCatalog catalog;
    REQUIRE(catalog.open(*store.db).to_string() == "ok");
    const KeyspacePtr orders = catalog.find(kKeyspaceName);
    REQUIRE(orders != nullptr);
    CHECK(catalog.find("dropped") == nullptr);
    std::string scratch;
    CHECK(store.db->get(orders->space().stored("first", scratch))->value().value == "in orders");
    CHECK(store.db->get(Keyspace().stored("\xFF", scratch))->value().value == "behind FF");
}

// What a power failure may leave of a file's bytes.
// SPDX-License-Identifier: Apache-2.0
#include "support/crash_disk.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "support/crash_file_system.h"
#include "support/seed.h"

using kv::test::CrashFileSystem;
using kv::test::CrashOptions;
using kv::test::FailedSync;
using kv::test::Fault;

namespace {

constexpr char kPath[] = "a";

/// A file system whose file has a durable name and durable `content`.
struct Fixture {
    explicit Fixture(const std::string& content) {
        fs.write_file(kPath, content);
        file = std::move(*fs.open_writable(kPath));
    }
    std::string after(const CrashOptions& options) const {
        return *fs.clone_after_crash(options)->read_file(kPath);
    }
    /// Every outcome of a thousand seeds.
    std::set<std::string> outcomes(uint32_t sector_bytes = 0) const {
        std::set<std::string> seen;
        for (uint64_t seed = 0; seed < 1000; ++seed) {
            CrashOptions options = CrashOptions::random(seed);
            options.sector_bytes = sector_bytes;
            seen.insert(after(options));
        }
        return seen;
    }

    CrashFileSystem fs;
    std::unique_ptr<kv::WritableFile> file;
};

}  // namespace

TEST_CASE("crash: synced bytes survive, unsynced ones may go") {
    Fixture disk("");
    REQUIRE(disk.file->write_at(0, "synced").is_ok());
    REQUIRE(disk.file->sync().is_ok());
    REQUIRE(disk.file->write_at(6, " not").is_ok());
    CHECK(disk.after(CrashOptions::lose_all()) == "synced");
    CHECK(disk.after(CrashOptions::keep_all()) == "synced not");
    for (const std::string& content : disk.outcomes()) {
        REQUIRE(content.substr(0, 6) == "synced");
        REQUIRE(content.size() <= 10);
    }
}

TEST_CASE("crash: the same seed leaves the same disk") {
    Fixture disk("");
    for (uint64_t i = 0; i < 50; ++i) {
        REQUIRE(disk.file->write_at(i * 700, std::string(900, static_cast<char>('A' + i))).is_ok());
    }
    for (uint64_t seed = 0; seed < 50; ++seed) {
        REQUIRE(disk.after(CrashOptions::random(seed)) == disk.after(CrashOptions::random(seed)));
    }
    CHECK(disk.outcomes().size() > 300);
}

TEST_CASE("crash: the last write may be torn at any byte") {
    Fixture disk("");
    REQUIRE(disk.file->write_at(0, "0123456789").is_ok());
    const std::set<std::string> outcomes = disk.outcomes();
    for (size_t length = 0; length <= 10; ++length) {
        CHECK(outcomes.count(std::string("0123456789").substr(0, length)) == 1);
    }
}

TEST_CASE("crash: a later write may survive while an earlier one is lost") {
    Fixture disk(std::string(3 * 512, '-'));
    REQUIRE(disk.file->write_at(0, std::string(512, '1')).is_ok());
    REQUIRE(disk.file->write_at(512, std::string(512, '2')).is_ok());
    REQUIRE(disk.file->write_at(1024, std::string(512, '3')).is_ok());
    const auto outcomes = disk.outcomes(512);
    const std::string lost(512, '-');
    CHECK(outcomes.count(lost + std::string(512, '2') + lost) == 1);
    CHECK(outcomes.count(std::string(512, '1') + std::string(512, '2') + lost) == 1);
}

TEST_CASE("crash: a sector holds one of its versions, never a mixture of skipped ones") {
    Fixture disk(std::string(512, '0'));
    REQUIRE(disk.file->write_at(0, std::string(256, '1')).is_ok());
    REQUIRE(disk.file->write_at(256, std::string(256, '2')).is_ok());
    REQUIRE(disk.file->write_at(0, "x").is_ok());
    for (const std::string& content : disk.outcomes(512)) {
        REQUIRE(content.size() == 512);
        // The second half of the sector was written after the first.
        if (content[511] == '2') REQUIRE(content[255] == '1');
        if (content[0] == 'x') REQUIRE(content[511] == '2');
    }
}

TEST_CASE("crash: every byte is one that was written there, or zero") {
    const uint64_t seed = kv::test::test_seed();
    CAPTURE(seed);
    kv::Random random(seed);
    Fixture disk(std::string(4000, 'D'));
    std::vector<std::set<char>> possible(12'000, {'\0'});
    for (size_t i = 0; i < 4000; ++i) possible[i].insert('D');
    for (int step = 0; step < 30; ++step) {
        const size_t offset = random.below(8000);
        const std::string bytes = kv::test::random_bytes(random, 1 + random.below(4000));
        REQUIRE(disk.file->write_at(offset, bytes).is_ok());
        for (size_t i = 0; i < bytes.size(); ++i) possible[offset + i].insert(bytes[i]);
        if (random.one_in(6)) REQUIRE(disk.file->truncate(random.below(6000)).is_ok());
        if (random.one_in(8)) REQUIRE(disk.file->preallocate(random.below(9000)).is_ok());
    }
    for (const std::string& content : disk.outcomes()) {
        for (size_t i = 0; i < content.size(); ++i) REQUIRE(possible[i].count(content[i]) == 1);
    }
}

TEST_CASE("crash: the size may lag behind the data, and preallocation may be lost") {
    Fixture disk("");
    REQUIRE(disk.file->preallocate(4096).is_ok());
    REQUIRE(disk.file->write_at(0, "data").is_ok());
    std::set<size_t> sizes;
    for (const std::string& content : disk.outcomes()) sizes.insert(content.size());
    CHECK(sizes.count(0) == 1);
    CHECK(sizes.count(4096) == 1);
    REQUIRE(disk.file->sync().is_ok());
    CHECK(disk.after(CrashOptions::lose_all()).size() == 4096);
}

TEST_CASE("crash: an unsynced truncation may come undone") {
    Fixture disk("old content");
    REQUIRE(disk.fs.create(kPath).is_ok());
    CHECK(disk.after(CrashOptions::keep_all()).empty());
    CHECK(disk.after(CrashOptions::lose_all()) == "old content");
}

TEST_CASE("failed sync: Linux loses the data for good, although readers see it") {
    Fixture disk("");
    REQUIRE(disk.file->write_at(0, "lost").is_ok());
    disk.fs.fail_at(disk.fs.operation_count(), Fault::kSyncFails);
    CHECK(disk.file->sync().is(kv::Code::kIoError));
    CHECK(*disk.fs.read_file(kPath) == "lost");
    REQUIRE(disk.file->write_at(4, "kept").is_ok());
    REQUIRE(disk.file->sync().is_ok());  // what the engine must not rely on
    const std::string holed("\0\0\0\0kept", 8);
    CHECK(disk.after(CrashOptions::lose_all()) == holed);
    CHECK(disk.after(CrashOptions::keep_all()) == holed);
    CHECK(*disk.fs.read_file(kPath) == "lostkept");
}

TEST_CASE("failed sync: may leave the data dirty, or store it and say otherwise") {
    Fixture disk("");
    REQUIRE(disk.file->write_at(0, "data").is_ok());
    disk.fs.set_failed_sync(FailedSync::kStayDirty);
    disk.fs.fail_at(0, Fault::kSyncFails);
    CHECK_FALSE(disk.file->sync().is_ok());
    CHECK(disk.after(CrashOptions::lose_all()).empty());
    CHECK(disk.after(CrashOptions::keep_all()) == "data");
    disk.fs.set_failed_sync(FailedSync::kDurableAnyway);
    disk.fs.fail_at(0, Fault::kSyncFails);
    CHECK_FALSE(disk.file->sync().is_ok());
    CHECK(disk.after(CrashOptions::lose_all()) == "data");
}

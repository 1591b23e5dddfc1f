// What a power failure may leave of names.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <set>

#include "support/crash_file_system.h"

using kv::test::CrashFileSystem;
using kv::test::CrashOptions;

namespace {

using Names = std::vector<std::string>;

void put_synced(CrashFileSystem& fs, const std::string& path, kv::Bytes content) {
    const auto file = std::move(*fs.create(path));
    REQUIRE(file->write_at(0, content).is_ok());
    REQUIRE(file->sync().is_ok());
}

std::set<Names> outcomes(const CrashFileSystem& fs) {
    std::set<Names> seen;
    for (uint64_t seed = 0; seed < 300; ++seed) {
        seen.insert(fs.clone_after_crash(CrashOptions::random(seed))->files());
    }
    return seen;
}

}  // namespace

TEST_CASE("crash: a synced file without a synced directory may be gone") {
    CrashFileSystem fs;
    put_synced(fs, "a", "x");
    CHECK(fs.clone_after_crash(CrashOptions::lose_all())->files().empty());
    CHECK(fs.clone_after_crash(CrashOptions::keep_all())->files() == Names{"a"});
    CHECK(outcomes(fs) == std::set<Names>{{}, {"a"}});
    REQUIRE(fs.sync_dir("/").is_ok());
    CHECK(outcomes(fs) == std::set<Names>{{"a"}});
    CHECK(*fs.clone_after_crash(CrashOptions::lose_all())->read_file("a") == "x");
}

TEST_CASE("crash: a durable name does not make bytes durable") {
    CrashFileSystem fs;
    const auto file = std::move(*fs.create("a"));
    REQUIRE(file->write_at(0, "x").is_ok());
    REQUIRE(fs.sync_dir("").is_ok());
    CHECK(fs.clone_after_crash(CrashOptions::lose_all())->read_file("a")->empty());
}

TEST_CASE("crash: names survive in the order of the operations on them") {
    CrashFileSystem fs;
    put_synced(fs, "a", "1");
    REQUIRE(fs.sync_dir("").is_ok());
    put_synced(fs, "b", "2");
    REQUIRE(fs.rename("b", "c").is_ok());
    REQUIRE(fs.remove("a").is_ok());
    CHECK(outcomes(fs) == std::set<Names>{{"a"}, {"a", "b"}, {"a", "c"}, {"c"}});
}

TEST_CASE("crash: rename over a file leaves the old one or the new one, never neither") {
    CrashFileSystem fs;
    fs.write_file("CURRENT", "old");
    put_synced(fs, "CURRENT.tmp", "new");
    REQUIRE(fs.rename("CURRENT.tmp", "CURRENT").is_ok());
    std::set<std::string> contents;
    for (uint64_t seed = 0; seed < 100; ++seed) {
        const auto after = fs.clone_after_crash(CrashOptions::random(seed));
        contents.insert(*after->read_file("CURRENT"));
    }
    CHECK(contents == std::set<std::string>{"old", "new"});
    REQUIRE(fs.sync_dir(".").is_ok());
    CHECK(fs.clone_after_crash(CrashOptions::lose_all())->files() == Names{"CURRENT"});
    CHECK(*fs.clone_after_crash(CrashOptions::lose_all())->read_file("CURRENT") == "new");
}

TEST_CASE("crash: a removed file comes back unless its directory was synced") {
    CrashFileSystem fs;
    fs.write_file("a", "bytes");
    REQUIRE(fs.remove("a").is_ok());
    CHECK(*fs.clone_after_crash(CrashOptions::lose_all())->read_file("a") == "bytes");
    REQUIRE(fs.sync_dir("").is_ok());
    CHECK(fs.clone_after_crash(CrashOptions::lose_all())->files().empty());
}

TEST_CASE("crash: a directory takes its files with it until its own name is durable") {
    CrashFileSystem fs;
    REQUIRE(fs.create_dir("db").is_ok());
    put_synced(fs, "db/a", "x");
    REQUIRE(fs.sync_dir("db").is_ok());
    CHECK(fs.clone_after_crash(CrashOptions::lose_all())->files().empty());
    REQUIRE(fs.sync_dir("/").is_ok());
    CHECK(fs.clone_after_crash(CrashOptions::lose_all())->files("/db") == Names{"a"});
}

TEST_CASE("crash: a move between directories never loses the file") {
    CrashFileSystem fs;
    fs.write_file("db/a", "bytes");
    fs.write_file("db/lost/other", "");
    REQUIRE(fs.rename("db/a", "db/lost/a").is_ok());
    const Names before{"db/a", "db/lost/other"};
    const Names both{"db/a", "db/lost/a", "db/lost/other"};
    const Names after{"db/lost/a", "db/lost/other"};
    CHECK(outcomes(fs) == std::set<Names>{before, both, after});
    REQUIRE(fs.sync_dir("db").is_ok());
    CHECK(outcomes(fs) == std::set<Names>{after});
}

TEST_CASE("crash: the clone is a disk of its own") {
    CrashFileSystem fs;
    fs.write_file("a", "one");
    const auto lock = fs.lock("LOCK");
    REQUIRE(fs.sync_dir("").is_ok());
    const auto clone = fs.clone_after_crash(CrashOptions::lose_all());
    CHECK(clone->lock("LOCK").is_ok());  // its holder died
    CHECK(clone->operation_count() == 1);
    clone->corrupt("a", 0);
    REQUIRE((*clone->open_writable("a"))->write_at(1, "XX").is_ok());
    put_synced(*clone, "b", "");
    REQUIRE(clone->rename("b", "c").is_ok());
    CHECK(*fs.read_file("a") == "one");
    CHECK(fs.files() == Names{"LOCK", "a"});
    CHECK(clone->used_bytes() == 3);
}

// Watching the disk, and crashing at every operation.
// SPDX-License-Identifier: Apache-2.0
#include "support/crash_file_system.h"

#include <catch2/catch.hpp>
#include <thread>

using kv::test::CrashFileSystem;
using kv::test::CrashOptions;
using kv::test::Operation;
using kv::test::OpKind;

namespace {

/// A two-file protocol: `data` first, then CURRENT that points to it. `careful` syncs in between.
void publish(CrashFileSystem& fs, bool careful) {
    const auto data = std::move(*fs.create("db/data"));
    REQUIRE(data->write_at(0, "pay").is_ok());
    REQUIRE(data->write_at(3, "load").is_ok());
    if (careful) {
        REQUIRE(data->sync().is_ok());
        REQUIRE(fs.sync_dir("db").is_ok());
    }
    const auto current = std::move(*fs.create("db/CURRENT.tmp"));
    REQUIRE(current->write_at(0, "data").is_ok());
    REQUIRE(current->sync().is_ok());
    REQUIRE(fs.rename("db/CURRENT.tmp", "db/CURRENT").is_ok());
    REQUIRE(fs.sync_dir("db").is_ok());
}

/// Crashes before every operation of publish(), in 20 ways each, and counts the disks on which
/// CURRENT exists but what it points to is not whole.
int count_broken_disks(bool careful) {
    CrashFileSystem fs;
    fs.write_file("db/LOCK", "");
    int broken = 0;
    const auto look = [&](const CrashFileSystem& disk) {
        if (!disk.read_file("db/CURRENT").is_ok()) return;
        const auto data = disk.read_file("db/data");
        if (!data.is_ok() || *data != "payload") ++broken;
    };
    const auto crash = [&](const Operation&) {
        for (uint64_t seed = 0; seed < 20; ++seed) {
            look(*fs.clone_after_crash(CrashOptions::random(seed)));
        }
        look(*fs.clone_after_crash(CrashOptions::lose_all()));
    };
    fs.set_before_op_hook(crash);
    publish(fs, careful);
    crash({});
    return broken;
}

}  // namespace

TEST_CASE("crash file system: crashing at every operation tells right order from wrong") {
    CHECK(count_broken_disks(true) == 0);
    CHECK(count_broken_disks(false) > 0);
}

TEST_CASE("crash file system: the journal gives the order of operations as text") {
    CrashFileSystem fs;
    REQUIRE(fs.create_dir("db").is_ok());
    REQUIRE(fs.create("elsewhere").is_ok());
    const uint64_t start = fs.operation_count();
    publish(fs, true);
    CHECK(*fs.exists("db/data"));
    CHECK(fs.journal_text("/db", start) ==
          "create data\n"
          "write data\n"
          "sync data\n"
          "sync_dir .\n"
          "create CURRENT.tmp\n"
          "write CURRENT.tmp\n"
          "sync CURRENT.tmp\n"
          "rename CURRENT.tmp -> CURRENT\n"
          "sync_dir .\n");
    CHECK(fs.journal_text("db/") == "create_dir .\n" + fs.journal_text("db", start));
    CHECK_THAT(fs.journal_text(""), Catch::StartsWith("create_dir db\ncreate elsewhere\n"));
    const std::vector<Operation> all = fs.journal();
    REQUIRE(all.size() == fs.operation_count());
    CHECK(all.back().kind == OpKind::kExists);
    CHECK(all[start + 2].offset == 3);
    CHECK(all[start + 2].length == 4);
    CHECK(all[start + 2].index == start + 2);
}

TEST_CASE("crash file system: helpers write, list and damage without being operations") {
    CrashFileSystem fs;
    fs.write_file("db/lost/x", "abc");
    fs.write_file("db/a", "");
    fs.corrupt("db/lost/x", 1, 0x01);
    CHECK(*fs.read_file("/db/lost//x") == "acc");
    CHECK(fs.files("db") == std::vector<std::string>{"a", "lost/x"});
    CHECK(fs.files("nowhere").empty());
    CHECK(fs.operation_count() == 0);
    const auto after = fs.clone_after_crash(CrashOptions::lose_all());
    CHECK(*after->read_file("db/lost/x") == "acc");
    CHECK(fs.read_file("db").status().is(kv::Code::kNotFound));
}

TEST_CASE("crash file system: threads may write, read and clone at once") {
    CrashFileSystem fs;
    std::vector<std::thread> threads;
    std::atomic<int> wrong{0};
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&, i] {
            const std::string path = "f" + std::to_string(i);
            const auto made = fs.create(path);
            for (uint64_t n = 0; n < 200; ++n) {
                const bool stored = (*made)->write_at(n * 100, std::string(100, 'x')).is_ok() &&
                                    (*made)->sync().is_ok() && fs.sync_dir("").is_ok();
                const auto disk = fs.clone_after_crash(CrashOptions::random(n));
                if (!stored || disk->read_file(path)->size() != (n + 1) * 100) ++wrong;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
}

// Faults, full disks and what they leave behind.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "support/crash_file_system.h"

using kv::Code;
using kv::test::CrashFileSystem;
using kv::test::Fault;
using kv::test::Operation;
using kv::test::OpKind;

TEST_CASE("fault: fail_at hits exactly that operation") {
    CrashFileSystem fs;
    fs.fail_at(1, Fault::kEio);
    CHECK(fs.create("a").is_ok());
    const kv::Status failed = fs.create("b").status();
    CHECK(failed.is(Code::kIoError));
    CHECK(failed.message() == "create b, offset 0, length 0: injected I/O error at operation 1");
    CHECK(fs.create("c").is_ok());
    CHECK(fs.files() == std::vector<std::string>{"a", "c"});
    CHECK(fs.faults_hit() == 1);
}

TEST_CASE("fault: waits for an operation that it can hit, and stays when sticky") {
    CrashFileSystem fs;
    fs.fail_at(0, Fault::kReadEio, true);
    const auto file = std::move(*fs.create("a"));
    CHECK(file->write_at(0, "abc").is_ok());
    CHECK(file->sync().is_ok());
    const auto reader = *fs.open("a");
    char scratch[3];
    CHECK(reader->read_at(0, 3, scratch).status().is(Code::kIoError));
    CHECK(reader->read_at(0, 3, scratch).status().is(Code::kIoError));
    fs.clear_faults();
    CHECK(*reader->read_at(0, 3, scratch) == 3);
}

TEST_CASE("fault: a short write stores half and says so") {
    CrashFileSystem fs;
    const auto file = std::move(*fs.create("a"));
    fs.fail_at(0, Fault::kShortWrite);
    CHECK(file->write_at(0, "12345678").is(Code::kIoError));
    CHECK(*fs.read_file("a") == "1234");
}

TEST_CASE("fault: an injected full disk is kNoSpace and changes nothing") {
    CrashFileSystem fs;
    const auto file = std::move(*fs.create("a"));
    fs.fail_at(0, Fault::kEnospc, true);
    CHECK(file->write_at(0, "x").is(Code::kNoSpace));
    CHECK(file->preallocate(10).is(Code::kNoSpace));
    CHECK(fs.create("b").status().is(Code::kNoSpace));
    CHECK(file->truncate(0).is_ok());
    CHECK(fs.remove("a").is_ok());
    CHECK(fs.files().empty());
}

TEST_CASE("fault: a failed directory sync makes nothing durable") {
    CrashFileSystem fs;
    fs.fail_at(0, Fault::kSyncFails);
    CHECK(fs.create("a").is_ok());
    CHECK(fs.sync_dir("").is(Code::kIoError));
    CHECK(fs.clone_after_crash(kv::test::CrashOptions::lose_all())->files().empty());
    CHECK(fs.sync_dir("").is_ok());
    CHECK(fs.clone_after_crash(kv::test::CrashOptions::lose_all())->files().size() == 1);
}

TEST_CASE("fault: a hook decides by kind and path") {
    CrashFileSystem fs;
    fs.set_fault_hook([](const Operation& operation) {
        const bool hit = operation.kind == OpKind::kWrite && operation.path == "db/bad";
        return hit ? Fault::kEio : Fault::kNone;
    });
    REQUIRE(fs.create_dir("db").is_ok());
    CHECK((*fs.create("/db/good"))->write_at(0, "x").is_ok());
    CHECK((*fs.create("/db/bad"))->write_at(0, "x").is(Code::kIoError));
    CHECK(fs.read_file("db/bad")->empty());
}

TEST_CASE("capacity: counts sizes, refuses growth beyond it, and is given back") {
    CrashFileSystem fs;
    fs.set_capacity(100);
    const auto file = std::move(*fs.create("a"));
    CHECK(file->preallocate(60).is_ok());
    CHECK(file->write_at(0, std::string(60, 'x')).is_ok());  // no growth
    CHECK(*fs.free_bytes("") == 40);
    const auto other = std::move(*fs.create("b"));
    const kv::Status full = other->write_at(0, std::string(41, 'y'));
    CHECK(full.is(Code::kNoSpace));
    CHECK_THAT(std::string(full.message()), Catch::Contains("write b"));
    CHECK(*fs.file_size("b") == 0);
    CHECK(other->write_at(0, std::string(40, 'y')).is_ok());
    CHECK(*fs.free_bytes("") == 0);
    CHECK(file->truncate(10).is_ok());
    CHECK(fs.used_bytes() == 50);
    CHECK(fs.rename("a", "b").is_ok());  // replaces the 40 bytes
    CHECK(fs.used_bytes() == 10);
    CHECK(other->write_at(40, "orphan").is_ok());  // no name, not counted
    CHECK(fs.remove("b").is_ok());
    CHECK(fs.used_bytes() == 0);
    fs.write_file("c", "12345");
    CHECK(fs.used_bytes() == 5);
}

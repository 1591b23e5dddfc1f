// server/data_directory.h: what is said about a directory that cannot be a store's, and which
// errors of opening one may pass by themselves.
// SPDX-License-Identifier: Apache-2.0
#include "server/data_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "support/temp_dir.h"

namespace kv::server {

namespace {

std::string refusal(const std::string& path) {
    const Status status = check_data_directory(path);
    return std::string(status.message());
}
bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("data directory: one that is there, or can be made, is fine") {
    const test::TempDir dir;
    CHECK(check_data_directory(dir.path()).is_ok());
    CHECK(check_data_directory(dir.path() + "/").is_ok());
    CHECK(check_data_directory(dir.file("new")).is_ok());
    CHECK(check_data_directory(dir.file("new/")).is_ok());
    CHECK(check_data_directory("relative").is_ok());
    REQUIRE(::symlink(dir.path().c_str(), dir.file("link").c_str()) == 0);
    CHECK(check_data_directory(dir.file("link")).is_ok());
}

TEST_CASE("data directory: a file is refused as one") {
    const test::TempDir dir;
    std::ofstream(dir.file("f")) << "x";
    CHECK(refusal(dir.file("f")) ==
          dir.file("f") + " is a file, not a directory; set data_dir to a directory");
    CHECK(contains(refusal(dir.file("f/data")), "Not a directory"));
}

TEST_CASE("data directory: a missing parent is named, with what to do") {
    const test::TempDir dir;
    const std::string said = refusal(dir.file("a/b/c"));
    CHECK(contains(said, dir.file("a/b") + ": No such file or directory"));
    CHECK(contains(said, "mkdir -p"));
}

TEST_CASE("data directory: a dangling symbolic link is refused with its target") {
    const test::TempDir dir;
    REQUIRE(::symlink("nowhere", dir.file("link").c_str()) == 0);
    for (const char* name : {"link", "link/"}) {
        const std::string said = refusal(dir.file(name));
        CHECK(contains(said, "is a symbolic link to nowhere, which does not exist"));
    }
}

TEST_CASE("data directory: one without rights names its owner and who kvd runs as") {
    if (::geteuid() == 0) return;  // root may do anything; lifecycle_test.py tries it as another
    const test::TempDir dir;
    REQUIRE(::chmod(dir.path().c_str(), 0500) == 0);
    const std::string me = "user id " + std::to_string(::geteuid());
    const std::string said = refusal(dir.path());
    CHECK(contains(said, "belongs to " + me + " with mode 0500, and kvd runs as " + me));
    CHECK(contains(refusal(dir.file("new")), "cannot be made: " + dir.path() + " belongs to"));
    REQUIRE(::chmod(dir.path().c_str(), 0700) == 0);
}

TEST_CASE("data directory: what may pass by itself is told from what somebody must mend") {
    CHECK(may_pass(Status::no_space("disk full")));
    CHECK(may_pass(Status::io_error("open x: Too many open files (errno 24)")));
    CHECK(may_pass(Status::io_error("mmap x: Cannot allocate memory (errno 12)")));
    CHECK_FALSE(may_pass(Status::io_error("open x: Permission denied (errno 13)")));
    CHECK_FALSE(may_pass(Status::io_error("open x: Read-only file system (errno 30)")));
    CHECK_FALSE(may_pass(Status::io_error("pread x: Input/output error (errno 5)")));
    CHECK_FALSE(may_pass(Status::io_error("something without a number")));
    CHECK_FALSE(may_pass(Status::not_found("open x: No such file or directory (errno 2)")));
    CHECK_FALSE(may_pass(Status::corruption("x")));
    CHECK_FALSE(may_pass(Status(Code::kLocked, "x")));
}

TEST_CASE("data directory: an error that only names a call gets advice") {
    CHECK(contains(advice_for(Status::io_error("open x: Permission denied (errno 13)")), "chown"));
    CHECK(contains(advice_for(Status::io_error("open x: Read-only file system (errno 30)")),
                   "mount"));
    CHECK(advice_for(Status::corruption("x")).empty());
}

}  // namespace kv::server

// What only the operating system's file system does.
// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "kv/file_system.h"
#include "support/temp_dir.h"

using kv::posix_file_system;

TEST_CASE("posix file system: one instance for the whole process") {
    CHECK(&posix_file_system() == &posix_file_system());
}

TEST_CASE("posix file system: files and directories are closed to strangers") {
    const kv::test::TempDir dir;
    REQUIRE(posix_file_system().create(dir.file("file")).is_ok());
    REQUIRE(posix_file_system().create_dir(dir.file("dir")).is_ok());
    struct stat info {};
    REQUIRE(::stat(dir.file("file").c_str(), &info) == 0);
    CHECK((info.st_mode & S_IRWXO) == 0);
    REQUIRE(::stat(dir.file("dir").c_str(), &info) == 0);
    CHECK((info.st_mode & S_IRWXO) == 0);
}

TEST_CASE("posix file system: a link to a directory counts as the directory") {
    const kv::test::TempDir dir;
    REQUIRE(posix_file_system().create_dir(dir.file("real")).is_ok());
    REQUIRE(::symlink("real", dir.file("link").c_str()) == 0);
    CHECK(posix_file_system().create_dir(dir.file("link")).is_ok());
    CHECK(posix_file_system().sync_dir(dir.file("link")).is_ok());
}

TEST_CASE("posix file system: an entry in a directory that may not be read is not ours to sync") {
    if (::geteuid() == 0) return;  // may read everything
    const kv::test::TempDir dir;
    REQUIRE(posix_file_system().create_dir(dir.file("closed")).is_ok());
    REQUIRE(posix_file_system().create_dir(dir.file("closed/db")).is_ok());
    REQUIRE(::chmod(dir.file("closed").c_str(), S_IWUSR | S_IXUSR) == 0);
    CHECK(posix_file_system().sync_dir(dir.file("closed")).is(kv::Code::kUnsupported));
    CHECK(kv::sync_entry(posix_file_system(), dir.file("closed/db")).is_ok());
    REQUIRE(::chmod(dir.file("closed").c_str(), S_IRWXU) == 0);
}

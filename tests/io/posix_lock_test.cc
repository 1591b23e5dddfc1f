// The lock between processes.
// SPDX-License-Identifier: Apache-2.0
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "kv/file_system.h"
#include "support/temp_dir.h"

using kv::Code;
using kv::posix_file_system;

TEST_CASE("posix lock: the file and the refusal name the holder's process") {
    const kv::test::TempDir dir;
    const auto held = posix_file_system().lock(dir.file("LOCK"));
    REQUIRE(held.is_ok());
    const std::string pid = std::to_string(::getpid());
    CHECK(*kv::read_whole_file(posix_file_system(), dir.file("LOCK")) == pid + "\n");
    const kv::Status refused = posix_file_system().lock(dir.file("LOCK")).status();
    CHECK(refused.is(Code::kLocked));
    CHECK_THAT(std::string(refused.message()), Catch::Contains("held by process " + pid + ";"));
}

TEST_CASE("posix lock: a pid left by a dead holder does not keep anybody out") {
    const kv::test::TempDir dir;
    auto file = posix_file_system().create(dir.file("LOCK"));
    REQUIRE((*file)->write_at(0, "123456789 and more").is_ok());
    CHECK(posix_file_system().lock(dir.file("LOCK")).is_ok());
    CHECK(*kv::read_whole_file(posix_file_system(), dir.file("LOCK")) ==
          std::to_string(::getpid()) + "\n");
}

TEST_CASE("posix lock: another process is refused, and takes over when the holder has died") {
    const kv::test::TempDir dir;
    const std::string path = dir.file("LOCK");
    int ready[2], quit[2];
    REQUIRE(::pipe(ready) == 0);
    REQUIRE(::pipe(quit) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::close(quit[1]);
        const auto lock = posix_file_system().lock(path);
        const char answer = lock.is_ok() ? 'y' : 'n';
        char wake;
        const bool told = ::write(ready[1], &answer, 1) == 1;
        const bool woken = ::read(quit[0], &wake, 1) == 0;
        ::_exit(told && woken ? 0 : 1);  // without unlocking, as a crash would
    }
    ::close(quit[0]);
    char answer = 0;
    REQUIRE(::read(ready[0], &answer, 1) == 1);
    CHECK(answer == 'y');
    const kv::Status refused = posix_file_system().lock(path).status();
    CHECK(refused.is(Code::kLocked));
    CHECK_THAT(std::string(refused.message()), Catch::Contains(std::to_string(child)));
    ::close(quit[1]);
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(posix_file_system().lock(path).is_ok());
    for (const int fd : {ready[0], ready[1]}) ::close(fd);
}

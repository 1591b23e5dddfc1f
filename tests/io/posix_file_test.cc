// Errors of the operating system, as the engine gets to see them.
// SPDX-License-Identifier: Apache-2.0
#include "io/posix_file.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <limits>

#include "io/posix_error.h"
#include "support/temp_dir.h"

using Catch::Contains;
using kv::Code;
using kv::posix_file_system;
using kv::Status;
using kv::io::error_from_errno;

TEST_CASE("posix error: errno chooses the code") {
    CHECK(error_from_errno("open", "f", ENOENT).is(Code::kNotFound));
    CHECK(error_from_errno("pwrite", "f", ENOSPC).is(Code::kNoSpace));
    CHECK(error_from_errno("pwrite", "f", EDQUOT).is(Code::kNoSpace));
    CHECK(error_from_errno("pread", "f", EIO).is(Code::kIoError));
}

TEST_CASE("posix error: the message names call, path, place and errno") {
    CHECK(error_from_errno("pread", "db/000001.sst", EIO, 4096, 512).to_string() ==
          "io_error: pread db/000001.sst, offset 4096, length 512: Input/output error (errno 5)");
    CHECK(error_from_errno("fdatasync", "x", ENOSPC).to_string() ==
          "no_space: fdatasync x: No space left on device (errno 28)");
}

TEST_CASE("posix file: a full device is kNoSpace") {
    auto full = posix_file_system().open_writable("/dev/full");
    if (!full.is_ok()) return;  // a sandbox without that device
    const Status status = (*full)->write_at(0, "x");
    CHECK(status.is(Code::kNoSpace));
    CHECK_THAT(std::string(status.message()), Contains("pwrite /dev/full, offset 0, length 1"));
}

TEST_CASE("posix file: a write that the system cuts short is finished or reported") {
    const kv::test::TempDir dir;
    auto file = posix_file_system().create(dir.file("a"));
    REQUIRE(file.is_ok());
    // The limit cuts the first pwrite short and fails the second.
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit small = before;
    small.rlim_cur = 6000;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    const Status status = (*file)->write_at(1000, std::string(10'000, 'x'));
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
    std::signal(SIGXFSZ, old_handler);
    CHECK(status.is(Code::kIoError));
    CHECK_THAT(std::string(status.message()), Contains("offset 6000, length 5000"));
    CHECK(*posix_file_system().file_size(dir.file("a")) == 6000);
}

TEST_CASE(
    "posix file: behind the written end there are zeros, and before it all that was written") {
    const kv::test::TempDir dir;
    constexpr uint64_t kSize = 1U << 20;
    std::string bytes(kSize, '\0');
    for (const uint64_t at : {uint64_t{0}, uint64_t{300'000}, kSize - 1}) {
        CAPTURE(at);
        const std::string path = dir.file(std::to_string(at));
        auto out = posix_file_system().create(path);
        REQUIRE(out.is_ok());
        REQUIRE((*out)->preallocate(kSize).is_ok());
        auto in = posix_file_system().open(path);
        REQUIRE(in.is_ok());
        const auto reserved = (*in)->written_end();
        REQUIRE(reserved.is_ok());
        CHECK(*reserved <= kSize);  // 0 where the file system can tell
        REQUIRE((*out)->write_at(at, "x").is_ok());
        const auto written = (*in)->written_end();
        REQUIRE(written.is_ok());
        CHECK(*written > at);
        CHECK(*written <= kSize);
        // Reading brings what was never written into the page cache, and changes nothing.
        REQUIRE((*in)->read_at(0, kSize, bytes.data()).is_ok());
        CHECK(bytes.find_last_not_of('\0') == at);
        const auto again = (*in)->written_end();
        REQUIRE(again.is_ok());
        CHECK(*again > at);
        CHECK(*again <= kSize);
    }
    auto empty = posix_file_system().create(dir.file("empty"));
    REQUIRE(empty.is_ok());
    auto in = posix_file_system().open(dir.file("empty"));
    REQUIRE(in.is_ok());
    CHECK(*(*in)->written_end() == 0);
}

TEST_CASE("posix file: offsets beyond what the system can name are refused") {
    const kv::test::TempDir dir;
    auto& fs = posix_file_system();
    auto file = fs.create(dir.file("a"));
    REQUIRE(file.is_ok());
    constexpr uint64_t kHuge = std::numeric_limits<uint64_t>::max();
    CHECK((*file)->write_at(kHuge - 1, "abc").is(Code::kIoError));
    CHECK((*file)->preallocate(kHuge).is(Code::kIoError));
    CHECK((*file)->truncate(kHuge).is(Code::kIoError));
    (*file)->start_writeback(kHuge, 1);
    char byte;
    CHECK((*fs.open(dir.file("a")))->read_at(kHuge, 1, &byte).status().is(Code::kIoError));
}

TEST_CASE("posix file: descriptors do not leak into child processes, and close with their owner") {
    const kv::test::TempDir dir;
    int number = -1;
    {
        auto opened = kv::io::open_descriptor(dir.file("a"), O_WRONLY | O_CREAT);
        REQUIRE(opened.is_ok());
        number = opened->get();
        CHECK((::fcntl(number, F_GETFD) & FD_CLOEXEC) != 0);
    }
    CHECK(::fcntl(number, F_GETFD) == -1);
}

TEST_CASE("posix file: rewriting in small pieces leaves what writing would") {
    kv::test::TempDir dir;
    kv::FileSystem& fs = posix_file_system();
    const std::string path = dir.path() + "/f";
    constexpr size_t kBytes = 3U << 20;
    auto file = fs.create(path).value();
    REQUIRE(file->write_at(0, std::string(kBytes, '\0')).is_ok());
    std::string expected(kBytes, '\0');
    size_t at = 4000;  // pieces lie across pages, and across what is mapped at a time
    for (size_t i = 0; at + 70'000 < kBytes; ++i) {
        const std::string piece(i % 97 == 0 ? 65'536 : 1 + i % 700,
                                static_cast<char>('a' + i % 26));
        REQUIRE(file->rewrite_at(at, piece).is_ok());
        if (i % 1000 == 0) REQUIRE(file->sync().is_ok());  // lets go what was mapped before
        expected.replace(at, piece.size(), piece);
        at += piece.size() + i % 3;
    }
    CHECK(kv::read_whole_file(fs, path, kBytes).value() == expected);
    REQUIRE(file->truncate(at - 100).is_ok());
    REQUIRE(file->write_at(at - 100, std::string(5000, 'z')).is_ok());
    REQUIRE(file->rewrite_at(at, "end").is_ok());
    REQUIRE(file->sync().is_ok());
    expected.resize(at - 100);
    expected.append(5000, 'z').replace(at, 3, "end");
    CHECK(kv::read_whole_file(fs, path, kBytes).value() == expected);
}

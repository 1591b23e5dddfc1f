// Many reads at once: every way of doing them gives what read_at gives, request by request.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <catch2/catch.hpp>
#include <functional>
#include <thread>

#include "io/posix_file.h"
#include "io/posix_read_together.h"
#include "support/crash_file_system.h"
#include "support/temp_dir.h"

using kv::FileSystem;
using kv::join_path;
using kv::RandomAccessFile;
using kv::ReadRequest;

namespace {

using Requests = std::vector<ReadRequest>;
using Way = std::function<void(Requests&)>;
using Check = std::function<void(FileSystem& fs, const std::string& dir, const Way& way)>;

void on_every_way(const Check& check) {
    const kv::test::TempDir dir;
    FileSystem& fs = kv::posix_file_system();
    SECTION("operating system") {
        check(fs, dir.path(), [&](Requests& r) { fs.read_together(r); });
    }
    SECTION("io_uring, where there is one") {
        check(fs, dir.path(), [&](Requests& r) {
            if (!kv::io::read_by_ring(r)) fs.read_together(r);
        });
    }
    SECTION("posix_fadvise") {
        check(fs, dir.path(), [&](Requests& r) { kv::io::read_by_advice(r); });
    }
    SECTION("simulated") {
        kv::test::CrashFileSystem simulated;
        REQUIRE(simulated.create_dir("/db").is_ok());
        check(simulated, "/db", [&](Requests& r) { simulated.read_together(r); });
    }
}

std::shared_ptr<RandomAccessFile> make_file(FileSystem& fs, const std::string& path, size_t size) {
    std::string content(size, '\0');
    for (size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * 31 + i / 251);
    auto file = fs.create(path);
    REQUIRE(file.is_ok());
    REQUIRE((*file)->write_at(0, content).is_ok());
    auto opened = fs.open(path);
    REQUIRE(opened.is_ok());
    return *opened;
}

/// `request` was answered as read_at answers it.
void require_same(const ReadRequest& request) {
    std::string expected(request.length, 'x');
    const auto got = request.file->read_at(request.offset, request.length, expected.data());
    REQUIRE(request.got.status().to_string() == got.status().to_string());
    if (!got.is_ok()) return;
    REQUIRE(*request.got == *got);
    REQUIRE(std::string(request.scratch, *got) == expected.substr(0, *got));
}

/// Reads all at once, each into memory of its own.
void require_all_same(Requests requests, const Way& way) {
    std::vector<std::string> scratch;
    for (const ReadRequest& request : requests) scratch.emplace_back(request.length, 'y');
    for (size_t i = 0; i < requests.size(); ++i) requests[i].scratch = scratch[i].data();
    way(requests);
    for (const ReadRequest& request : requests) require_same(request);
}

}  // namespace

TEST_CASE("read_together: nothing to read is nothing done") {
    on_every_way([](FileSystem& fs, const std::string& dir, const Way& way) {
        require_all_same({}, way);
        const auto file = make_file(fs, join_path(dir, "a"), 100);
        require_all_same({{.file = file.get(), .offset = 7, .length = 0}}, way);
    });
}

TEST_CASE("read_together: one read gives what read_at gives") {
    on_every_way([](FileSystem& fs, const std::string& dir, const Way& way) {
        const auto file = make_file(fs, join_path(dir, "a"), 10'000);
        require_all_same({{.file = file.get(), .offset = 123, .length = 5000}}, way);
    });
}

TEST_CASE("read_together: more reads than a ring holds, of several files, in any order") {
    on_every_way([](FileSystem& fs, const std::string& dir, const Way& way) {
        const auto a = make_file(fs, join_path(dir, "a"), 300'000);
        const auto b = make_file(fs, join_path(dir, "b"), 200'000);
        Requests requests;
        for (size_t i = 0; i < 1000; ++i) {
            const bool first = i % 3 != 0;
            requests.push_back({.file = first ? a.get() : b.get(),
                                .offset = i * 7919 % (first ? 299'000 : 199'000),
                                .length = 1 + i % 977});
        }
        require_all_same(requests, way);
        require_all_same(requests, way);  // what the first left behind is of use for the second
    });
}

TEST_CASE("read_together: a read across the end of a file is short, one behind it empty") {
    on_every_way([](FileSystem& fs, const std::string& dir, const Way& way) {
        const auto file = make_file(fs, join_path(dir, "a"), 10'000);
        require_all_same({{.file = file.get(), .offset = 9'990, .length = 4096},
                          {.file = file.get(), .offset = 0, .length = 20'000},
                          {.file = file.get(), .offset = 10'000, .length = 10},
                          {.file = file.get(), .offset = 1ULL << 40, .length = 10},
                          {.file = file.get(), .offset = 5, .length = 10}},
                         way);
    });
}

TEST_CASE("read_together: an error of one read is told with place and cause, and only there") {
    const kv::test::TempDir dir;
    FileSystem& fs = kv::posix_file_system();
    const auto good = make_file(fs, dir.file("a"), 10'000);
    // A directory opens for reading and fails each read.
    auto descriptor = kv::io::open_descriptor(dir.path(), O_RDONLY | O_DIRECTORY);
    REQUIRE(descriptor.is_ok());
    const kv::io::PosixRandomAccessFile bad(dir.path(), std::move(*descriptor));
    const Requests requests{{.file = good.get(), .offset = 0, .length = 100},
                            {.file = &bad, .offset = 4, .length = 100},
                            {.file = good.get(), .offset = UINT64_MAX, .length = 1},
                            {.file = good.get(), .offset = 500, .length = 100}};
    require_all_same(requests, [&](Requests& r) {
        fs.read_together(r);
        CHECK(r[0].got.is_ok());
        CHECK(r[1].got.status().is(kv::Code::kIoError));
        CHECK_THAT(std::string(r[1].got.status().message()), Catch::Contains("offset 4, length"));
        CHECK(r[2].got.status().is(kv::Code::kIoError));
        CHECK(r[3].got.is_ok());
    });
    require_all_same(requests, [](Requests& r) { kv::io::read_by_advice(r); });
}

TEST_CASE("read_together: a fault of the simulated disk fails the read it hits") {
    kv::test::CrashFileSystem fs;
    REQUIRE(fs.create_dir("/db").is_ok());
    const auto file = make_file(fs, "/db/a", 1000);
    std::string scratch(30, ' ');
    Requests requests;
    for (size_t i = 0; i < 3; ++i)
        requests.push_back({file.get(), i * 100, 10, scratch.data() + i * 10});
    const uint64_t before = fs.operation_count();
    fs.fail_at(before + 1, kv::test::Fault::kReadEio);
    fs.read_together(requests);
    CHECK(fs.operation_count() == before + 3);
    CHECK(requests[0].got.is_ok());
    CHECK(requests[1].got.status().is(kv::Code::kIoError));
    CHECK(requests[2].got.is_ok());
}

TEST_CASE("read_together: threads read at once, each with a ring that goes with it") {
    const kv::test::TempDir dir;
    FileSystem& fs = kv::posix_file_system();
    const auto file = make_file(fs, dir.file("a"), 100'000);
    std::atomic<int> right{0};
    for (int round = 0; round < 5; ++round) {
        std::vector<std::thread> threads;
        for (size_t t = 0; t < 8; ++t) {
            threads.emplace_back([&, t] {
                Requests requests;
                std::string scratch(100 * 50, ' '), expected(50, ' ');
                for (size_t i = 0; i < 100; ++i) {
                    requests.push_back({file.get(), i * 613 + t, 50, scratch.data() + i * 50});
                }
                fs.read_together(requests);
                for (const ReadRequest& request : requests) {
                    const auto got = file->read_at(request.offset, 50, expected.data());
                    if (request.got.is_ok() && *request.got == *got &&
                        std::string_view(request.scratch, 50) == expected)
                        ++right;
                }
            });
        }
        for (std::thread& thread : threads) thread.join();
    }
    CHECK(right == 5 * 8 * 100);
}

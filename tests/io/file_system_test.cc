// What every FileSystem promises, held against the operating system's and the simulated one alike:
// the simulated disk is only worth its trust if it behaves like a real one.
// SPDX-License-Identifier: Apache-2.0
#include "kv/file_system.h"

#include <catch2/catch.hpp>
#include <functional>

#include "support/crash_file_system.h"
#include "support/temp_dir.h"

using kv::Code;
using kv::FileSystem;
using kv::join_path;
using kv::parent_directory;
using kv::read_whole_file;

namespace {

using Check = std::function<void(FileSystem& fs, const std::string& dir)>;

void on_both(const Check& check) {
    SECTION("operating system") {
        const kv::test::TempDir dir;
        check(kv::posix_file_system(), dir.path());
    }
    SECTION("simulated") {
        kv::test::CrashFileSystem fs;
        REQUIRE(fs.create_dir("/db").is_ok());
        check(fs, "/db");
    }
}

void put_file(FileSystem& fs, const std::string& path, kv::Bytes content) {
    auto file = fs.create(path);
    REQUIRE(file.is_ok());
    REQUIRE((*file)->write_at(0, content).is_ok());
}

}  // namespace

TEST_CASE("file system: join_path puts one slash between") {
    CHECK(join_path("db", "CURRENT") == "db/CURRENT");
    CHECK(join_path("/var/lib/kvd", "LOCK") == "/var/lib/kvd/LOCK");
}

TEST_CASE("file system: the parent of a path is where its own entry stands") {
    CHECK(parent_directory("db") == ".");
    CHECK(parent_directory("db/") == ".");
    CHECK(parent_directory("var/db") == "var");
    CHECK(parent_directory("/var/lib/kvd//") == "/var/lib");
    CHECK(parent_directory("var//db/") == "var");
    CHECK(parent_directory("/db/") == "/");
    CHECK(parent_directory("/") == "/");
    CHECK(parent_directory(".") == "./..");
    CHECK(parent_directory("var/./") == "var/./..");
    CHECK(parent_directory("..") == "../..");
}

TEST_CASE("file system: a file reads back what was written, at any position") {
    on_both([](FileSystem& fs, const std::string& dir) {
        const std::string path = join_path(dir, "a");
        auto made = fs.create(path);
        REQUIRE(made.is_ok());
        auto& file = **made;
        CHECK(*fs.file_size(path) == 0);
        CHECK(file.write_at(0, "").is_ok());
        CHECK(file.write_at(10, "world").is_ok());
        CHECK(file.write_at(0, "hello").is_ok());
        CHECK(file.sync().is_ok());
        CHECK(*read_whole_file(fs, path) == std::string("hello\0\0\0\0\0world", 15));
        CHECK(*fs.file_size(path) == 15);

        const auto reader = *fs.open(path);
        CHECK(*reader->size() == 15);
        char scratch[32];
        CHECK(*reader->read_at(12, 32, scratch) == 3);
        CHECK(std::string(scratch, 3) == "rld");
        CHECK(*reader->read_at(15, 4, scratch) == 0);
        CHECK(*reader->read_at(1000, 4, scratch) == 0);
        CHECK(*reader->read_at(0, 0, scratch) == 0);
    });
}

TEST_CASE("file system: create empties, open_writable keeps") {
    on_both([](FileSystem& fs, const std::string& dir) {
        const std::string path = join_path(dir, "a");
        put_file(fs, path, "content");
        CHECK((*fs.open_writable(path))->write_at(3, "X").is_ok());
        CHECK(*read_whole_file(fs, path) == "conXent");
        CHECK(fs.create(path).is_ok());
        CHECK(read_whole_file(fs, path)->empty());
    });
}

TEST_CASE("file system: preallocate extends with zeros, keeps bytes and never cuts") {
    on_both([](FileSystem& fs, const std::string& dir) {
        const std::string path = join_path(dir, "a");
        const auto file = std::move(*fs.create(path));
        CHECK(file->write_at(0, "abc").is_ok());
        CHECK(file->preallocate(10'000).is_ok());
        CHECK(*read_whole_file(fs, path) == "abc" + std::string(9'997, '\0'));
        CHECK(file->preallocate(0).is_ok());
        CHECK(file->preallocate(5).is_ok());
        CHECK(*fs.file_size(path) == 10'000);
        file->start_writeback(0, 10'000);
        file->start_writeback(0, 0);
    });
}

TEST_CASE("file system: truncate cuts, and what grows back is zeros") {
    on_both([](FileSystem& fs, const std::string& dir) {
        const std::string path = join_path(dir, "a");
        const auto file = std::move(*fs.create(path));
        CHECK(file->write_at(0, std::string(9000, 'x')).is_ok());
        CHECK(file->truncate(4100).is_ok());
        CHECK(*read_whole_file(fs, path) == std::string(4100, 'x'));
        CHECK(file->truncate(9000).is_ok());
        CHECK(*read_whole_file(fs, path) == std::string(4100, 'x') + std::string(4900, '\0'));
    });
}

TEST_CASE("file system: list gives sorted names of files and directories") {
    on_both([](FileSystem& fs, const std::string& dir) {
        CHECK(fs.list(dir)->empty());
        for (const char* name : {"b", "c", "a"}) put_file(fs, join_path(dir, name), "");
        CHECK(fs.create_dir(join_path(dir, "lost")).is_ok());
        CHECK(fs.create_dir(join_path(dir, "lost")).is_ok());  // fine when it exists
        CHECK(*fs.list(dir) == std::vector<std::string>{"a", "b", "c", "lost"});
        CHECK(*fs.exists(join_path(dir, "a")));
        CHECK(*fs.exists(join_path(dir, "lost")));
        CHECK_FALSE(*fs.exists(join_path(dir, "z")));
        CHECK_FALSE(*fs.exists(join_path(dir, "nowhere/z")));
    });
}

TEST_CASE("file system: rename replaces, across directories too, and keeps handles working") {
    on_both([](FileSystem& fs, const std::string& dir) {
        const std::string from = join_path(dir, "from");
        const std::string to = join_path(dir, "to");
        put_file(fs, from, "new");
        put_file(fs, to, "old");
        const auto old = *fs.open(to);
        CHECK(fs.rename(from, to).is_ok());
        CHECK(*read_whole_file(fs, to) == "new");
        CHECK_FALSE(*fs.exists(from));
        char scratch[3];
        CHECK(*old->read_at(0, 3, scratch) == 3);
        CHECK(std::string(scratch, 3) == "old");
        CHECK(fs.create_dir(join_path(dir, "lost")).is_ok());
        CHECK(fs.rename(to, join_path(dir, "lost/to")).is_ok());
        CHECK(*fs.list(dir) == std::vector<std::string>{"lost"});
        CHECK(*fs.list(join_path(dir, "lost")) == std::vector<std::string>{"to"});
        CHECK(fs.sync_dir(dir).is_ok());
    });
}

TEST_CASE("file system: a removed file is gone by name and readable through its handle") {
    on_both([](FileSystem& fs, const std::string& dir) {
        const std::string path = join_path(dir, "a");
        put_file(fs, path, "bytes");
        const auto reader = *fs.open(path);
        CHECK(fs.remove(path).is_ok());
        CHECK_FALSE(*fs.exists(path));
        char scratch[8];
        CHECK(*reader->read_at(0, 8, scratch) == 5);
    });
}

TEST_CASE("file system: missing things are kNotFound and named") {
    on_both([](FileSystem& fs, const std::string& dir) {
        const std::string path = join_path(dir, "none");
        CHECK(fs.open(path).status().is(Code::kNotFound));
        CHECK(fs.open_writable(path).status().is(Code::kNotFound));
        CHECK(fs.create(join_path(path, "x")).status().is(Code::kNotFound));
        CHECK(fs.list(path).status().is(Code::kNotFound));
        CHECK(fs.file_size(path).status().is(Code::kNotFound));
        CHECK(fs.remove(path).is(Code::kNotFound));
        CHECK(fs.rename(path, join_path(dir, "x")).is(Code::kNotFound));
        CHECK(fs.create_dir(join_path(path, "x")).is(Code::kNotFound));
        CHECK(fs.sync_dir(path).is(Code::kNotFound));
        CHECK_THAT(std::string(fs.open(path).status().message()), Catch::Contains(path));
    });
}

TEST_CASE("file system: a directory is not a file, and a file not a directory") {
    on_both([](FileSystem& fs, const std::string& dir) {
        put_file(fs, join_path(dir, "file"), "");
        CHECK(fs.create(dir).status().is(Code::kIoError));
        CHECK(fs.remove(dir).is(Code::kIoError));
        CHECK(fs.create_dir(join_path(dir, "file")).is(Code::kIoError));
        CHECK(fs.sync_dir(join_path(dir, "file")).is(Code::kIoError));
        CHECK(*fs.free_bytes(dir) > 0);
    });
}

TEST_CASE("file system: a second lock is refused until the first is gone") {
    on_both([](FileSystem& fs, const std::string& dir) {
        const std::string path = join_path(dir, "LOCK");
        auto first = fs.lock(path);
        REQUIRE(first.is_ok());
        CHECK(*fs.exists(path));
        CHECK(fs.lock(path).status().is(Code::kLocked));
        CHECK(fs.lock(path).status().is(Code::kLocked));  // being refused releases nothing
        first->reset();
        CHECK(fs.lock(path).is_ok());
        CHECK(fs.lock(path).is_ok());
    });
}

TEST_CASE("read_whole_file: refuses more than its limit") {
    on_both([](FileSystem& fs, const std::string& dir) {
        const std::string path = join_path(dir, "CURRENT");
        put_file(fs, path, "12345");
        CHECK(*read_whole_file(fs, path, 5) == "12345");
        const kv::Status status = read_whole_file(fs, path, 4).status();
        CHECK(status.is(Code::kCorruption));
        CHECK_THAT(std::string(status.message()),
                   Catch::Contains("expected at most 4 bytes") && Catch::Contains("found 5"));
    });
}

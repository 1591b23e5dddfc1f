// Asking about a data directory's lock, and listing it, on a real file system.
// SPDX-License-Identifier: Apache-2.0
#include "tools/data_directory.h"

#include <catch2/catch.hpp>

#include "support/temp_dir.h"

namespace kv::tools {

TEST_CASE("data directory: a held lock is seen, from this process too, and is not taken") {
    test::TempDir dir;
    FileSystem& fs = posix_file_system();
    CHECK_FALSE(is_locked(dir.path()));
    CHECK_FALSE(*fs.exists(dir.file("LOCK")));
    {
        const auto held = fs.lock(dir.file("LOCK"));
        REQUIRE(held.is_ok());
        CHECK(is_locked(dir.path()));
    }
    CHECK_FALSE(is_locked(dir.path()));
    CHECK(fs.lock(dir.file("LOCK")).is_ok());
}

TEST_CASE("data directory: a lock file alone makes no store, one file of the engine does") {
    test::TempDir dir;
    FileSystem& fs = posix_file_system();
    REQUIRE(fs.lock(dir.file("LOCK")).is_ok());
    CHECK(list_data_directory(fs, dir.path()).status().is(Code::kInvalidArgument));
    REQUIRE(fs.create(dir.file("000003.sst")).is_ok());
    REQUIRE(fs.create_dir(dir.file("lost")).is_ok());
    const auto files = list_data_directory(fs, dir.path());
    REQUIRE(files.is_ok());
    REQUIRE(files->size() == 2);
    CHECK(files->at(0).parsed.kind == FileKind::kTable);
    CHECK(files->at(1).name == "LOCK");
}

}  // namespace kv::tools

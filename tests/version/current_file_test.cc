// CURRENT: its one line, its damage, and its replacement through crashes.
// SPDX-License-Identifier: Apache-2.0
#include "version/current_file.h"

#include <catch2/catch.hpp>

#include "record/doc_hex.h"
#include "version/version_fixture.h"

namespace kv {
namespace {

using namespace test;  // NOLINT: the fixture's vocabulary

TEST_CASE("CURRENT: names the MANIFEST in one line of text") {
    const std::string text = encode_current(1);
    CHECK(text.substr(0, 22) == "kvd 1 MANIFEST-000001 ");
    CHECK(text.size() == 22 + 16 + 1);
    CHECK(decode_current(text, "CURRENT").value() == 1);
    CHECK(decode_current(encode_current(12345678), "CURRENT").value() == 12345678);
}

TEST_CASE("CURRENT: a cut at any byte and a change of any byte are corruption") {
    const std::string text = encode_current(1);
    for (size_t i = 0; i < text.size(); ++i) {
        CAPTURE(i);
        CHECK(decode_current(text.substr(0, i), "CURRENT").status().is(Code::kCorruption));
        std::string bad = text;
        bad[i] = static_cast<char>(bad[i] ^ 1);
        CHECK(decode_current(bad, "CURRENT").status().is(Code::kCorruption));
    }
    CHECK(decode_current(text + "\n", "CURRENT").status().is(Code::kCorruption));
}

TEST_CASE("CURRENT: the worked example of the document is what this code writes") {
    CHECK(encode_current(1) == doc_bytes("manifest_format.md", "current"));
}

TEST_CASE("CURRENT: a newer directory format is unsupported, both versions named") {
    const Status status =
        decode_current(doc_bytes("manifest_format.md", "current-version-2"), "x/CURRENT").status();
    CHECK(status.is(Code::kUnsupported));
    CHECK(contains(status, "x/CURRENT"));
    CHECK(contains(status, "version 2"));
    CHECK(contains(status, "version 1"));
}

TEST_CASE("CURRENT: regression row 6: is replaced in the order that survives a crash") {
    const auto fs = make_disk();
    REQUIRE(prepare_current(*fs, "db", 1).is_ok());
    REQUIRE(install_current(*fs, "db").is_ok());
    const uint64_t from = fs->operation_count();
    REQUIRE(prepare_current(*fs, "db", 2).is_ok());
    REQUIRE(install_current(*fs, "db").is_ok());
    CHECK(fs->journal_text("db", from) ==
          "create CURRENT.tmp\n"
          "write CURRENT.tmp\n"
          "sync CURRENT.tmp\n"
          "rename CURRENT.tmp -> CURRENT\n"
          "sync_dir .\n");
    CHECK(read_current(*fs->clone_after_crash(CrashOptions::lose_all()), "db").value() == 2);
}

TEST_CASE("CURRENT: a crash at any operation leaves the old or the new one") {
    const auto fs = make_disk();
    REQUIRE(prepare_current(*fs, "db", 1).is_ok());
    REQUIRE(install_current(*fs, "db").is_ok());
    fs->set_before_op_hook([&](const Operation& operation) {
        for (uint64_t seed = 0; seed < 20; ++seed) {
            CAPTURE(operation.index, seed);
            const auto crashed = fs->clone_after_crash(CrashOptions::random(seed));
            const Result<uint64_t> number = read_current(*crashed, "db");
            REQUIRE(number.is_ok());
            REQUIRE((*number == 1 || *number == 2));
        }
    });
    REQUIRE(prepare_current(*fs, "db", 2).is_ok());
    REQUIRE(install_current(*fs, "db").is_ok());
}

}  // namespace
}  // namespace kv

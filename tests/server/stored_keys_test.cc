// server/stored_keys.h: bounds, lists of keys and messages, in the words of the store and back.
// SPDX-License-Identifier: Apache-2.0
#include "server/stored_keys.h"

#include <catch2/catch.hpp>

namespace kv::server {
namespace {

const Keyspace kDefault;
const Keyspace kSeven(7);
const std::string kPrefix("\xFF\x01\x00\x00\x00\x07", 6);

}  // namespace

TEST_CASE("stored keys: what is not bounded is bounded by the keyspace") {
    const ScanOptions all = scan_options(kDefault, {}, nullptr);
    CHECK_FALSE(all.lower.has_value());
    CHECK(all.upper == "\xFF\x01");
    CHECK(all.prefix.empty());
    const ScanOptions seven = scan_options(kSeven, {}, nullptr);
    CHECK(seven.lower == kPrefix);
    CHECK(seven.upper == Keyspace(8).first());
    CHECK(seven.prefix.empty());
}

TEST_CASE("stored keys: bounds and prefix are stored keys") {
    const ScanOptions plain = scan_options(kDefault, {"a", "b", "ab"}, nullptr);
    CHECK(plain.lower == "a");
    CHECK(plain.upper == "b");
    CHECK(plain.prefix == "ab");
    const ScanOptions escaped = scan_options(kDefault, {"\xFF", "\xFF\x01", "\xFF"}, nullptr);
    CHECK(escaped.lower == std::string("\xFF\x00", 2));
    CHECK(escaped.upper == std::string("\xFF\x00\x01", 3));
    CHECK(escaped.prefix == std::string("\xFF\x00", 2));
    const ScanOptions seven = scan_options(kSeven, {"a", "\xFF", "a"}, nullptr);
    CHECK(seven.lower == kPrefix + "a");
    CHECK(seven.upper == kPrefix + "\xFF");
    CHECK(seven.prefix == kPrefix + "a");
}

TEST_CASE("stored keys: bounds and prefix come to one range") {
    using Range = std::pair<std::string, std::string>;
    CHECK(stored_range(kDefault, {}) == Range("", "\xFF\x01"));
    CHECK(stored_range(kDefault, {"aa", "c", "a"}) == Range("aa", "b"));
    CHECK(stored_range(kDefault, {"", "ab", "a"}) == Range("a", "ab"));
    CHECK(stored_range(kDefault, {"", "", "\xFF"}) == Range({"\xFF\x00", 2}, "\xFF\x01"));
    CHECK(stored_range(kSeven, {}) == Range(kPrefix, Keyspace(8).first()));
    CHECK(stored_range(kSeven, {"", "", "\xFF"}) == Range(kPrefix + "\xFF", Keyspace(8).first()));
    const Keyspace last(0xFFFFFFFF);
    CHECK(stored_range(last, {"", "", "\xFF"}) == Range(last.first() + "\xFF", last.end()));
    // An empty bound bounds here, where it says nothing in a KeyRange.
    CHECK(stored_range(kDefault, std::nullopt, "", {}) == Range("", ""));
    CHECK(stored_range(kDefault, "b", "\xFF", "") == Range("b", {"\xFF\x00", 2}));
}

TEST_CASE("stored keys: a list of default keys is left alone, but for those that begin with FF") {
    const std::vector<Bytes> sent = {"a", "\xFF", "", "\xFE", "\xFF\xFF"};
    std::vector<Bytes> keys = sent;
    StoredKeys stored;
    stored.map(kDefault, keys);
    for (const size_t i : {0U, 2U, 3U}) CHECK(keys[i].data() == sent[i].data());
    CHECK(keys[1] == Bytes("\xFF\x00", 2));
    CHECK(keys[4] == Bytes("\xFF\x00\xFF", 3));
}

TEST_CASE("stored keys: a list of any length keeps its bytes") {
    std::vector<std::string> sent;
    for (int i = 0; i < 1000; ++i) sent.push_back(std::to_string(i));
    std::vector<Bytes> keys(sent.begin(), sent.end());
    StoredKeys stored;
    stored.map(kSeven, keys);
    for (size_t i = 0; i < sent.size(); ++i) REQUIRE(keys[i] == kPrefix + sent[i]);
}

TEST_CASE("stored keys: errors name keys as they were sent") {
    const auto shown = [](const Keyspace& space, Bytes key) {
        std::string scratch;
        const std::string stored = escape_bytes(space.stored(key, scratch));
        const Status status =
            for_user(space, {Code::kConflict, "key \"" + stored + "\": expected an entry", 42});
        CHECK(status.is(Code::kConflict));
        CHECK(status.detail() == 42);
        return std::string(status.message());
    };
    CHECK(shown(kDefault, "a") == "key \"a\": expected an entry");
    CHECK(shown(kDefault, "\xFF\x41") == "key \"\\xffA\": expected an entry");
    CHECK(shown(kSeven, "a") == "key \"a\": expected an entry");
    CHECK(shown(Keyspace(0x0A225C41), "a") == "key \"a\": expected an entry");
    CHECK(for_user(kSeven, Status::io_error("write: no key here")).message() ==
          "write: no key here");
}

}  // namespace kv::server

// config/kvd.toml: the documented sample parses, names every key and shows the real defaults.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <fstream>
#include <map>

#include "config/key_table.h"
#include "config/loader.h"

namespace kv::config {
namespace {

/// What stands behind each setting as a comment, by key.
std::map<std::string, std::string> comments_of_sample() {
    std::map<std::string, std::string> comments;
    std::ifstream file(KV_SAMPLE_CONFIG);
    std::string section;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('[')) section = line.substr(1, line.find(']') - 1) + ".";
        const size_t equals = line.find(" = ");
        if (line.starts_with('#') || equals == std::string::npos) continue;
        const size_t mark = line.find("# ");
        comments[section + line.substr(0, equals)] =
            mark == std::string::npos ? "" : line.substr(mark + 2);
    }
    return comments;
}

}  // namespace

TEST_CASE("sample kvd.toml: names every key with its default") {
    CommandLine line;
    line.config_file = KV_SAMPLE_CONFIG;
    auto loaded = load(line, {});
    INFO(loaded.status().to_string());
    REQUIRE(loaded.is_ok());
    const Config defaults;
    for (const Key& key : keys()) {
        INFO(key.name);
        CHECK(loaded->sources.at(std::string(key.name)).starts_with(KV_SAMPLE_CONFIG));
        CHECK(get_value(key, loaded->config) == get_value(key, defaults));
    }
}

TEST_CASE("sample kvd.toml: names the range of every key that has one") {
    const auto comments = comments_of_sample();
    for (const Key& key : keys()) {
        INFO(key.name);
        CHECK(comments.at(std::string(key.name)) == allowed_values(key));
    }
}

}  // namespace kv::config

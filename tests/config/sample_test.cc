// config/kvd.toml: the documented sample parses, names every key and shows the real defaults.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "config/key_table.h"
#include "config/loader.h"

namespace kv::config {

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

}  // namespace kv::config

// protocol/docs/stats.md names what STATS answers: no name less and none more.
// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <regex>
#include <set>

#include "server/control_fixture.h"
#include "server/stats_report.h"

namespace kv::server {

namespace {

std::string read_document(const std::string& path) {
    std::ifstream in(std::string(KV_SOURCE_DIR) + path);
    REQUIRE(in.good());
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Of the rows of all tables, the first cell.
std::set<std::string> documented_names() {
    const std::string text = read_document("/protocol/docs/stats.md");
    const std::regex row("\n\\| `([a-zA-Z0-9_.]+)` \\|");
    std::set<std::string> names;
    for (std::sregex_iterator it(text.begin(), text.end(), row), end; it != end; ++it) {
        INFO((*it)[1].str());
        CHECK(names.insert((*it)[1].str()).second);
    }
    return names;
}

}  // namespace

TEST_CASE_METHOD(ControlFixture, "stats: the document names exactly what STATS answers") {
    StoreStats engine;
    engine.levels.resize(2);
    engine.stages.push_back({.name = "write"});
    std::set<std::string> answered;
    for (const Stat& stat : collect_stats(shared(), engine, "")) {
        std::string name = std::regex_replace(stat.name, std::regex("level[0-9]+"), "levelN");
        name = std::regex_replace(name, std::regex("stage\\.[a-z_]+"), "stage.NAME");
        answered.insert(std::move(name));
    }
    CHECK(answered == documented_names());
}

TEST_CASE_METHOD(ControlFixture, "stats: each counter of a limit is documented with its key") {
    const std::string text = read_document("/protocol/docs/stats.md");
    for (const std::string_view name : kCounterNames) {
        if (!name.starts_with("limit_")) continue;
        const std::regex row("\\| `server\\." + std::string(name) + "` \\| `limits\\.");
        INFO(name);
        CHECK(std::regex_search(text, row));
    }
}

}  // namespace kv::server

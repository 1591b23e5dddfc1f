// Reads documents below KV_SOURCE_DIR, which the build names; the wire format's once.
// SPDX-License-Identifier: Apache-2.0
#include "tests/protocol/document.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

namespace kv::protocol::testing {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

void append_hex(const std::string& line, std::string& out) {
    std::istringstream in(line.substr(0, line.find('#')));
    for (std::string pair; in >> pair;) {
        REQUIRE(pair.size() == 2);
        out.push_back(static_cast<char>(std::stoi(pair, nullptr, 16)));
    }
}

std::string trimmed(const std::string& text) {
    const size_t first = text.find_first_not_of(' ');
    if (first == std::string::npos) return {};
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::vector<std::string> cells_of(const std::string& row) {
    std::vector<std::string> cells;
    for (size_t at = 1; at < row.size();) {
        const size_t end = row.find('|', at);
        if (end == std::string::npos) break;
        cells.push_back(trimmed(row.substr(at, end - at)));
        at = end + 1;
    }
    return cells;
}

std::string text_of(const std::string& document) {
    std::ifstream in(std::string(KV_SOURCE_DIR) + "/protocol/docs/" + document);
    REQUIRE(in.good());
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

}  // namespace

const std::string& document_text() {
    static const std::string text = text_of("wire_format.md");
    return text;
}

const std::map<std::string, std::string>& document_examples() {
    static const std::map<std::string, std::string> examples = [] {
        const std::string fence = "```hex ";
        std::map<std::string, std::string> found;
        std::string name;
        for (const std::string& line : lines_of(document_text())) {
            if (line.rfind(fence, 0) == 0) {
                name = line.substr(fence.size());
                REQUIRE(found.emplace(name, std::string()).second);
            } else if (line == "```") {
                name.clear();
            } else if (!name.empty()) {
                append_hex(line, found[name]);
            }
        }
        return found;
    }();
    return examples;
}

const std::string& example(const std::string& name) {
    const auto found = document_examples().find(name);
    INFO("example " << name);
    REQUIRE(found != document_examples().end());
    return found->second;
}

std::vector<std::vector<std::string>> document_table(const std::string& first_cells,
                                                     const std::string& document) {
    std::vector<std::vector<std::string>> rows;
    bool inside = false;
    for (const std::string& line : lines_of(text_of(document))) {
        if (!inside) {
            inside = line.rfind("| " + first_cells + " |", 0) == 0;
        } else if (line.empty()) {
            break;
        } else if (line.rfind("|---", 0) != 0) {
            rows.push_back(cells_of(line));
        }
    }
    return rows;
}

}  // namespace kv::protocol::testing

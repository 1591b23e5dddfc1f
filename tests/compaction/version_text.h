// Table sets and plans as text, for the picker's tests.
//
// A level is a line `LEVEL: NUMBER[SMALLEST-LARGEST]SIZE ...`, such as `0: 8[a-m]64 7[c-z]64`.
// A table's seqnos are number*10 to number*10+9, so that higher numbers are newer.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <sstream>
#include <string>
#include <vector>

#include "compaction/picker.h"
#include "record/internal_key.h"
#include "version/version.h"

namespace kv::test {

inline FileMetaPtr parse_table(const std::string& text) {
    const size_t open = text.find('['), dash = text.find('-', open), close = text.find(']', dash);
    FileMeta meta;
    meta.number = std::stoull(text.substr(0, open));
    meta.smallest_seqno = meta.number * 10;
    meta.largest_seqno = meta.number * 10 + 9;
    const std::string smallest = text.substr(open + 1, dash - open - 1);
    const std::string largest = text.substr(dash + 1, close - dash - 1);
    meta.smallest = make_internal_key(smallest, meta.largest_seqno, Kind::kPut);
    meta.largest = make_internal_key(largest, meta.smallest_seqno, Kind::kPut);
    meta.size_bytes = std::stoull(text.substr(close + 1));
    meta.entries = 10;
    return std::make_shared<const FileMeta>(std::move(meta));
}

inline Version parse_version(const std::string& text) {
    std::array<std::vector<FileMetaPtr>, kLevels> levels;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const size_t colon = line.find(':');
        if (colon == std::string::npos) continue;
        std::istringstream tables(line.substr(colon + 1));
        auto& files = levels.at(std::stoul(line.substr(0, colon)));
        for (std::string table; tables >> table;) files.push_back(parse_table(table));
    }
    return Version(std::move(levels));
}

/// `none`, `move 1:4 -> 2`, or `0:8 0:7 1:3 -> 1` with ` below 9 10` where the plan names some.
inline std::string plan_text(const std::optional<CompactionPlan>& plan) {
    if (!plan) return "none";
    std::string text = plan->move_only ? "move " : "";
    for (const PlanInput& input : plan->inputs) {
        text += std::to_string(input.level) + ":" + std::to_string(input.file->number) + " ";
    }
    text += "-> " + std::to_string(plan->output_level);
    if (!plan->below.empty()) text += " below";
    for (const FileMetaPtr& file : plan->below) text += " " + std::to_string(file->number);
    return text;
}

}  // namespace kv::test

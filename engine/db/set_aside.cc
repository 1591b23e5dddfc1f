// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/set_aside.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "record/file_names.h"

namespace kv::db {

void SetAside::add_for_good(uint64_t number, const Status& why) {
    tables_[number] = {why, UINT64_MAX};
}

uint64_t SetAside::add_for_a_while(uint64_t number, const Status& why, uint64_t longest_ms) {
    Entry& entry = tables_[number];
    if (entry.while_ms == UINT64_MAX) return UINT64_MAX;
    entry = {why, std::min(std::max(kFirstMs, 2 * entry.while_ms), longest_ms)};
    return entry.while_ms;
}

std::set<uint64_t> SetAside::all() const {
    std::set<uint64_t> numbers;
    for (const auto& [number, entry] : tables_) numbers.insert(number);
    return numbers;
}

std::set<uint64_t> SetAside::damaged() const {
    std::set<uint64_t> numbers;
    for (const auto& [number, entry] : tables_) {
        if (entry.while_ms == UINT64_MAX) numbers.insert(number);
    }
    return numbers;
}

Status SetAside::why() const {
    if (tables_.empty()) return Status::ok();
    const auto longest = std::max_element(
        tables_.begin(), tables_.end(),
        [](const auto& a, const auto& b) { return a.second.while_ms < b.second.while_ms; });
    return longest->second.why;
}

namespace {

bool names_file(std::string_view text, std::string_view name) {
    for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
        // Not the end of a longer number.
        if (at == 0 || text[at - 1] < '0' || text[at - 1] > '9') return true;
    }
    return false;
}

}  // namespace

std::vector<FileMetaPtr> inputs_named(const CompactionPlan& plan, const Status& status) {
    std::vector<FileMetaPtr> files;
    for (const PlanInput& input : plan.inputs) {
        if (names_file(status.message(), table_file_name(input.file->number))) {
            files.push_back(input.file);
        }
    }
    return files;
}

}  // namespace kv::db

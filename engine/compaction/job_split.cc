// Where to cut a compaction: see job_split.h.
//
// Candidates are the bounds of tables, which cost nothing extra to cut at, and keys spread evenly
// between the first and the last, for when there are few tables. The inputs' indexes tell how many
// bytes lie before each; the cuts are the candidates nearest to equal shares.
// SPDX-License-Identifier: Apache-2.0
#include "compaction/job_split.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "record/internal_key.h"

namespace kv {

namespace {

constexpr size_t kSpreadKeys = 63;

/// Keys at equal distances between two, going by the 8 bytes behind their common prefix.
void add_spread_keys(Bytes lower, Bytes upper, std::vector<std::string>& keys) {
    const auto differ = std::mismatch(lower.begin(), lower.end(), upper.begin(), upper.end());
    const auto common = static_cast<size_t>(differ.first - lower.begin());
    const auto number_of = [common](Bytes key) {
        char bytes[8] = {};
        std::memcpy(bytes, key.data() + common, std::min(key.size() - common, sizeof bytes));
        return load_big_endian64(bytes);
    };
    const uint64_t first = number_of(lower);
    const uint64_t step = (number_of(upper) - first) / (kSpreadKeys + 1);
    for (uint64_t i = 1; step != 0 && i <= kSpreadKeys; ++i) {
        char bytes[8];
        store_big_endian64(bytes, first + i * step);
        std::string key(lower.substr(0, common));
        key.append(bytes, sizeof bytes);
        // Range tombstones are cut here too, and their bounds have to be keys.
        if (key.size() > kMaxKeyBytes) key.resize(kMaxKeyBytes);
        keys.push_back(std::move(key));
    }
}

std::vector<std::string> candidates(const CompactionPlan& plan) {
    std::vector<std::string> keys;
    Bytes lower = plan.inputs.front().file->smallest_user_key(), upper = lower;
    for (const PlanInput& input : plan.inputs) {
        lower = std::min(lower, input.file->smallest_user_key());
        upper = std::max(upper, input.file->largest_user_key());
        if (input.level > 0) keys.emplace_back(input.file->smallest_user_key());
    }
    for (const FileMetaPtr& file : plan.below) keys.emplace_back(file->smallest_user_key());
    add_spread_keys(lower, upper, keys);
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    // Nothing lies before the first key, so it cuts nothing.
    std::erase_if(keys, [&](const std::string& key) { return key <= lower || key > upper; });
    return keys;
}

/// Bytes of the inputs before each key.
Result<std::vector<uint64_t>> bytes_before(const CompactionWork& work,
                                           const std::vector<std::string>& keys) {
    std::vector<uint64_t> bytes(keys.size(), 0);
    for (const PlanInput& input : work.plan.inputs) {
        KV_ASSIGN_OR_RETURN(const std::shared_ptr<TableReader> table,
                            work.context.open_table(*input.file));
        for (size_t i = 0; i < keys.size(); ++i) {
            if (input.file->ends_before(keys[i])) {
                bytes[i] += input.file->size_bytes;
            } else if (input.file->smallest_user_key() < keys[i]) {
                bytes[i] += table->approximate_offset(keys[i]);
            }
        }
    }
    return bytes;
}

}  // namespace

Result<std::vector<KeyRange>> split_job(const CompactionWork& work, size_t most_parts) {
    const uint64_t total = work.plan.input_bytes();
    const uint64_t parts =
        std::min<uint64_t>(most_parts, total / std::max<uint64_t>(work.options.table_bytes, 1));
    std::vector<KeyRange> ranges(1);
    if (parts < 2) return ranges;
    const std::vector<std::string> keys = candidates(work.plan);
    KV_ASSIGN_OR_RETURN(const std::vector<uint64_t> bytes, bytes_before(work, keys));
    size_t next = 0;
    for (uint64_t part = 1; part < parts; ++part) {
        const uint64_t wanted = total / parts * part;
        const auto distance = [&](size_t i) {
            return bytes[i] > wanted ? bytes[i] - wanted : wanted - bytes[i];
        };
        while (next + 1 < keys.size() && distance(next + 1) <= distance(next)) ++next;
        if (next >= keys.size()) break;
        ranges.back().upper = keys[next];
        ranges.push_back({keys[next], std::nullopt});
        ++next;
    }
    return ranges;
}

}  // namespace kv

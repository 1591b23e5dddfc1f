// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/table_set.h"

#include <algorithm>
#include <cstring>

#include "record/internal_key.h"

namespace kv::db {

namespace {

/// The first 8 bytes as a big-endian integer, zero-filled: orders like the key where it differs.
uint64_t prefix_of(Bytes key) {
    char buffer[8] = {};
    std::memcpy(buffer, key.data(), std::min(key.size(), sizeof buffer));
    return load_big_endian64(buffer);
}

}  // namespace

TableSet::TableSet(std::shared_ptr<const Version> version, TableCache& cache)
    : version_(std::move(version)), levels_(kLevels) {
    for (int number = 0; number < kLevels; ++number) {
        Level& level = levels_[static_cast<size_t>(number)];
        for (const auto& file : version_->files(number)) {
            level.tables.push_back({file.get(), cache.slot(*file), user_key_of(file->smallest),
                                    user_key_of(file->largest)});
            if (number > 0)
                level.largest_prefixes.push_back(prefix_of(level.tables.back().largest));
        }
    }
}

const TableSet::Table* TableSet::find(int level_number, Bytes user_key) const {
    const Level& level = levels_[static_cast<size_t>(level_number)];
    if (level.tables.empty()) return nullptr;
    // First table whose largest key is not below user_key; prefixes decide nearly always.
    const uint64_t prefix = prefix_of(user_key);
    const auto& prefixes = level.largest_prefixes;
    auto at = static_cast<size_t>(std::lower_bound(prefixes.begin(), prefixes.end(), prefix) -
                                  prefixes.begin());
    while (at < prefixes.size() && prefixes[at] == prefix && level.tables[at].largest < user_key) {
        ++at;
    }
    if (at == level.tables.size() || user_key < level.tables[at].smallest) return nullptr;
    return &level.tables[at];
}

}  // namespace kv::db

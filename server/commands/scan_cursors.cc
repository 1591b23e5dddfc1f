// See scan_cursors.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands/scan_cursors.h"

#include <xxhash.h>

namespace kv::server {
namespace {

/// XXH3-64 of the database's number and the key, as far as a cursor has room. `attempt` gives
/// others.
uint64_t cursor_of(uint32_t database, Bytes key, uint64_t attempt) {
    const uint64_t hash = XXH3_64bits_withSeed(key.data(), key.size(), (attempt << 32U) | database);
    return hash & ScanCursors::kMaxCursor;
}

}  // namespace

uint64_t ScanCursors::give_out(uint32_t database, Bytes last_key) {
    const std::lock_guard lock(mutex_);
    for (uint64_t attempt = 0;; ++attempt) {
        const uint64_t cursor = cursor_of(database, last_key, attempt);
        if (cursor == 0) continue;
        const auto found = by_cursor_.find(cursor);
        if (found != by_cursor_.end()) {
            if (!found->second->is(database, last_key)) continue;
            positions_.splice(positions_.end(), positions_, found->second);
            return cursor;
        }
        positions_.push_back({cursor, database, std::string(last_key)});
        by_cursor_.emplace(cursor, std::prev(positions_.end()));
        key_bytes_ += last_key.size();
        while (positions_.size() > kMaxPositions || key_bytes_ > kMaxKeyBytes) forget_oldest();
        return cursor;
    }
}

std::optional<std::string> ScanCursors::find(uint32_t database, uint64_t cursor) const {
    const std::lock_guard lock(mutex_);
    const auto found = by_cursor_.find(cursor);
    if (found == by_cursor_.end() || found->second->database != database) return std::nullopt;
    return found->second->last_key;
}

size_t ScanCursors::size() const {
    const std::lock_guard lock(mutex_);
    return positions_.size();
}

void ScanCursors::forget_oldest() {
    const Position& oldest = positions_.front();
    key_bytes_ -= oldest.last_key.size();
    by_cursor_.erase(oldest.cursor);
    positions_.pop_front();
}

}  // namespace kv::server

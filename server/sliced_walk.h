// A walk in slices: what one turn in the read pool passes over is bounded, however many deleted or
// expired entries lie in a row, so that other tasks get their turn and whoever wants it to end is
// heard. Thread rule: as the iterator's.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "kv/iterator.h"

namespace kv::server {

/// For ScanOptions::max_skipped of such a walk.
inline constexpr uint64_t kSliceSkips = 16'384;

/// Goes on where the budget of the slice before ended `walk`; else leaves it where it is.
inline void begin_slice(Iterator& walk, bool reverse = false) {
    if (!walk.budget_exhausted()) return;
    const std::string key(walk.resume_key());
    reverse ? walk.seek_for_prev(key) : walk.seek(key);
}

}  // namespace kv::server

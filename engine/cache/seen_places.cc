// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "cache/seen_places.h"

#include <algorithm>
#include <bit>

namespace kv {

namespace {

constexpr uint64_t kFewest = 64;
constexpr uint64_t kMost = 1U << 20;
constexpr int kTagShift = 48;

}  // namespace

SeenPlaces::SeenPlaces(uint64_t places)
    : mask_(std::bit_ceil(std::clamp(places, kFewest, kMost)) - 1),
      tags_(std::make_unique<std::atomic<uint16_t>[]>(mask_ + 1)) {}

bool SeenPlaces::note(uint64_t hash) {
    std::atomic<uint16_t>& tag = tags_[hash & mask_];
    const auto wanted = static_cast<uint16_t>(hash >> kTagShift | 1);  // 0: nothing noted
    const bool is_seen = tag.load(std::memory_order_relaxed) == wanted;
    tag.store(is_seen ? 0 : wanted, std::memory_order_relaxed);
    return is_seen;
}

}  // namespace kv

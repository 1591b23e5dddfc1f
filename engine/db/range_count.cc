// See range_count.h.
// SPDX-License-Identifier: Apache-2.0
#include "db/range_count.h"

#include <algorithm>

#include "record/internal_key.h"

namespace kv::db {
namespace {

uint64_t live_at(const InternalIterator& at) {
    return trailer_kind(trailer_of(at.key())) == Kind::kDelete ? 0 : 1;
}

}  // namespace

std::optional<uint64_t> count_between(InternalIterator& inside, InternalIterator* beyond,
                                      const std::string& lower,
                                      const std::optional<std::string>& upper, uint64_t live,
                                      uint64_t max_steps) {
    uint64_t found = 0;
    uint64_t outside = 0;
    inside.seek(make_seek_key(lower, kMaxSeqno));
    if (beyond != nullptr) beyond->seek(make_seek_key(*upper, kMaxSeqno));
    for (uint64_t step = 0; step < max_steps; ++step) {
        if (!inside.status().is_ok() || (beyond != nullptr && !beyond->status().is_ok())) break;
        if (!inside.valid() || (upper && user_key_of(inside.key()) >= *upper)) return found;
        if (beyond != nullptr && !beyond->valid()) return live - std::min(live, outside);
        found += live_at(inside);
        inside.next();
        if (beyond == nullptr) continue;
        outside += live_at(*beyond);
        beyond->next();
    }
    return std::nullopt;
}

}  // namespace kv::db

// See slow_reader.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/slow_reader.h"

#include <algorithm>

namespace kv::server {

uint64_t least_progress_bytes(const config::Limits& limits) {
    // One answer may be as large as a value, however low the limit: without a least share a trickle
    // would hold that for hours.
    constexpr uint64_t kLeastShareBytes = 1U << 20;
    return std::max(limits.unread_reply_bytes / 8, kLeastShareBytes);
}

void SlowReader::note_progress(size_t unsent_bytes, uint64_t now_us) {
    stuck_since_us_ = 0;
    if (unread_since_us_ != 0 && unsent_bytes < noted_bytes_) {
        taken_bytes_ += noted_bytes_ - unsent_bytes;
        if (taken_bytes_ >= least_progress_bytes(shared_.config.limits)) {
            unread_since_us_ = now_us;
            taken_bytes_ = 0;
        }
    }
    note(unsent_bytes, now_us);
}

void SlowReader::note(size_t unsent_bytes, uint64_t now_us) {
    noted_bytes_ = unsent_bytes;
    if (unsent_bytes == 0) {
        stuck_since_us_ = 0;
    } else if (stuck_since_us_ == 0) {
        stuck_since_us_ = now_us;
    }
    if (!is_over_limit(unsent_bytes)) {
        unread_since_us_ = 0;
        return;
    }
    if (unread_since_us_ == 0) {
        unread_since_us_ = now_us;
        taken_bytes_ = 0;
        warned_ = false;
        counters_.add(Counter::kLimitUnread);
    }
    // A single answer over the limit is nobody's fault: only who is slow to take it is worth a
    // line.
    const uint64_t patience_ms = shared_.config.limits.slow_reader_timeout_ms / 2;
    if (!warned_ && has_passed(now_us, unread_since_us_, patience_ms)) {
        warned_ = true;
        shared_.report(Incident::kUnreadReplies,
                       peer_ + ": has not read " + std::to_string(unsent_bytes) +
                           " bytes of replies (limits.unread_reply_size): not reading");
    }
}

bool SlowReader::must_close(uint64_t now_us, bool ending) {
    const uint64_t limit_ms = shared_.config.limits.slow_reader_timeout_ms;
    const bool over_limit = unread_since_us_ != 0 && has_passed(now_us, unread_since_us_, limit_ms);
    // A few unread answers of a living connection cost little, unless memory is what others need.
    const bool stuck = stuck_since_us_ != 0 && has_passed(now_us, stuck_since_us_, limit_ms) &&
                       (ending || shared_.memory.exceeded());
    if (!over_limit && !stuck) return false;
    counters_.add(Counter::kLimitSlowReader);
    shared_.report(Incident::kSlowReader,
                   peer_ + ": does not read its replies (limits.slow_reader_timeout); closing");
    return true;
}

}  // namespace kv::server

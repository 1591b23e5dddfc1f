// See slow_reader.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/slow_reader.h"

namespace kv::server {

void SlowReader::note(size_t unsent_bytes, uint64_t now_us) {
    if (unsent_bytes == 0) {
        stuck_since_us_ = 0;
    } else if (stuck_since_us_ == 0) {
        stuck_since_us_ = now_us;
    }
    if (!is_over_limit(unsent_bytes)) {
        unread_since_us_ = 0;
    } else if (unread_since_us_ == 0) {
        unread_since_us_ = now_us;
        counters_.add(Counter::kLimitUnread);
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

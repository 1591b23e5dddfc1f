// See slow_sender.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/slow_sender.h"

#include "server/slow_reader.h"

namespace kv::server {

void SlowSender::note(size_t unfinished_bytes, bool is_new, uint64_t now_us) {
    if (unfinished_bytes == 0) {
        since_us_ = 0;
    } else if (is_new || since_us_ == 0 || unfinished_bytes < noted_bytes_) {
        excuse(now_us);
        since_us_ = now_us;
    } else {
        arrived_bytes_ += unfinished_bytes - noted_bytes_;
        if (arrived_bytes_ >= least_progress_bytes(shared_.config.limits)) excuse(now_us);
    }
    noted_bytes_ = unfinished_bytes;
}

void SlowSender::excuse(uint64_t now_us) {
    if (since_us_ != 0) since_us_ = now_us;
    arrived_bytes_ = 0;
}

bool SlowSender::must_close(uint64_t now_us) {
    if (!shared_.memory.exceeded()) excuse(now_us);  // anybody may take any time
    if (since_us_ == 0) return false;
    if (!has_passed(now_us, since_us_, shared_.config.limits.slow_reader_timeout_ms)) return false;
    counters_.add(Counter::kLimitSlowSender);
    shared_.report(Incident::kSlowSender,
                   peer_ + ": network buffers are full (limits.network_memory), and " +
                       std::to_string(noted_bytes_) +
                       " bytes of a request wait for more (limits.slow_reader_timeout); closing");
    return true;
}

}  // namespace kv::server

// See log_hand_over.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/log_hand_over.h"

#include <sys/resource.h>

namespace kv::server {

bool LogHandOver::hands_over() {
    if (left_ == 0) {
        const uint64_t now = interruptions_();
        hands_over_ = !hands_over_ || 2 * (now - before_) < kTried;
        before_ = now;
        left_ = hands_over_ ? kTried : kAlone;
    }
    --left_;
    return hands_over_;
}

uint64_t interruptions_of_this_thread() {
    rusage usage{};
    if (::getrusage(RUSAGE_THREAD, &usage) != 0) return 0;
    return static_cast<uint64_t>(usage.ru_nivcsw);
}

}  // namespace kv::server

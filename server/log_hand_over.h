// LogHandOver: whether a thread whose clients only write should leave the log to the engine's
// thread. That pays where a processor is free for that thread. Where none is, the kernel takes this
// one's away as soon as the other is woken: both then share a processor, and each group of writes
// costs two switches for nothing.
//
// It is found out by doing: kTried submits leave the log to the other thread. If the kernel
// interrupted this one half as often, the next kAlone do not.
// Caller: NetworkThread. Thread rule: one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace kv::server {

class LogHandOver {
  public:
    /// `interruptions`: how often the kernel has taken the processor from the calling thread so
    /// far. Asked once a period.
    explicit LogHandOver(uint64_t (*interruptions)()) : interruptions_(interruptions) {}

    /// Asked once before each submit that may go either way.
    bool hands_over();

    static constexpr uint32_t kTried = 64;
    static constexpr uint32_t kAlone = 4096;

  private:
    uint64_t (*const interruptions_)();
    bool hands_over_ = false;
    uint32_t left_ = 0;  // submits of the period under way
    uint64_t before_ = 0;
};

/// How often the calling thread has lost its processor without giving it up.
uint64_t interruptions_of_this_thread();

}  // namespace kv::server

// ReplySilence: which answers of one connection its client does not want (CLIENT REPLY). Messages
// are no answers. Thread rule: the connection's network thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "server/commands/control_context.h"

namespace kv::server {

class ReplySilence {
  public:
    /// Nothing is skipped while answers are off anyway, as in Redis.
    void set(ReplyMode mode) {
        if (mode == ReplyMode::kSkipNext && mode_ == ReplyMode::kOff) return;
        mode_ = mode;
        skip_begins_ = mode == ReplyMode::kSkipNext;
    }
    /// Answers may be gathered: none of them is unwanted.
    bool is_off() const { return mode_ == ReplyMode::kOn; }
    /// Whether the answer of the command at hand is unwanted. Once a command.
    bool take() {
        if (mode_ == ReplyMode::kOn) [[likely]]
            return false;
        if (mode_ == ReplyMode::kOff) return true;
        // CLIENT REPLY SKIP comes here first, then the command that it means.
        if (!std::exchange(skip_begins_, false)) mode_ = ReplyMode::kOn;
        return true;
    }
    /// CLIENT REPLY SKIP ran inside of EXEC, whose answer is wanted: the next one is meant.
    void pass_over_exec() { skip_begins_ = false; }

  private:
    ReplyMode mode_ = ReplyMode::kOn;
    bool skip_begins_ = false;  // the answer of CLIENT REPLY SKIP itself is next
};

}  // namespace kv::server

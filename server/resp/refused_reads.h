// RefusedReads: scripts of one connection that the store refused, whose reads can still be
// answered. A read must not see what its connection has written behind it, so they wait until
// every write that was on its way with them is answered, and are given up if one of those has gone
// through. Thread rule: the connection's network thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "server/resp/write_script.h"

namespace kv::server {

class RefusedReads {
  public:
    struct Script {
        uint64_t answer_id = 0;
        std::unique_ptr<WriteScript> commands;
        std::string error;  ///< What its writes answer.
    };

    void add(Script script) { waiting_.push_back(std::move(script)); }
    /// The write with this place has changed the store, or may have.
    void note_written(uint64_t answer_id) {
        last_written_id_ = std::max(last_written_id_, answer_id);
    }
    bool empty() const { return waiting_.empty(); }
    /// Requires that no write is on its way.
    Script take() {
        Script script = std::move(waiting_.front());
        waiting_.pop_front();
        return script;
    }
    /// What its reads should have seen is no more.
    bool is_overtaken(const Script& script) const { return script.answer_id < last_written_id_; }

  private:
    std::deque<Script> waiting_;
    uint64_t last_written_id_ = 0;
};

}  // namespace kv::server

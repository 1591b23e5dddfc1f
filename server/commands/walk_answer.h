// WalkAnswer: the items of an answer whose number is known only when a walk has ended.
// Thread rule: the thread that runs the command.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "server/commands/answer_limit.h"
#include "server/commands/data_context.h"
#include "server/resp/status_text.h"
#include "server/shared_state.h"

namespace kv::server {

class WalkAnswer {
  public:
    explicit WalkAnswer(const DataContext& context)
        : reply_(context.reply), shared_(context.shared), items_(text_, context.reply.version()) {}
    ~WalkAnswer() { shared_.memory.add(-static_cast<int64_t>(charged_)); }
    WalkAnswer(const WalkAnswer&) = delete;
    WalkAnswer& operator=(const WalkAnswer&) = delete;

    void add(Bytes bytes) {
        items_.bulk(bytes);
        ++count_;
    }
    /// Key and value of one entry as sorted sets with scores have them: one after the other in
    /// version 2, an array of two in version 3.
    void add_pair(Bytes key, Bytes value) {
        const bool nested = items_.version() == protocol::resp::Version::k3;
        if (nested) items_.array(2);
        items_.bulk(key);
        items_.bulk(value);
        count_ += nested ? 1 : 2;
    }
    size_t bytes() const { return text_.size(); }
    /// To be asked after each item: an error when there is no room for more. What there is counts
    /// as memory of the network while the walk lasts.
    Status check_room() {
        const size_t more = text_.size() - charged_;
        if (more < MemoryBudget::kChargedAtOnce) [[likely]]
            return Status::ok();
        if (!shared_.memory.has_room(more)) return network_memory_full();
        shared_.memory.add(static_cast<int64_t>(more));
        charged_ += more;
        return Status::ok();
    }
    /// Answers with the array of all items.
    void finish() {
        reply_.array(count_);
        reply_.take_encoded(text_);
    }

  private:
    protocol::resp::ReplyWriter& reply_;
    SharedState& shared_;
    std::string text_;
    size_t charged_ = 0;
    protocol::resp::ReplyWriter items_;
    size_t count_ = 0;
};

/// Starts a walk over the selected database. kWouldBlock where there is none to be had now.
inline Result<std::unique_ptr<KeyWalk>> start_walk(const DataContext& context,
                                                   const WalkBounds& bounds) {
    std::unique_ptr<KeyWalk> walk = context.view.walk(context.space, bounds);
    if (walk == nullptr) return Status(Code::kWouldBlock, "a walk over keys needs the disk");
    return walk;
}

}  // namespace kv::server

// Mailbox: what other threads leave for one connection to send or do: published messages, CLIENT
// KILL, the end of a pause. What waits in it is memory of the network (limits.network_memory), and
// no more messages wait than a limit: for whom there are more the order to close is left instead.
// Thread rule: every method from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "server/connection_census.h"
#include "server/reply_queue.h"

namespace kv::server {

/// One thing for a connection to send or do.
struct Mail {
    enum class Kind : uint8_t {
        kMessage,  ///< Send `text`, then `tail`: a push message in the client's version.
        kKill,     ///< Close at once.
        kWake,     ///< Look again at what held it back (CLIENT UNPAUSE).
        kTooMuch,  ///< Close: more messages came than may wait.
        kNoRoom,   ///< Close: there was no room for a message in the memory of the network.
    };
    Kind kind = Kind::kMessage;
    ReplyQueue::Shared text = nullptr;  ///< Of messages only.
    ReplyQueue::Shared tail = nullptr;  ///< Of large ones only: all receivers have the same.

    size_t bytes() const { return (text ? text->size() : 0) + (tail ? tail->size() : 0); }
    /// What of it takes memory for this client alone, here and in its ReplyQueue.
    size_t own_bytes() const { return ReplyQueue::own_bytes(text) + ReplyQueue::own_bytes(tail); }
};

class Mailbox {
  public:
    Mailbox(MemoryBudget& memory, uint64_t most_bytes) : memory_(memory), most_bytes_(most_bytes) {}
    ~Mailbox() { charge(0); }
    Mailbox(const Mailbox&) = delete;
    Mailbox& operator=(const Mailbox&) = delete;

    struct Left {
        bool taken = false;  ///< It is there now.
        bool tell = false;   ///< Nothing was there before: the owner is to be told.
    };
    /// Nothing is left once the mailbox is closed, or has the order to close the connection because
    /// of messages: this one may be the cause.
    Left leave(Mail mail) {
        const std::lock_guard lock(mutex_);
        if (closed_) return {};
        const bool first = mail_.empty();
        waiting_bytes_ += mail.bytes();
        own_bytes_ += mail.own_bytes() + sizeof(Mail);
        if (mail.kind == Mail::Kind::kMessage && waiting_bytes_ > most_bytes_) {
            mail = {Mail::Kind::kTooMuch};
        }
        closed_ = mail.kind == Mail::Kind::kTooMuch || mail.kind == Mail::Kind::kNoRoom;
        if (closed_) drop_all();
        mail_.push_back(std::move(mail));
        charge_in_steps();
        return {!closed_, first};
    }
    /// All so far, in order.
    std::vector<Mail> take() {
        const std::lock_guard lock(mutex_);
        std::vector<Mail> all = std::move(mail_);
        drop_all();
        return all;
    }
    /// The messages so far, in order; other mail stays.
    std::vector<Mail> take_messages() {
        const std::lock_guard lock(mutex_);
        const auto is_message = [](const Mail& mail) { return mail.kind == Mail::Kind::kMessage; };
        std::vector<Mail> messages;
        std::copy_if(mail_.begin(), mail_.end(), std::back_inserter(messages), is_message);
        std::erase_if(mail_, is_message);
        waiting_bytes_ = 0;
        own_bytes_ = mail_.size() * sizeof(Mail);
        charge_in_steps();
        return messages;
    }
    /// Its connection is gone.
    void close() {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        drop_all();
    }

  private:
    // With mutex_ held.
    void drop_all() {
        std::vector<Mail>().swap(mail_);
        waiting_bytes_ = own_bytes_ = 0;
        charge(0);
    }
    void charge_in_steps() {
        const size_t least = MemoryBudget::kChargedAtOnce;
        const size_t change = std::max(own_bytes_, charged_) - std::min(own_bytes_, charged_);
        if (change >= least) charge(own_bytes_);
    }
    void charge(size_t bytes) {
        if (bytes == charged_) return;
        memory_.add(static_cast<int64_t>(bytes) - static_cast<int64_t>(charged_));
        charged_ = bytes;
    }

    MemoryBudget& memory_;
    const uint64_t most_bytes_;
    std::mutex mutex_;
    // Guarded by mutex_.
    std::vector<Mail> mail_;
    size_t waiting_bytes_ = 0;
    size_t own_bytes_ = 0;
    size_t charged_ = 0;
    bool closed_ = false;
};

}  // namespace kv::server

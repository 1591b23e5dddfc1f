// ClientHandle: one RESP connection as others see it: who it is (CLIENT LIST), and the mailbox in
// which other threads leave what it is to send or do (mailbox.h).
// Thread rule: as said at each group. It outlives its connection as long as anybody holds it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "kv/types.h"
#include "server/commands/command.h"
#include "server/resp/mailbox.h"

namespace kv::server {

class ClientHandle;

/// Where a handle's owner is told that there is mail. Called by any thread: hand over and return.
class MailCarrier {
  public:
    virtual ~MailCarrier() = default;
    virtual void on_mail(std::shared_ptr<ClientHandle> client) = 0;
};

/// What may change while it is connected, besides the atomic members of ClientHandle.
struct ClientFacts {
    std::string name;
    std::string library_name;
    std::string library_version;
    std::string user = "default";
    bool no_evict = false;
    bool no_touch = false;
};

class ClientHandle {
  public:
    /// `now_us` is monotonic. `most_mail_bytes`: of messages that may wait for it.
    ClientHandle(uint64_t client_id, std::string peer_address, std::string local_address,
                 int socket, uint64_t now_us, MailCarrier& carrier, MemoryBudget& memory,
                 uint64_t most_mail_bytes)
        : id(client_id),
          peer(std::move(peer_address)),
          local(std::move(local_address)),
          fd(socket),
          connected_us(now_us),
          carrier_(carrier),
          mailbox_(memory, most_mail_bytes) {}

    // Set once.
    const uint64_t id;
    const std::string peer;   ///< "ADDR:PORT"
    const std::string local;  ///< "ADDR:PORT"
    const int fd;
    const uint64_t connected_us;  ///< Monotonic.

    // Written by the connection's thread, read by any.
    std::atomic<const Command*> last_command{nullptr};
    std::atomic<uint64_t> last_input_us{0};
    std::atomic<uint64_t> commands{0};
    std::atomic<uint64_t> bytes_in{0};
    std::atomic<uint64_t> bytes_out{0};
    std::atomic<uint64_t> unread_input_bytes{0};
    std::atomic<uint64_t> unsent_reply_bytes{0};
    std::atomic<uint32_t> database{0};
    std::atomic<int32_t> queued_commands{-1};  ///< Of MULTI; -1: not inside one.
    std::atomic<uint32_t> watched_keys{0};
    std::atomic<uint32_t> channels{0};
    std::atomic<uint32_t> patterns{0};
    std::atomic<size_t> subscription_bytes{0};  ///< Memory of both.
    std::atomic<size_t> name_bytes{0};          ///< Of all that it called itself.
    std::atomic<uint8_t> resp_version{2};

    /// To a channel or a pattern.
    bool is_listening() const {
        return channels.load(std::memory_order_relaxed) +
                   patterns.load(std::memory_order_relaxed) !=
               0;
    }

    // The connection's thread.
    void* owner = nullptr;    ///< Its Connection; null before the start and after the end.
    Seqno written_seqno = 0;  ///< The highest of its writes that were answered.

    // Any thread.
    ClientFacts facts() const {
        const std::lock_guard lock(mutex_);
        return facts_;
    }
    template <class Change>
    void change_facts(Change change) {
        const std::lock_guard lock(mutex_);
        change(facts_);
        name_bytes =
            facts_.name.size() + facts_.library_name.size() + facts_.library_version.size();
    }
    /// Leaves mail and tells the carrier, once for all mail not taken yet. False: nothing is left,
    /// as the connection is gone or is to close. Takes a shared pointer to the handle itself.
    static bool deliver(const std::shared_ptr<ClientHandle>& client, Mail mail) {
        const Mailbox::Left left = client->mailbox_.leave(std::move(mail));
        if (left.tell) client->carrier_.on_mail(client);
        return left.taken;
    }
    /// The connection's thread: all mail so far, in order.
    std::vector<Mail> take_mail() { return mailbox_.take(); }
    /// The connection's thread: the messages so far, in order; other mail stays.
    std::vector<Mail> take_messages() { return mailbox_.take_messages(); }
    /// The connection's thread, at its end.
    void set_gone() { mailbox_.close(); }

  private:
    MailCarrier& carrier_;
    Mailbox mailbox_;
    mutable std::mutex mutex_;
    ClientFacts facts_;  // guarded by mutex_
};

}  // namespace kv::server

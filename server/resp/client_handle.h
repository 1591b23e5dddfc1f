// ClientHandle: one RESP connection as others see it: who it is (CLIENT LIST), and a mailbox in
// which other threads leave what it is to send or do (a published message, CLIENT KILL).
// Thread rule: as said at each group. It outlives its connection as long as anybody holds it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "kv/types.h"
#include "server/commands/command.h"

namespace kv::server {

class ClientHandle;

/// Where a handle's owner is told that there is mail. Called by any thread: hand over and return.
class MailCarrier {
  public:
    virtual ~MailCarrier() = default;
    virtual void on_mail(std::shared_ptr<ClientHandle> client) = 0;
};

/// One thing for a connection to send or do.
struct Mail {
    enum class Kind : uint8_t {
        kMessage,  ///< Send `bytes`, a whole push message in the client's protocol version.
        kKill,     ///< Close at once.
        kWake,     ///< Look again at what held it back (CLIENT UNPAUSE).
    };
    Kind kind = Kind::kMessage;
    std::shared_ptr<const std::string> bytes;
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
    /// `now_us` is monotonic.
    ClientHandle(uint64_t client_id, std::string peer_address, std::string local_address,
                 int socket, uint64_t now_us, MailCarrier& carrier)
        : id(client_id),
          peer(std::move(peer_address)),
          local(std::move(local_address)),
          fd(socket),
          connected_us(now_us),
          carrier_(carrier) {}

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
    }
    /// Leaves mail and tells the carrier, once for all mail not taken yet. False, and nothing is
    /// left, once the connection is gone. Takes a shared pointer to the handle itself.
    static bool deliver(const std::shared_ptr<ClientHandle>& client, Mail mail) {
        {
            const std::lock_guard lock(client->mutex_);
            if (client->gone_) return false;
            client->mail_.push_back(std::move(mail));
            if (client->mail_.size() > 1) return true;
        }
        client->carrier_.on_mail(client);
        return true;
    }
    /// The connection's thread: all mail so far, in order.
    std::vector<Mail> take_mail() {
        const std::lock_guard lock(mutex_);
        return std::exchange(mail_, {});
    }
    /// The connection's thread: the messages so far, in order; other mail stays.
    std::vector<Mail> take_messages() {
        const std::lock_guard lock(mutex_);
        const auto is_message = [](const Mail& mail) { return mail.kind == Mail::Kind::kMessage; };
        std::vector<Mail> messages;
        std::copy_if(mail_.begin(), mail_.end(), std::back_inserter(messages), is_message);
        std::erase_if(mail_, is_message);
        return messages;
    }
    /// The connection's thread, at its end.
    void set_gone() {
        const std::lock_guard lock(mutex_);
        gone_ = true;
        mail_.clear();
    }

  private:
    MailCarrier& carrier_;
    mutable std::mutex mutex_;
    ClientFacts facts_;       // guarded by mutex_
    std::vector<Mail> mail_;  // guarded by mutex_
    bool gone_ = false;       // guarded by mutex_
};

}  // namespace kv::server

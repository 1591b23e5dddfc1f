// Transaction: what a client has queued since MULTI and the keys it watches. EXEC makes one write
// of both: the watched keys are its preconditions, the commands its script. Thread rule: the
// connection's network thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kv/write_batch.h"
#include "server/resp/client_registry.h"
#include "server/resp/write_script.h"

namespace kv::server {

/// MULTI, EXEC, DISCARD, WATCH or UNWATCH, which the session does itself.
inline bool is_transactional(const Command& command) {
    return command.data == nullptr && command.control == nullptr;
}

class Transaction {
  public:
    bool is_open() const { return script_ != nullptr; }
    /// `space`: the database that the client has selected.
    void open(SharedState& shared, protocol::resp::Version version, Keyspace space);
    /// A SELECT holds for what is queued behind it, and a HELLO for its answers. `blocks`: see
    /// WriteScript::add.
    void add(const Command& command, const protocol::resp::Args& args,
             std::vector<protocol::ByteBlock> blocks = {});
    /// A command could not be queued: EXEC will do nothing.
    void refuse() { refused_ = true; }
    bool is_refused() const { return refused_; }
    size_t commands() const { return script_ == nullptr ? 0 : script_->size(); }
    /// Any of them.
    bool has(uint32_t flag) const { return script_ != nullptr && script_->has(flag); }
    /// Any that is not about keys.
    bool has_control_commands() const { return control_commands_ != 0; }
    /// Whether CLIENT PAUSE holds one of its commands back.
    bool is_held_back(const ClientRegistry& clients, uint64_t now_us) const;

    /// What was there when a key was watched. Unknown: it would have taken the disk to tell.
    enum class Was : uint8_t { kUnknown, kAbsent, kThere, kExpiring };
    /// `stored` must not have changed after `seqno`, nor have expired by itself. Once it is
    /// watched, to watch it again changes nothing.
    void watch(Bytes stored, Seqno seqno, Was was) {
        if (watched_.try_emplace(std::string(stored), Watched{seqno, was}).second) {
            watched_bytes_ += bytes_to_watch(stored);
        }
    }
    bool is_watched(Bytes stored) const { return watched_.find(stored) != watched_.end(); }
    /// Memory that it takes to watch one key more.
    static size_t bytes_to_watch(Bytes stored) {
        constexpr size_t kNodeBytes = 4 * sizeof(void*);
        return stored.size() + sizeof(WatchedKeys::value_type) + kNodeBytes;
    }
    void unwatch() {
        watched_.clear();
        watched_bytes_ = 0;
    }
    size_t watched_keys() const { return watched_.size(); }
    size_t watched_bytes() const { return watched_bytes_; }
    void require_watched(WriteBatch& batch) const;

    /// Ends it, watches included, and gives the commands away.
    std::unique_ptr<WriteScript> take();
    void end() { (void)take(); }
    size_t held_bytes() const {
        return watched_bytes_ + (script_ == nullptr ? 0 : script_->held_bytes());
    }

  private:
    struct Watched {
        Seqno seqno;
        Was was;
    };
    using WatchedKeys = std::map<std::string, Watched, std::less<>>;  // by stored key

    std::unique_ptr<WriteScript> script_;  // null outside of MULTI
    // For the next command.
    Keyspace space_;
    protocol::resp::Version version_ = protocol::resp::Version::k2;
    size_t control_commands_ = 0;
    bool refused_ = false;
    WatchedKeys watched_;
    size_t watched_bytes_ = 0;
};

}  // namespace kv::server

// Transaction: what a client has queued since MULTI and the keys it watches. EXEC makes one write
// of both: the watched keys are its preconditions, the commands its script. Thread rule: the
// connection's network thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "kv/write_batch.h"
#include "server/resp/client_registry.h"
#include "server/resp/write_script.h"

namespace kv::server {

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
    /// Any that is not about keys.
    bool has_control_commands() const { return control_commands_ != 0; }
    /// Whether CLIENT PAUSE holds one of its commands back.
    bool is_held_back(const ClientRegistry& clients, uint64_t now_us) const;

    /// What was there when a key was watched. Unknown: it would have taken the disk to tell.
    enum class Was : uint8_t { kUnknown, kAbsent, kThere, kExpiring };
    /// `stored` must not have changed after `seqno`, nor have expired by itself.
    void watch(Bytes stored, Seqno seqno, Was was) {
        watched_bytes_ += stored.size();
        watched_.push_back({std::string(stored), seqno, was});
    }
    void unwatch() {
        watched_.clear();
        watched_bytes_ = 0;
    }
    size_t watched_keys() const { return watched_.size(); }
    /// Of their keys.
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
        std::string stored;
        Seqno seqno;
        Was was;
    };
    std::unique_ptr<WriteScript> script_;  // null outside of MULTI
    // For the next command.
    Keyspace space_;
    protocol::resp::Version version_ = protocol::resp::Version::k2;
    size_t control_commands_ = 0;
    bool refused_ = false;
    std::vector<Watched> watched_;
    size_t watched_bytes_ = 0;
};

}  // namespace kv::server

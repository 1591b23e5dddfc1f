// KeyView: the data as one command sees it. Behind it is the store as of now (server/resp/
// store_view.h) or a transaction in the middle of its commit (server/resp/script_view.h); a command
// is written once and cannot tell.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "kv/db.h"
#include "kv/keyspace.h"
#include "kv/result.h"

namespace kv::server {

/// A walk over the live entries of one keyspace in the order of their keys.
class KeyWalk {
  public:
    virtual ~KeyWalk() = default;
    virtual bool valid() const = 0;
    virtual void next() = 0;
    /// Without the keyspace's prefix. Good until the next move.
    virtual Bytes key() const = 0;
    virtual Bytes value() const = 0;
    virtual uint64_t expiry_ms() const = 0;
    /// Why the walk has ended, once it is not valid.
    virtual Status status() const = 0;
};

/// Where a walk begins and ends. Keys are the user's.
struct WalkBounds {
    std::optional<std::string> lower;  ///< Inclusive.
    std::optional<std::string> upper;  ///< Exclusive.
    std::string prefix;
    bool reverse = false;  ///< From the last key to the first.
};

class KeyView {
  public:
    virtual ~KeyView() = default;

    /// nullopt without a live entry. kWouldBlock: the command is run again, from its start, where
    /// it may wait for the disk; it only has to hand the status on.
    virtual Result<std::optional<Entry>> get(const Keyspace& space, Bytes key) = 0;
    /// The same into `entry`, whose memory is used again. False without a live entry.
    virtual Result<bool> get_into(const Keyspace& space, Bytes key, Entry& entry) {
        KV_ASSIGN_OR_RETURN(std::optional<Entry> found, get(space, key));
        if (found) entry = std::move(*found);
        return found.has_value();
    }
    /// The same without the value, which is not copied.
    virtual Result<std::optional<EntryHead>> get_head(const Keyspace& space, Bytes key) {
        KV_ASSIGN_OR_RETURN(const std::optional<Entry> found, get(space, key));
        if (!found) return std::optional<EntryHead>();
        return std::optional<EntryHead>({found->value.size(), found->seqno, found->expiry_ms});
    }
    /// Null means kWouldBlock.
    virtual std::unique_ptr<KeyWalk> walk(const Keyspace& space, const WalkBounds& bounds) = 0;

    /// About how many entries there are. Only where walk() gives a walk.
    virtual uint64_t approximate_count(const Keyspace& space) = 0;
    /// Entries that may be visited only to be counted.
    virtual uint64_t most_counted() const { return 1'000'000; }
    /// To be asked before work that takes as long as visiting so many entries. Not ok: it is too
    /// much here; hand the status on.
    virtual Status allow_work(uint64_t /*visits*/) { return Status::ok(); }

    // For commands that write (flag::kWrite), after everything that may fail. A later command of
    // the same transaction sees it.
    /// `expiry_ms` in Unix time, 0: never. One in the past deletes.
    virtual void put(const Keyspace& space, Bytes key, Bytes value, uint64_t expiry_ms) = 0;
    virtual void del(const Keyspace& space, Bytes key) = 0;
    /// Every key of [begin, end); without an end, every key from `begin` on. In constant time.
    virtual void del_range(const Keyspace& space, Bytes begin, std::optional<Bytes> end) = 0;

    /// The time that decides what has expired.
    virtual uint64_t now_ms() const = 0;
};

}  // namespace kv::server

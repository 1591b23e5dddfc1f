// StoreView: the store as of now, for commands that only read. On a network thread it answers from
// memory alone; in the read pool it may wait for the disk.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "kv/clock.h"
#include "kv/keyspace_catalog.h"
#include "server/commands/key_view.h"
#include "server/resp/keyspace_tally.h"

namespace kv::server {

class StoreView final : public KeyView {
  public:
    enum class Reach : uint8_t { kMemory, kDisk };
    /// Reads count in their keyspace of `keyspaces`.
    StoreView(Db& db, Clock& clock, const KeyspaceCatalog& keyspaces, Reach reach)
        : db_(db), clock_(clock), keyspaces_(keyspaces), reach_(reach) {}
    /// The store as of `snapshot`. Reads count in `tally`, since they may have to be made anew.
    StoreView(Db& db, Clock& clock, const KeyspaceCatalog& keyspaces, Reach reach,
              SnapshotPtr snapshot, KeyspaceTally& tally)
        : db_(db),
          clock_(clock),
          keyspaces_(keyspaces),
          reach_(reach),
          snapshot_(std::move(snapshot)),
          tally_(&tally) {}

    Result<std::optional<Entry>> get(const Keyspace& space, Bytes key) override;
    Result<bool> get_into(const Keyspace& space, Bytes key, Entry& entry) override;
    Result<std::optional<EntryHead>> get_head(const Keyspace& space, Bytes key) override;
    std::unique_ptr<KeyWalk> walk(const Keyspace& space, const WalkBounds& bounds) override;
    uint64_t approximate_count(const Keyspace& space) override;
    uint64_t now_ms() const override { return clock_.wall_ms(); }

    // Commands that write run in a script.
    void put(const Keyspace&, Bytes, Bytes, uint64_t) override;
    void del(const Keyspace&, Bytes) override;
    void del_range(const Keyspace&, Bytes, std::optional<Bytes>) override;

  private:
    ReadOptions read_options() const;
    void count_read(const Keyspace& space, bool found);

    Db& db_;
    Clock& clock_;
    const KeyspaceCatalog& keyspaces_;
    const Reach reach_;
    const SnapshotPtr snapshot_;            // null: as of now
    KeyspaceTally* const tally_ = nullptr;  // null: reads count at once
    std::string scratch_;
};

/// The bounds as the store understands them.
ScanOptions stored_bounds(const Keyspace& space, const WalkBounds& bounds);

/// A walk of one keyspace over `entries`, which were made with stored_bounds().
std::unique_ptr<KeyWalk> make_store_walk(const Keyspace& space, std::unique_ptr<Iterator> entries,
                                         bool reverse);

}  // namespace kv::server

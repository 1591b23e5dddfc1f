// KeyspaceCatalog: the keyspaces of one store by name, kept in the store itself, with counters of
// what is done in each. The format, and what happens to a store from before it, is in
// engine/docs/keyspaces.md.
//
// The numbered keyspaces "0" (the default one) to "15" are always there and have their number as
// id. Others are created, get ids from 16 on, and no id is ever given twice.
// Thread rule: every method from any thread, but open() before all others that need the store.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "kv/db.h"
#include "kv/keyspace.h"
#include "kv/result.h"

namespace kv {

/// A keyspace with its name and counters. Counting costs no more than a few plain instructions.
class NamedKeyspace {
  public:
    NamedKeyspace(std::string name, Keyspace space);
    ~NamedKeyspace();
    NamedKeyspace(const NamedKeyspace&) = delete;
    NamedKeyspace& operator=(const NamedKeyspace&) = delete;

    const std::string& name() const { return name_; }
    const Keyspace& space() const { return space_; }
    /// Nothing may be read or written in it any more. What a writer does nevertheless is never seen
    /// again, and is deleted when the store is next opened.
    bool is_dropped() const { return dropped_.load(std::memory_order_relaxed); }

    /// `keys` were asked for, or walked over, and so many of them were found.
    void count_reads(uint64_t keys, uint64_t found);
    /// Mutations that the store has applied.
    void count_writes(uint64_t puts, uint64_t deletes);

  private:
    friend class KeyspaceCatalog;
    struct Counters;

    const std::string name_;
    const Keyspace space_;
    std::atomic<bool> dropped_{false};
    const std::unique_ptr<Counters> counters_;
};
using KeyspacePtr = std::shared_ptr<NamedKeyspace>;

/// Counters since the store was opened.
struct KeyspaceStats {
    std::string name;
    uint32_t id = 0;
    uint64_t approximate_keys = 0;
    uint64_t reads = 0;
    uint64_t hits = 0;
    uint64_t writes = 0;
    uint64_t deletes = 0;
};

class KeyspaceCatalog {
  public:
    /// Keyspaces that need no entry: "0" to "15".
    static constexpr uint32_t kNumbered = 16;
    static constexpr size_t kMaxNameBytes = 64;
    /// Created ones at a time. Each takes about 4 KiB of memory for its counters.
    static constexpr size_t kMaxNamed = 4096;

    KeyspaceCatalog();
    KeyspaceCatalog(const KeyspaceCatalog&) = delete;
    KeyspaceCatalog& operator=(const KeyspaceCatalog&) = delete;

    /// Reads the catalog of `db`, which must stay as long as this is used. A store without one gets
    /// it now, and its keys that begin with FF get their new form, in one durable batch. What was
    /// written into a keyspace while it was being dropped is deleted. kCorruption: an entry does
    /// not parse. kUnsupported: a newer format, or keys that do not fit the batch; else as reads
    /// and writes of the store.
    Status open(Db& db);

    /// Keyspace `number` < kNumbered; there without open().
    const KeyspacePtr& numbered(uint32_t number) const { return numbered_[number]; }
    const KeyspacePtr& default_keyspace() const { return numbered_[0]; }
    /// Null when there is none of that name.
    KeyspacePtr find(std::string_view name) const;

    struct Created {
        KeyspacePtr keyspace;
        bool is_new = false;
    };
    /// The keyspace of that name, made if need be: then it is on stable storage. Waits for the
    /// disk. kInvalidArgument: not a name. kNoSpace: there are kMaxNamed; else as Db::write.
    Result<Created> create(std::string_view name);
    /// Deletes the keyspace with all its keys, at once, however many they are; durable. A numbered
    /// one is emptied and stays. False when there is none of that name. Waits for the disk.
    /// kInvalidArgument for the default one; else as Db::write, and unless that is kInDoubt the
    /// keyspace is then as before.
    Result<bool> drop(std::string_view name);

    /// Those whose name starts with `prefix`, by id; of the numbered ones "0" and those that hold
    /// keys or were used. Asks the store for estimates, so it may wait for the disk.
    std::vector<KeyspaceStats> list(std::string_view prefix = {}) const;

    /// 1 to 64 bytes of A-Z a-z 0-9 . _ -
    static Status check_name(std::string_view name);

  private:
    KeyspaceStats stats_of(const NamedKeyspace& keyspace) const;
    size_t count_named() const;
    Status write(WriteBatch batch);

    // Set once.
    std::array<KeyspacePtr, kNumbered> numbered_;
    Db* db_ = nullptr;

    /// Held by create() and drop() over their write, so that there is one at a time.
    std::mutex change_mutex_;
    uint32_t next_id_ = kNumbered;  // guarded by change_mutex_

    mutable std::mutex mutex_;
    std::map<std::string, KeyspacePtr, std::less<>> named_;  // guarded by mutex_
};

}  // namespace kv

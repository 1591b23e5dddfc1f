// The values that a kv::Client takes and returns.
//
// Included by kv/client.h; an application seldom includes it alone. They live in kv::client so that
// a program may use the embedded engine and the client side by side.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kv/bytes.h"

namespace kv::client {

/// What an acknowledged write promises. Sent on the wire, never renumber.
enum class Durability : uint8_t {
    kMemory = 0,  ///< Applied; lost if the server's process dies.
    kOs = 1,      ///< Written to the log; survives the process, not a power failure.
    kDisk = 2,    ///< On stable storage; survives both. The default.
};
/// "memory", "os" or "disk".
std::string_view durability_name(Durability level);
/// The level of that name; nullopt for any other word.
std::optional<Durability> parse_durability(std::string_view name);

/// A live entry.
struct Entry {
    std::string value;
    uint64_t seqno = 0;      ///< Of the write that stored it.
    uint64_t expiry_ms = 0;  ///< Unix epoch; 0: never.
};

/// An entry with its key, as scans return it.
struct KeyedEntry : Entry {
    std::string key;
};

/// What the server says about a write that it applied.
struct WriteReceipt {
    uint64_t first_seqno = 0;
    uint64_t last_seqno = 0;
    std::vector<int64_t> counters;  ///< New values of the batch's increments, in order.
};

class Snapshot;

struct ReadOptions {
    const Snapshot* snapshot = nullptr;  ///< Null: the newest state. Must outlive the call.
    uint32_t timeout_ms = 0;             ///< 0: ClientOptions::operation_timeout_ms.
};

struct WriteOptions {
    std::optional<Durability> durability;  ///< Unset: ClientOptions::durability.
    uint32_t timeout_ms = 0;               ///< 0: ClientOptions::operation_timeout_ms.
};

struct PutOptions : WriteOptions {
    uint64_t expiry_ms = 0;  ///< Unix epoch in milliseconds at which the entry vanishes; 0: never.
    bool if_absent = false;  ///< kConflict, and nothing is applied, when the key has a live entry.
};

/// The keys with lower <= key < upper that start with prefix. An empty one does not bound.
struct KeyRange {
    std::string lower;
    std::string upper;
    std::string prefix;
};

struct ScanOptions : KeyRange {
    uint64_t limit = 0;  ///< Entries at most; 0: all.
    bool reverse = false;
    bool keys_only = false;
    const Snapshot* snapshot = nullptr;
    /// How long next() may wait for the server; 0: ClientOptions::operation_timeout_ms.
    uint32_t timeout_ms = 0;
    /// Bytes the server may send ahead of the reader.
    uint32_t window_bytes = 1U << 20;
    /// After a lost connection, or when the server stopped the scan because nothing was taken from
    /// it for long, go on with another one. Only a scan that reads at a `snapshot`, or has not
    /// shown any entry, can: any other would go on in a newer state, so it ends with kUnavailable
    /// or kCancelled.
    bool resume = true;
};

struct Count {
    uint64_t entries = 0;
    bool exact = false;
};

/// Names and values, in the server's order.
using Stats = std::vector<std::pair<std::string, std::string>>;

/// A keyspace of the server. Counters are since the server's start.
struct KeyspaceInfo {
    std::string name;
    uint32_t id = 0;
    uint64_t approximate_keys = 0;
    uint64_t reads = 0;    ///< Keys asked for, or sent by scans.
    uint64_t hits = 0;     ///< Those of them that were there.
    uint64_t writes = 0;   ///< Puts and increments.
    uint64_t deletes = 0;  ///< Keys.
};

/// A copy of the store that the server made on its own machine.
struct CheckpointInfo {
    std::string path;    ///< A data directory for kvd and kvtool.
    uint64_t seqno = 0;  ///< Every write up to here is in it; later ones may be.
    uint64_t tables = 0;
    uint64_t table_bytes = 0;
    uint64_t copied_tables = 0;  ///< The others are hard links, which take no room at first.
    uint64_t log_bytes = 0;
};

struct DurableState {
    bool durable = false;        ///< The seqno asked about is on stable storage.
    uint64_t durable_seqno = 0;  ///< Newest one that is.
    uint64_t latest_seqno = 0;   ///< Newest one that reads can see.
};

/// What the server said of itself when the connection was made.
struct ServerInfo {
    std::string version;
    uint32_t protocol_version = 0;
    uint32_t max_key_bytes = 0;
    uint32_t max_value_bytes = 0;
    uint32_t max_batch_bytes = 0;
    uint32_t max_outstanding = 0;
};

}  // namespace kv::client

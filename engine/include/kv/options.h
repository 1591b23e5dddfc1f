// Options of a store. Each has a unit in its name, a default and the reason for it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "kv/types.h"

namespace kv {

class Clock;
class Executor;
class FileSystem;

enum class LogLevel : uint8_t { kDebug, kInfo, kWarning, kError };
/// Receives one line a start, recovery, flush, compaction, state change and limit hit; none a
/// request. Called from any lane; must not call back into the store.
using LogFunction = std::function<void(LogLevel level, std::string_view line)>;

/// How table blocks are compressed, by level: see Options::compression.
enum class Compression : uint8_t { kNone, kLz4, kZstd };
/// "none", "lz4", "zstd".
constexpr std::string_view compression_name(Compression compression) {
    if (compression == Compression::kNone) return "none";
    return compression == Compression::kLz4 ? "lz4" : "zstd";
}
constexpr std::optional<Compression> parse_compression(std::string_view name) {
    for (const auto each : {Compression::kNone, Compression::kLz4, Compression::kZstd}) {
        if (name == compression_name(each)) return each;
    }
    return std::nullopt;
}

struct Options {
    // The seams. Null means the operating system's. They must outlive the store.
    FileSystem* file_system = nullptr;
    Clock* clock = nullptr;
    Executor* executor = nullptr;
    LogFunction log;

    /// Make a new store where the directory is missing or empty.
    bool create_if_missing = true;

    /// All the memory that the store may hold: memtables, cached blocks, indexes and filters,
    /// replay and compaction. 512 MiB: a quarter of the smallest machine we expect (2 GiB).
    uint64_t memory_budget_bytes = 512ULL << 20;
    /// A full memtable becomes a level 0 table. 0: an eighth of the memory budget, at most 64 MiB:
    /// large enough that level 0 merges are rare, small enough that replay after a crash takes well
    /// under a second.
    uint64_t memtable_bytes = 0;
    /// The most that cached blocks and rows may take. 0: what the memory budget leaves.
    uint64_t block_cache_bytes = 0;
    /// All the disk that the directory may take, a merge's outputs beside its inputs included. 0:
    /// no bound but the disk's own, since only the operator knows what else lives there.
    uint64_t disk_budget_bytes = 0;
    /// Uncompressed size at which a data block is closed. 4 KiB: one page, one flash read.
    uint32_t block_size_bytes = 4096;
    /// Size at which a compaction starts its next output. Also the grain of compaction work.
    uint64_t table_bytes = 64ULL << 20;
    /// kLz4: the tables of the last level in use and of those above it, but for level 0 and the
    /// level that level 0 is merged into, which are rewritten often and hold little; where that is
    /// the last one, as in a store below level1_bytes, it is compressed. kZstd: as kLz4, but the
    /// last level with Zstandard. kNone: nothing. A change takes effect as compaction rewrites
    /// tables. LZ4 took 59 % of the bytes and cost a get that misses the cache 0.3 us (Zstandard
    /// 50 % and 5 us), one that hits it nothing: see "How tables are written" in
    /// engine/docs/architecture.md.
    Compression compression = Compression::kLz4;
    /// Filter bits a key in the last level, which holds nearly all of them; 0: no filters. Each
    /// level above gets 4 more, level 0 most, up to 20: a key that is not there is looked for in
    /// every level, and few bits are spent where few keys are. Where each level is a tenth of the
    /// next, all filters take 4.4 % more than the same bits for every key. 10 gives about 1 % false
    /// positives.
    uint32_t bloom_bits_per_key = 10;
    /// Size of a preallocated log segment.
    uint64_t wal_segment_bytes = 64ULL << 20;
    /// Level 0 tables that start a compaction. 16: level 0 then holds more than the level it is
    /// merged into, so that little is rewritten for what arrives (2.8 bytes for each byte of 10 M
    /// overwrites, 3.7 with a trigger of 12); what it costs reads is some filters more while there
    /// are writes. A store at rest merges it anyway.
    uint32_t level0_compaction_trigger = 16;
    /// Level 0 tables at which new writes wait for compaction; the bound that keeps reads sane.
    uint32_t level0_stop_trigger = 48;
    /// Most that the first level below level 0 is meant to hold. The last level holds nearly all
    /// data, each level above it a tenth of the next, and those that would be smaller than a tenth
    /// of this stay empty. 1 GiB: about twice what level 0 holds when it is merged, so that up to
    /// there a level in between would cost more writes than it saves.
    uint64_t level1_bytes = 1ULL << 30;
    /// Compactions, or parts of a big one, that may run side by side. 0: half of the cores, from 1
    /// to 4.
    uint32_t compaction_threads = 0;
    /// Bytes of submitted writes that may wait for the engine thread; past it submit answers
    /// kOverloaded. 0: an eighth of the memory budget.
    uint64_t max_queued_write_bytes = 0;

    uint32_t max_key_bytes = kMaxKeyBytes;
    uint32_t max_value_bytes = kMaxValueBytes;
    /// Of a batch, which may also hold no more than a change for each 32 of these bytes (4096 in
    /// any case): very many small ones take several times as much in memory.
    uint32_t max_batch_bytes = kMaxBatchBytes;
};

}  // namespace kv

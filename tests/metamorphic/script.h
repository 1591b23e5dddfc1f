// One random list of operations, drawn from a seed without looking at any store: what every store,
// whatever its options, must answer in the same way.
// Callers: the runners. Thread rule: plain values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kv::test {

/// One mutation of a batch.
struct Mutation {
    enum class Kind : uint8_t { kPut, kPutWithExpiry, kDelete, kDeleteRange, kIncrement };
    Kind kind = Kind::kPut;
    std::string key;                 ///< Of a range delete: where it begins.
    std::optional<std::string> end;  ///< Of a range delete; nullopt: behind the last key.
    std::string value;
    uint64_t ttl_ms = 0;
    int64_t by = 0;
};

struct Step {
    enum class Kind : uint8_t {
        kWrite,
        kGet,
        kMultiGet,
        kTakeSnapshot,
        kDropSnapshot,
        kOpenIterator,
        kMoveIterator,
        kCloseIterator,
        kScan,
        kAdvanceClock,
        kRunBackground,
        kFlush,
        kCompact,
        kReopen,
    };
    enum class Move : uint8_t { kFirst, kLast, kSeek, kSeekForPrev, kNext, kPrev };

    Kind kind = Kind::kGet;
    std::vector<Mutation> mutations;  ///< kWrite
    uint8_t durability = 0;           ///< kWrite
    std::vector<std::string> keys;    ///< kGet, kMultiGet, kMoveIterator
    uint32_t slot = 0;                ///< Of a snapshot or an iterator.
    /// Reads: through the snapshot in `slot`, if there is one.
    bool through_snapshot = false;
    uint32_t snapshot_slot = 0;
    std::optional<std::string> lower, upper;  ///< Scans and iterators.
    std::string prefix;
    bool reverse = false;
    Move move = Move::kNext;
    uint32_t count = 0;  ///< Steps of a move, milliseconds, background tasks.
};

constexpr uint32_t kSnapshotSlots = 4;
constexpr uint32_t kIteratorSlots = 3;

/// What one step answered, in words; the same words mean the same answer.
using Answers = std::vector<std::string>;

std::vector<Step> make_script(uint64_t seed, size_t length);
std::string describe(const Step& step);

}  // namespace kv::test

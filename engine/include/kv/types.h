// The words every engine interface shares: sequence numbers, durability levels, limits.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace kv {

/// Position of a mutation in the store's history. 56 bits; 0 is reserved for "before everything".
using Seqno = uint64_t;
inline constexpr Seqno kMaxSeqno = (1ULL << 56) - 1;

/// What an acknowledgement promises. The log keeps commit order for all levels: a later write that
/// reached the disk made every earlier one durable.
enum class Durability : uint8_t {
    kMemory =
        0,      ///< Applied to the memtable; the log write is on its way. Lost if the process dies.
    kOs = 1,    ///< Written to the log, not synced. Survives the process, not a power failure.
    kDisk = 2,  ///< fdatasync has returned. Survives both. The default.
};
/// "memory", "os", "disk".
constexpr std::string_view durability_name(Durability level) {
    if (level == Durability::kMemory) return "memory";
    return level == Durability::kOs ? "os" : "disk";
}
constexpr std::optional<Durability> parse_durability(std::string_view name) {
    for (const auto each : {Durability::kMemory, Durability::kOs, Durability::kDisk}) {
        if (name == durability_name(each)) return each;
    }
    return std::nullopt;
}

/// Hard limits of the format. Options may lower them.
inline constexpr uint32_t kMaxKeyBytes = 64U << 10;
inline constexpr uint32_t kMaxValueBytes = 64U << 20;
/// More than the largest value, so that it can be written with its key, and moved to another one.
inline constexpr uint32_t kMaxBatchBytes = 65U << 20;
static_assert(kMaxBatchBytes - kMaxValueBytes >= 4 * kMaxKeyBytes);

}  // namespace kv

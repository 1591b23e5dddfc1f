// What a benchmark does next: which operation, on which key. The YCSB workloads A to F are here as
// data (Cooper et al., "Benchmarking Cloud Serving Systems with YCSB", SoCC 2010), with keys in
// their natural order, where YCSB scatters them by a hash: inserts come at the end of the keys.
// Thread rule: one OperationChooser a thread; InsertedKeys as it says.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "bench/traffic/inserted_keys.h"
#include "bench/traffic/key_distribution.h"

namespace kv::bench {

struct Workload;

enum class OpKind : uint8_t { kRead, kWrite, kInsert, kScan, kReadModifyWrite };
inline constexpr size_t kOpKinds = 5;
inline constexpr std::array<std::string_view, kOpKinds> kOpNames = {"read", "write", "insert",
                                                                    "scan", "read_modify_write"};

/// Longest scan of workload E, in entries.
inline constexpr uint32_t kMaxScanEntries = 100;

struct Operation {
    OpKind kind = OpKind::kRead;
    uint64_t key_index = 0;
    uint32_t scan_entries = 0;  ///< 1 to kMaxScanEntries for a scan.
};

/// The share of each kind, by OpKind; they add up to 1.
using Mix = std::array<double, kOpKinds>;

constexpr Mix read_write_mix(double read_ratio) { return {read_ratio, 1 - read_ratio, 0, 0, 0}; }
inline double share_of(const Mix& mix, OpKind kind) { return mix[static_cast<size_t>(kind)]; }

struct YcsbWorkload {
    std::string_view letter;
    Mix mix;
    Distribution distribution;
};
/// "a" to "f"; nullopt for any other word.
std::optional<YcsbWorkload> ycsb_workload(std::string_view letter);

/// What a connection may do: all that the mix holds, or one side of "GET while SET".
enum class Role : uint8_t { kAll, kReader, kWriter };

class OperationChooser {
  public:
    /// For thread number `index`. `inserted` is shared by all threads and outlives this.
    OperationChooser(const Workload& workload, InsertedKeys& inserted, uint32_t index);

    Operation next(Role role);

  private:
    OpKind next_kind();

    const Workload& workload_;
    InsertedKeys& inserted_;
    const bool follows_inserts_;
    KeyChooser keys_;
    Random random_;
};

}  // namespace kv::bench

// The loops of `kvtool bench`: what one thread of one benchmark does to an open store.
// Caller: bench.cc. Thread rule: each thread has its own BenchThread; `stop` and the store are
// shared.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "kv/db.h"
#include "tools/bench_data.h"
#include "tools/bench_options.h"
#include "tools/bench_report.h"

namespace kv::tools {

enum class Workload : uint8_t {
    kWriteSequential,
    kWriteRandom,
    kDeleteSequential,
    kDeleteRandom,
    kReadRandom,
    kReadMissing,
    kReadSequential,
    kReadReverse,
    kSeekRandom,
    kReadWhileWriting,
};

struct BenchSpec {
    std::string_view name;
    Workload workload;
    bool fresh_store = false;
    bool sync = false;  ///< Durability::kDisk, whatever the options say.
};

/// How threads of one benchmark are told to end.
struct BenchControl {
    std::atomic<bool> stop{false};     ///< Somebody failed.
    std::atomic<uint32_t> readers{0};  ///< Of kReadWhileWriting, still running.
};

class BenchThread {
  public:
    /// `stream` chooses the random keys: another one for each thread of each benchmark, or a read
    /// benchmark would ask for exactly the keys that the one before it wrote.
    BenchThread(Db& db, const BenchOptions& options, const BenchSpec& spec, uint32_t index,
                uint64_t stream, BenchControl& control);

    /// Runs to the end, or to the first error of the store.
    Status run();
    const ThreadStats& stats() const { return stats_; }

  private:
    Status write_keys(bool random, bool deletes);
    Status write_while_reading();
    Status write_batch(bool random, bool deletes, uint64_t& position);
    Status read_random(bool missing);
    Status read_in_order(bool reverse);
    Status seek_random();
    /// Whether another operation is due; `limit` operations, or the duration.
    bool goes_on(uint64_t limit);
    void finish_operation(uint64_t operations, uint64_t bytes);
    uint64_t reads() const;

    Db& db_;
    const BenchOptions& options_;
    const BenchSpec& spec_;
    const uint32_t index_;
    BenchControl& control_;
    Random random_;
    ValueSource values_;
    std::string key_;
    ThreadStats stats_;
    uint64_t started_ns_ = 0;
    uint64_t operation_started_ns_ = 0;
};

/// Nanoseconds of the machine's monotonic clock.
uint64_t bench_now_ns();

}  // namespace kv::tools

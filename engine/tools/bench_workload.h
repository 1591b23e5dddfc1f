// What a benchmark consists of: the named workloads, the threads that run them, and the engine
// under test behind one interface, so that kvd and the engines it is compared with are driven by
// the same loops (bench_loops.h).
// Caller: bench.cc. Thread rule: each thread has its own BenchWorker; BenchControl is shared.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "kv/status.h"
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
    kMultiReadRandom,
    kReadSequential,
    kReadReverse,
    kSeekRandom,
    kReadWhileWriting,
    kMixed,
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

/// What a thread is: `stream` chooses its random keys, another one for each thread of each
/// benchmark, or a read benchmark would ask for exactly the keys that the one before it wrote.
struct WorkerSeat {
    const BenchOptions& options;
    const BenchSpec& spec;
    uint32_t index;
    uint64_t stream;
    BenchControl& control;
};

class BenchWorker {
  public:
    virtual ~BenchWorker() = default;
    /// Runs to the end, or to the first error of the store.
    virtual Status run() = 0;
    const ThreadStats& stats() const { return stats_; }

  protected:
    ThreadStats stats_;
};

class BenchEngine {
  public:
    virtual ~BenchEngine() = default;
    virtual std::string name() const = 0;
    /// What the options ask and the engine cannot do: kInvalidArgument.
    virtual Status check(const BenchOptions& options) const = 0;
    virtual bool is_open() const = 0;
    virtual Status open(const BenchOptions& options) = 0;
    virtual void close() = 0;
    virtual std::unique_ptr<BenchWorker> new_worker(const WorkerSeat& seat) = 0;
    virtual Status flush() = 0;
    virtual Status compact() = 0;
    /// Lines about the engine since it was opened; `user_bytes`: keys and values given to it.
    virtual std::string statistics(uint64_t user_bytes) = 0;
};

}  // namespace kv::tools

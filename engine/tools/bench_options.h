// What `kvtool bench` is asked to do: db_bench's flags, by db_bench's names, with kvd's own marked.
// Caller: bench_command.h fills it from the command line, bench.h runs it. A plain value.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "kv/types.h"

namespace kv::tools {

enum class KeyDistribution : uint8_t { kUniform, kZipfian };

struct BenchOptions {
    /// Comma-separated, run in order: see bench_names().
    std::string benchmarks = "fillseq,fillsync,fillrandom,overwrite,readrandom,readseq,readreverse";
    std::string db = "/tmp/kvtool-bench";
    uint64_t num = 1'000'000;
    /// Operations a thread of the read benchmarks; negative: `num`.
    int64_t reads = -1;
    /// The same of the write benchmarks.
    int64_t writes = -1;
    uint32_t key_size = 16;
    uint32_t value_size = 100;
    double compression_ratio = 0.5;
    uint32_t threads = 1;
    uint32_t batch_size = 1;
    uint32_t seek_nexts = 0;
    /// Seconds a benchmark of random operations runs; 0: by number of operations.
    uint64_t duration = 0;
    uint64_t seed = 0;  ///< 0: from the clock, and printed.
    bool sync = false;  ///< Durability::kDisk for every write benchmark.
    bool histogram = false;
    bool statistics = true;  ///< Of the engine, after the last benchmark.
    bool use_existing_db = false;
    uint64_t cache_size = 256ULL << 20;
    int32_t bloom_bits = -1;  ///< Negative: the engine's default.
    uint64_t write_buffer_size = 64ULL << 20;
    std::string compression_type = "none";
    /// A line of CSV about every so many seconds goes to `report_file`; 0: none.
    uint64_t report_interval_seconds = 0;
    std::string report_file = "report.csv";
    /// kvd's own: how the random keys are drawn, and how skewed (YCSB's figure).
    KeyDistribution key_dist = KeyDistribution::kUniform;
    double zipf_theta = 0.99;
    /// kvd's own: what a write without --sync waits for. kOs is what db_bench means by sync=0.
    Durability durability = Durability::kOs;
    bool json = false;  ///< kvd's own: one JSON object a benchmark instead of db_bench's lines.
};

}  // namespace kv::tools

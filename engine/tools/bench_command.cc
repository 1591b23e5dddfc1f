// The command line of the benchmarks: see bench_command.h.
// SPDX-License-Identifier: Apache-2.0
#include "tools/bench_command.h"

#include <CLI/CLI.hpp>
#include <map>
#include <string>

#include "tools/bench.h"

namespace kv::tools {

namespace {

void add_work_options(CLI::App& command, BenchOptions& bench) {
    std::string names = "Comma-separated, of:";
    for (const std::string& name : bench_names()) names += " " + name;
    command.add_option("--benchmarks", bench.benchmarks, names)->capture_default_str();
    command.add_option("--db", bench.db, "The directory to use")->capture_default_str();
    command.add_option("--num", bench.num, "Number of keys")->capture_default_str();
    command.add_option("--reads", bench.reads, "Reads of each thread (negative: --num)");
    command.add_option("--writes", bench.writes, "Writes of each thread (negative: --num)");
    command.add_option("--key_size", bench.key_size, "Bytes")->capture_default_str();
    command.add_option("--value_size", bench.value_size, "Bytes")->capture_default_str();
    command
        .add_option("--compression_ratio", bench.compression_ratio,
                    "How far values could be compressed")
        ->capture_default_str();
    const std::map<std::string, KeyDistribution> distributions{
        {"uniform", KeyDistribution::kUniform}, {"zipfian", KeyDistribution::kZipfian}};
    command
        .add_option("--key_dist", bench.key_dist, "Random keys are uniform (default) or zipfian")
        ->transform(CLI::CheckedTransformer(distributions, CLI::ignore_case));
    command.add_option("--zipf_theta", bench.zipf_theta, "How skewed zipfian keys are")
        ->capture_default_str();
    command.add_option("--threads", bench.threads, "Threads")->capture_default_str();
    command
        .add_option("--batch_size", bench.batch_size,
                    "Mutations of each write, keys of each multireadrandom")
        ->capture_default_str();
    command.add_option("--seek_nexts", bench.seek_nexts, "Steps after each seek");
    command.add_option("--duration", bench.duration, "Seconds of each benchmark (0: by number)");
    command.add_option("--seed", bench.seed, "Of the random keys (0: from the clock)");
    command.add_flag("--use_existing_db", bench.use_existing_db, "Never empty the directory");
}

void add_engine_options(CLI::App& command, BenchOptions& bench) {
    command.add_flag("--sync", bench.sync, "Every write waits for the disk");
    const std::map<std::string, Durability> levels{
        {"memory", Durability::kMemory}, {"os", Durability::kOs}, {"disk", Durability::kDisk}};
    command
        .add_option("--durability", bench.durability,
                    "What a write waits for: memory, os (default) or disk")
        ->transform(CLI::CheckedTransformer(levels, CLI::ignore_case));
    command.add_option("--cache_size", bench.cache_size, "Block cache, bytes")
        ->capture_default_str();
    command.add_option("--bloom_bits", bench.bloom_bits, "Filter bits a key (negative: default)");
    command.add_option("--write_buffer_size", bench.write_buffer_size, "Memtable, bytes")
        ->capture_default_str();
    command.add_option("--compression_type", bench.compression_type, "none, lz4 or zstd")
        ->capture_default_str();
}

void add_report_options(CLI::App& command, BenchOptions& bench) {
    command.add_flag("--histogram", bench.histogram, "Print latencies");
    command.add_flag("--statistics", bench.statistics,
                     "Print the engine's figures at the end (default; --statistics=false: do not)");
    command.add_option("--report_interval_seconds", bench.report_interval_seconds,
                       "Write latencies to --report_file so often (0: never)");
    command.add_option("--report_file", bench.report_file, "CSV")->capture_default_str();
    command.add_flag("--json", bench.json, "One JSON object a benchmark");
}

}  // namespace

void add_bench_options(CLI::App& command, BenchOptions& options) {
    add_work_options(command, options);
    add_engine_options(command, options);
    add_report_options(command, options);
}

}  // namespace kv::tools

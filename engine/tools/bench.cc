// `kvtool bench`: see bench.h.
// SPDX-License-Identifier: Apache-2.0
#include "tools/bench.h"

#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <sstream>
#include <thread>

#include "kv/db.h"
#include "tools/bench_workload.h"

namespace kv::tools {

namespace {

constexpr BenchSpec kSpecs[] = {
    {"fillseq", Workload::kWriteSequential, true},
    {"fillrandom", Workload::kWriteRandom, true},
    {"fillsync", Workload::kWriteRandom, true, true},
    {"overwrite", Workload::kWriteRandom},
    {"readrandom", Workload::kReadRandom},
    {"readmissing", Workload::kReadMissing},
    {"readseq", Workload::kReadSequential},
    {"readreverse", Workload::kReadReverse},
    {"seekrandom", Workload::kSeekRandom},
    {"readwhilewriting", Workload::kReadWhileWriting},
    {"deleteseq", Workload::kDeleteSequential},
    {"deleterandom", Workload::kDeleteRandom},
};

const BenchSpec* find_spec(const std::string& name) {
    for (const BenchSpec& spec : kSpecs) {
        if (spec.name == name) return &spec;
    }
    return nullptr;
}

bool is_writer(Workload workload) {
    return workload == Workload::kWriteSequential || workload == Workload::kWriteRandom ||
           workload == Workload::kDeleteSequential || workload == Workload::kDeleteRandom;
}

/// Empties a directory that an earlier bench made, which the file PATH.kvtool-bench proves.
Status clear_store(const std::string& path) {
    namespace fs = std::filesystem;
    const std::string marker = path + ".kvtool-bench";
    std::error_code error;
    if (fs::exists(path, error) && !fs::is_empty(path, error) && !fs::exists(marker, error)) {
        return Status::invalid_argument(
            path +
            " is not empty and was not made by kvtool bench: give --db another directory, "
            "or --use_existing_db to run on it as it is");
    }
    fs::remove_all(path, error);
    if (!error) fs::create_directories(path, error);
    if (error) return Status::io_error("cannot prepare " + path + ": " + error.message());
    if (!(std::ofstream(marker) << "made by kvtool bench\n")) {
        return Status::io_error("cannot write " + marker);
    }
    return Status::ok();
}

class Bench {
  public:
    Bench(const BenchOptions& options, std::ostream& out, std::ostream& err)
        : options_(options), out_(out), err_(err) {}

    Status run(const std::vector<std::string>& names) {
        if (!options_.json) print_header();
        for (const std::string& name : names) {
            const BenchSpec* spec = find_spec(name);
            KV_RETURN_IF_ERROR(ready_store(spec != nullptr && spec->fresh_store));
            if (spec != nullptr) {
                KV_RETURN_IF_ERROR(measure(*spec));
            } else if (name == "flush") {
                KV_RETURN_IF_ERROR(db_->flush());
            } else if (name == "compact") {
                KV_RETURN_IF_ERROR(timed_compact());
            } else {
                print_stats();
            }
            out_.flush();
        }
        return Status::ok();
    }

  private:
    void print_header() {
        out_ << "Keys:       " << options_.key_size << " bytes each\n"
             << "Values:     " << options_.value_size << " bytes each\n"
             << "Entries:    " << options_.num << "\n"
             << "Durability: "
             << durability_name(options_.sync ? Durability::kDisk : options_.durability)
             << "\nSeed:       " << options_.seed << "\n"
             << "------------------------------------------------\n";
    }

    Status ready_store(bool fresh) {
        fresh = fresh && !options_.use_existing_db;
        if (db_ && !fresh) return Status::ok();
        db_.reset();
        if (fresh) KV_RETURN_IF_ERROR(clear_store(options_.db));
        Options engine;
        engine.create_if_missing = !options_.use_existing_db;
        engine.block_cache_bytes = options_.cache_size;
        engine.memtable_bytes = options_.write_buffer_size;
        if (options_.bloom_bits >= 0) {
            engine.bloom_bits_per_key = static_cast<uint32_t>(options_.bloom_bits);
        }
        engine.log = [this](LogLevel level, std::string_view line) {
            if (level >= LogLevel::kWarning) err_ << std::string(line) + "\n" << std::flush;
        };
        KV_ASSIGN_OR_RETURN(db_, Db::open(engine, options_.db));
        return Status::ok();
    }

    Status measure(const BenchSpec& spec) {
        const bool with_writer = spec.workload == Workload::kReadWhileWriting;
        BenchControl control;
        control.readers.store(options_.threads);
        std::vector<std::unique_ptr<BenchThread>> workers;
        for (uint32_t i = 0; i < options_.threads + (with_writer ? 1 : 0); ++i) {
            workers.push_back(
                std::make_unique<BenchThread>(*db_, options_, spec, i, ++streams_, control));
        }
        std::vector<Status> statuses(workers.size());
        const uint64_t started = bench_now_ns();
        std::vector<std::thread> threads;
        for (size_t i = 0; i < workers.size(); ++i) {
            threads.emplace_back([&, i] { statuses[i] = workers[i]->run(); });
        }
        for (std::thread& thread : threads) thread.join();

        BenchResult result;
        result.name = spec.name;
        result.elapsed_seconds = static_cast<double>(bench_now_ns() - started) / 1e9;
        for (const Status& status : statuses) KV_RETURN_IF_ERROR(status);
        // The writer of readwhilewriting is load, not measured.
        for (uint32_t i = 0; i < options_.threads; ++i) result.add(workers[i]->stats());
        if (spec.workload == Workload::kReadRandom || spec.workload == Workload::kReadMissing ||
            spec.workload == Workload::kSeekRandom || with_writer) {
            result.message = "(" + std::to_string(result.found) + " of " +
                             std::to_string(result.done) + " found)";
        }
        print(result, is_writer(spec.workload) ? "write" : "read");
        return Status::ok();
    }

    Status timed_compact() {
        const uint64_t started = bench_now_ns();
        KV_RETURN_IF_ERROR(db_->compact_all());
        BenchResult result;
        result.name = "compact";
        result.done = 1;
        result.elapsed_seconds = static_cast<double>(bench_now_ns() - started) / 1e9;
        result.thread_seconds = result.elapsed_seconds;
        print(result, "compaction");
        return Status::ok();
    }

    void print(const BenchResult& result, const std::string& operation) {
        if (options_.json) {
            out_ << format_result_json(result) << "\n";
            return;
        }
        out_ << format_result_line(result) << "\n";
        if (result.latency.count() > 0) out_ << format_histogram(result.latency, operation) << "\n";
    }

    void print_stats() {
        const StoreStats stats = db_->stats();
        std::ostringstream text;
        for (size_t level = 0; level < stats.levels.size(); ++level) {
            const LevelStats& at = stats.levels[level];
            if (at.tables == 0) continue;
            text << "level " << level << ": " << at.tables << " tables, " << at.bytes << " bytes, "
                 << at.entries << " entries, " << at.tombstones << " tombstones\n";
        }
        text << "flushes " << stats.flushes << " (" << stats.flush_bytes << " bytes), compactions "
             << stats.compactions << " (read " << stats.compaction_read_bytes << ", written "
             << stats.compaction_written_bytes << " bytes), log " << stats.log_bytes << " bytes in "
             << stats.commit_groups << " groups and " << stats.log_syncs << " syncs, cache "
             << stats.cache_hits << " hits " << stats.cache_misses << " misses, stalled "
             << stats.write_stall_us << " us\n";
        (options_.json ? err_ : out_) << text.str();
    }

    const BenchOptions& options_;
    std::ostream& out_;
    std::ostream& err_;
    std::unique_ptr<Db> db_;
    uint64_t streams_ = 0;  // of random keys, so far
};

Status check_options(const BenchOptions& options, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        if (find_spec(name) == nullptr && name != "flush" && name != "compact" && name != "stats") {
            std::string known;
            for (const std::string& candidate : bench_names()) known += " " + candidate;
            return Status::invalid_argument("unknown benchmark " + name + "; there are" + known);
        }
    }
    if (options.num == 0 || options.threads == 0 || options.batch_size == 0) {
        return Status::invalid_argument("--num, --threads and --batch_size must be at least 1");
    }
    if (options.key_size == 0 || options.key_size >= kMaxKeyBytes ||
        options.value_size > kMaxValueBytes) {
        return Status::invalid_argument("--key_size must be from 1 to " +
                                        std::to_string(kMaxKeyBytes - 1) +
                                        ", --value_size at most " + std::to_string(kMaxValueBytes));
    }
    if (options.key_size < 8 && options.num >> (8 * options.key_size) != 0) {
        return Status::invalid_argument("--key_size is too small for --num different keys");
    }
    return Status::ok();
}

}  // namespace

std::vector<std::string> bench_names() {
    std::vector<std::string> names;
    for (const BenchSpec& spec : kSpecs) names.emplace_back(spec.name);
    names.insert(names.end(), {"flush", "compact", "stats"});
    return names;
}

Status run_bench(const BenchOptions& options, std::ostream& out, std::ostream& err) {
    std::vector<std::string> names;
    std::istringstream list(options.benchmarks);
    for (std::string name; std::getline(list, name, ',');) {
        if (!name.empty()) names.push_back(name);
    }
    KV_RETURN_IF_ERROR(check_options(options, names));
    BenchOptions used = options;
    if (used.seed == 0) used.seed = static_cast<uint64_t>(std::time(nullptr));
    return Bench(used, out, err).run(names);
}

}  // namespace kv::tools

// `kvtool bench`: see bench.h.
// SPDX-License-Identifier: Apache-2.0
#include "tools/bench.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <sstream>
#include <thread>

#include "kv/result.h"
#include "tools/bench_thread.h"
#include "tools/data_directory.h"

namespace kv::tools {

namespace {

constexpr BenchSpec kSpecs[] = {
    {"fillseq", Workload::kWriteSequential, true},
    {"fillrandom", Workload::kWriteRandom, true},
    {"fillsync", Workload::kWriteRandom, true, true},
    {"overwrite", Workload::kWriteRandom},
    {"readrandom", Workload::kReadRandom},
    {"readmissing", Workload::kReadMissing},
    {"multireadrandom", Workload::kMultiReadRandom},
    {"readseq", Workload::kReadSequential},
    {"readreverse", Workload::kReadReverse},
    {"seekrandom", Workload::kSeekRandom},
    {"readwhilewriting", Workload::kReadWhileWriting},
    {"deleteseq", Workload::kDeleteSequential},
    {"deleterandom", Workload::kDeleteRandom},
    {"mixed", Workload::kMixed},
};

/// What --benchmarks takes besides.
constexpr std::string_view kOtherNames[] = {"flush", "compact", "waitforcompaction", "waitforrest",
                                            "stats"};

const BenchSpec* find_spec(const std::string& name) {
    for (const BenchSpec& spec : kSpecs) {
        if (spec.name == name) return &spec;
    }
    return nullptr;
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// For waitforcompaction. An engine that begins a merge does so at once.
constexpr int kNothingDueSeconds = 3;
/// For waitforrest. kvd tidies up level 0 when nothing was written for ten seconds, which it looks
/// at once in ten.
constexpr int kAtRestSeconds = 22;

/// Returns when this process has hardly computed for so long, which is when no engine's background
/// work is under way: not each of them can be asked.
void wait_until_quiet(int seconds) {
    double before = cpu_seconds();
    for (int quiet = 0; quiet < seconds;) {
        std::this_thread::sleep_for(std::chrono::seconds(1));
        const double now = cpu_seconds();
        quiet = now - before < 0.02 ? quiet + 1 : 0;
        before = now;
    }
}

/// Empties a directory that an earlier bench made, which a file in it proves.
Status clear_store(const std::string& path) {
    namespace fs = std::filesystem;
    const std::string marker = path + "/made-by-kvtool-bench";
    if (is_locked(path)) {
        return Status(Code::kLocked, path +
                                         ": a store that is in use; stop what uses it, or give "
                                         "--db another directory");
    }
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
    if (!(std::ofstream(marker) << "What kvtool bench finds beside this file it removes.\n")) {
        return Status::io_error("cannot write " + marker);
    }
    return Status::ok();
}

class Bench {
  public:
    Bench(const BenchOptions& options, BenchEngine& engine, std::ostream& out, std::ostream& err)
        : options_(options), engine_(engine), out_(out), err_(err) {}

    Status run(const std::vector<std::string>& names) {
        KV_RETURN_IF_ERROR(start_report());
        if (!options_.json) print_header();
        for (const std::string& name : names) {
            const BenchSpec* spec = find_spec(name);
            KV_RETURN_IF_ERROR(ready_store(spec != nullptr && spec->fresh_store));
            if (spec != nullptr) {
                KV_RETURN_IF_ERROR(measure(*spec));
            } else if (name == "flush") {
                KV_RETURN_IF_ERROR(engine_.flush());
            } else if (name == "waitforcompaction") {
                wait_until_quiet(kNothingDueSeconds);
            } else if (name == "waitforrest") {
                wait_until_quiet(kAtRestSeconds);
            } else if (name == "compact") {
                KV_RETURN_IF_ERROR(timed_compact());
            } else {
                print_statistics();
            }
            out_.flush();
        }
        if (options_.statistics && !names.empty() && names.back() != "stats") print_statistics();
        engine_.close();
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
        if (engine_.is_open() && !fresh) return Status::ok();
        engine_.close();
        if (fresh) KV_RETURN_IF_ERROR(clear_store(options_.db));
        user_bytes_ = 0;
        return engine_.open(options_);
    }

    Status start_report() {
        if (options_.report_interval_seconds == 0) return Status::ok();
        report_.open(options_.report_file, std::ios::trunc);
        if (report_ << interval_header() << std::flush) return Status::ok();
        return Status::io_error("cannot write --report_file " + options_.report_file);
    }

    Status measure(const BenchSpec& spec) {
        const bool with_writer = spec.workload == Workload::kReadWhileWriting;
        BenchControl control;
        control.readers.store(options_.threads);
        std::vector<std::unique_ptr<BenchWorker>> workers;
        for (uint32_t i = 0; i < options_.threads + (with_writer ? 1 : 0); ++i) {
            workers.push_back(engine_.new_worker({options_, spec, i, ++streams_, control}));
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
        for (const auto& worker : workers) user_bytes_ += worker->stats().written_bytes;
        // The writer of readwhilewriting is load, not measured.
        for (uint32_t i = 0; i < options_.threads; ++i) result.add(workers[i]->stats());
        if (spec.workload == Workload::kReadRandom || spec.workload == Workload::kReadMissing ||
            spec.workload == Workload::kMultiReadRandom || spec.workload == Workload::kSeekRandom ||
            with_writer) {
            result.message = "(" + std::to_string(result.found) + " of " +
                             std::to_string(result.done) + " found)";
        }
        print(result);
        return write_report(result);
    }

    Status timed_compact() {
        const uint64_t started = bench_now_ns();
        KV_RETURN_IF_ERROR(engine_.compact());
        BenchResult result;
        result.name = "compact";
        result.done = 1;
        result.elapsed_seconds = static_cast<double>(bench_now_ns() - started) / 1e9;
        result.thread_seconds = result.elapsed_seconds;
        print(result);
        return Status::ok();
    }

    void print(const BenchResult& result) {
        if (options_.json) {
            out_ << format_result_json(result) << "\n";
            return;
        }
        out_ << format_result_line(result) << "\n";
        const Latencies& latencies = result.latencies;
        if (!options_.histogram) return;
        if (latencies.read.count() > 0) out_ << format_histogram(latencies.read, "read") << "\n";
        if (latencies.write.count() > 0) out_ << format_histogram(latencies.write, "write") << "\n";
    }

    Status write_report(const BenchResult& result) {
        if (!report_.is_open()) return Status::ok();
        report_ << format_intervals(result, options_.report_interval_seconds) << std::flush;
        if (report_) return Status::ok();
        return Status::io_error("cannot write --report_file " + options_.report_file);
    }

    void print_statistics() {
        (options_.json ? err_ : out_) << "Statistics of " << engine_.name() << ":\n"
                                      << engine_.statistics(user_bytes_);
    }

    const BenchOptions& options_;
    BenchEngine& engine_;
    std::ostream& out_;
    std::ostream& err_;
    std::ofstream report_;
    uint64_t streams_ = 0;     // of random keys, so far
    uint64_t user_bytes_ = 0;  // written since the store was opened
};

Status check_options(const BenchOptions& options, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        if (find_spec(name) == nullptr && std::find(std::begin(kOtherNames), std::end(kOtherNames),
                                                    name) == std::end(kOtherNames)) {
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
    if (!(options.zipf_theta > 0 && options.zipf_theta < 10)) {
        return Status::invalid_argument("--zipf_theta must be above 0 and below 10");
    }
    return Status::ok();
}

}  // namespace

std::vector<std::string> bench_names() {
    std::vector<std::string> names;
    for (const BenchSpec& spec : kSpecs) names.emplace_back(spec.name);
    names.insert(names.end(), std::begin(kOtherNames), std::end(kOtherNames));
    return names;
}

Status run_bench(const BenchOptions& options, BenchEngine& engine, std::ostream& out,
                 std::ostream& err) {
    std::vector<std::string> names;
    std::istringstream list(options.benchmarks);
    for (std::string name; std::getline(list, name, ',');) {
        if (!name.empty()) names.push_back(name);
    }
    KV_RETURN_IF_ERROR(check_options(options, names));
    KV_RETURN_IF_ERROR(engine.check(options));
    BenchOptions used = options;
    if (used.seed == 0) used.seed = static_cast<uint64_t>(std::time(nullptr));
    return Bench(used, engine, out, err).run(names);
}

}  // namespace kv::tools

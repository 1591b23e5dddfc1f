// kvbench: a closed-loop load generator for a running kvd.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bench/report.h"
#include "bench/worker.h"
#include "cli/arguments.h"
#include "cli/version.h"
#include "kv/client.h"
#include "kv/client_pipeline.h"

namespace kv::bench {

namespace {

volatile sig_atomic_t interrupted = 0;

struct Program {
    Workload workload;
    bool json = false;
    bool load = false;
};

struct Mix {
    const char* name;
    double read_ratio;
    Distribution distribution;
};
constexpr Mix kMixes[] = {{"ycsb-a", 0.5, Distribution::kZipfian},
                          {"ycsb-b", 0.95, Distribution::kZipfian},
                          {"ycsb-c", 1, Distribution::kZipfian},
                          {"ycsb-d", 0.95, Distribution::kLatest}};

Status apply_words(Program& program, const std::string& mix, const std::string& distribution,
                   const std::string& durability, const std::string& duration,
                   const std::string& warmup) {
    Workload& workload = program.workload;
    const auto chosen = parse_distribution(distribution);
    if (!chosen) return Status::invalid_argument("--distribution '" + distribution + "'");
    workload.distribution = *chosen;
    const auto level = client::parse_durability(durability);
    if (!level) return Status::invalid_argument("--durability '" + durability + "'");
    workload.durability = static_cast<protocol::Durability>(*level);
    KV_ASSIGN_OR_RETURN(workload.duration_ms, cli::parse_duration_ms(duration));
    if (warmup != "0") {
        KV_ASSIGN_OR_RETURN(workload.warmup_ms, cli::parse_duration_ms(warmup));
    }
    for (const Mix& known : kMixes) {
        if (mix != known.name) continue;
        workload.read_ratio = known.read_ratio;
        workload.distribution = known.distribution;
    }
    workload.threads = std::min(workload.threads, workload.connections);
    if (workload.distribution == Distribution::kZipfian ||
        workload.distribution == Distribution::kLatest) {
        workload.zeta = zipfian_zeta(workload.key_count);
    }
    return Status::ok();
}

// The exit code when the program should end here, as for --help.
std::optional<int> parse_program(int argc, char** argv, Program& program) {
    Workload& workload = program.workload;
    std::string mix;
    std::string distribution = "uniform";
    std::string durability = "disk";
    std::string duration = "10s";
    std::string warmup = "0";
    CLI::App app("kvbench: load a kvd server and report throughput and latency (closed loop)");
    app.set_version_flag("--version", "kvbench " + std::string(cli::kVersion));
    app.option_defaults()->always_capture_default();
    app.add_option("-a,--address", workload.address, "HOST:PORT of the server");
    app.add_option("-t,--threads", workload.threads)->check(CLI::Range(1, 256));
    app.add_option("-c,--connections", workload.connections, "in all")->check(CLI::Range(1, 10000));
    app.add_option("-p,--pipeline", workload.pipeline, "requests in flight on each connection")
        ->check(CLI::Range(1, 65535));
    app.add_option("-n,--requests", workload.requests, "in all; 0: go by --duration");
    app.add_option("-d,--duration", duration);
    app.add_option("--warmup", warmup, "not measured, before the rest");
    app.add_option("-k,--key-count", workload.key_count)->check(CLI::PositiveNumber);
    app.add_option("--key-size", workload.key_bytes)->check(CLI::Range(1, 65536));
    app.add_option("-v,--value-size", workload.value_bytes)->check(CLI::Range(0, 64 << 20));
    app.add_option("--distribution", distribution, "uniform, zipfian, sequential or latest");
    app.add_option("-r,--read-ratio", workload.read_ratio)->check(CLI::Range(0.0, 1.0));
    app.add_option("--mix", mix, "instead of distribution and read ratio")
        ->check(CLI::IsMember({"ycsb-a", "ycsb-b", "ycsb-c", "ycsb-d"}));
    app.add_option("--durability", durability, "memory, os or disk");
    app.add_option("--seed", workload.seed);
    app.add_flag("--load", program.load, "store every key once before");
    app.add_flag("--json", program.json, "one JSON object instead of the table");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    const Status status = apply_words(program, mix, distribution, durability, duration, warmup);
    if (status.is_ok()) return std::nullopt;
    std::fprintf(stderr, "error: %s\n", status.to_string().c_str());
    return 2;
}

// Stores all keys with the client library: batches, many in flight.
Status load_keys(const Workload& workload) {
    ClientOptions options;
    options.address = workload.address;
    options.client_name = "kvbench";
    options.operation_timeout_ms = 60'000;
    KV_ASSIGN_OR_RETURN(const auto client, Client::connect(options));
    client::WriteOptions write;
    write.durability = client::Durability::kOs;
    client::Pipeline pipeline(*client, 16, write);
    client::Batch batch;
    std::string key(workload.key_bytes, '0');
    const std::string value(workload.value_bytes, 'v');
    for (uint64_t i = 0; i < workload.key_count && interrupted == 0; ++i) {
        format_key(i, key.size(), key.data());
        batch.put(key, value);
        if (batch.count() < 256 && batch.size_bytes() < (256U << 10)) continue;
        KV_RETURN_IF_ERROR(pipeline.write(batch));
        batch.clear();
    }
    if (!batch.empty()) KV_RETURN_IF_ERROR(pipeline.write(batch));
    return pipeline.drain();
}

class Run {
  public:
    explicit Run(const Workload& workload) : workload_(workload) {}

    Status start() {
        for (uint32_t i = 0; i < workload_.threads; ++i) {
            workers_.push_back(
                std::make_unique<Worker>(workload_, control_, i, share(workload_.requests, i)));
            KV_RETURN_IF_ERROR(
                workers_[i]->connect(static_cast<uint32_t>(share(workload_.connections, i))));
        }
        control_.measuring = workload_.warmup_ms == 0;
        for (const auto& worker : workers_) {
            threads_.emplace_back([this, &worker] {
                worker->run();
                ++finished_;
            });
        }
        return Status::ok();
    }

    // Waits for the end, with a line a second for a person.
    void wait() {
        const bool terminal = ::isatty(STDERR_FILENO) != 0;
        const auto start = std::chrono::steady_clock::now();
        uint64_t last = 0;
        for (uint64_t tick = 1; finished_ < workers_.size(); ++tick) {
            std::this_thread::sleep_until(start + std::chrono::milliseconds(tick * kTickMs));
            const uint64_t elapsed_ms = tick * kTickMs;
            if (elapsed_ms >= workload_.warmup_ms) control_.measuring = true;
            const bool over = workload_.requests == 0 &&
                              elapsed_ms >= workload_.warmup_ms + workload_.duration_ms;
            if (over || interrupted != 0) control_.stop = true;
            if (!terminal || elapsed_ms % 1000 != 0) continue;
            uint64_t now = 0;
            for (const auto& worker : workers_) now += worker->progress();
            std::fprintf(stderr, "\r%4llu s  %10llu/s%s\x1b[K",
                         static_cast<unsigned long long>(elapsed_ms / 1000),
                         static_cast<unsigned long long>(now - last),
                         control_.measuring ? "" : "  (warm-up)");
            last = now;
        }
        if (terminal) std::fputs("\r\x1b[K", stderr);
        for (std::thread& thread : threads_) thread.join();
    }

    Measurement result(Status& first_error) const {
        Measurement all;
        for (const auto& worker : workers_) {
            all.merge(worker->measurement());
            all.seconds = std::max(all.seconds, worker->measurement().seconds);
            if (first_error.is_ok()) first_error = worker->first_error();
        }
        return all;
    }

  private:
    static constexpr uint64_t kTickMs = 20;

    uint64_t share(uint64_t total, uint32_t index) const {
        return total / workload_.threads + (index < total % workload_.threads ? 1 : 0);
    }

    const Workload& workload_;
    Control control_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::vector<std::thread> threads_;
    std::atomic<size_t> finished_{0};
};

int fail(const Status& status, const Workload& workload) {
    std::fprintf(stderr, "error: %s\nIs kvd running at %s? -a ADDR:PORT names another server.\n",
                 status.to_string().c_str(), workload.address.c_str());
    return status.is(Code::kInvalidArgument) ? 2 : 3;
}

int run(int argc, char** argv) {
    Program program;
    if (const auto code = parse_program(argc, argv, program)) return *code;
    ::signal(SIGINT, [](int) { interrupted = 1; });
    if (program.load) {
        const Status status = load_keys(program.workload);
        if (!status.is_ok()) return fail(status, program.workload);
    }
    Run bench(program.workload);
    const Status status = bench.start();
    if (!status.is_ok()) return fail(status, program.workload);
    bench.wait();
    Status first_error;
    const Measurement measured = bench.result(first_error);
    const std::string report = program.json ? json_report(program.workload, measured) + "\n"
                                            : text_report(program.workload, measured);
    std::fputs(report.c_str(), stdout);
    if (measured.error_count() == 0) return 0;
    std::fprintf(stderr, "first error: %s\n", first_error.to_string().c_str());
    return 1;
}

}  // namespace

}  // namespace kv::bench

int main(int argc, char** argv) { return kv::bench::run(argc, argv); }

// Words into a Workload, and the combinations that make no sense.
// SPDX-License-Identifier: Apache-2.0
#include "bench/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string>

#include "cli/arguments.h"
#include "cli/version.h"
#include "kv/client.h"

namespace kv::bench {

namespace {

constexpr uint32_t kMaxScannedValueBytes = 1U << 20;

// What needs more than CLI11's checks.
struct Words {
    std::string protocol = "native";
    std::string distribution = "uniform";
    std::string durability = "disk";
    std::string duration = "10s";
    std::string warmup = "0";
    double read_ratio = 0.5;
};

void add_server_options(CLI::App& app, Workload& workload, Words& words) {
    app.add_option("-a,--address", workload.address,
                   "HOST:PORT of the server [127.0.0.1:7480, over RESP 127.0.0.1:6379]");
    app.add_option("--protocol", words.protocol, "native, or resp for any server that speaks it")
        ->check(CLI::IsMember({"native", "resp"}));
    app.add_option("--server-pid", workload.server_pid,
                   "print the CPU time this process uses an operation")
        ->check(CLI::PositiveNumber);
    app.add_option("--durability", words.durability,
                   "memory, os or disk; over RESP it is the server's setting");
}

void add_traffic_options(CLI::App& app, Workload& workload, Words& words) {
    app.add_option("-t,--threads", workload.threads)->check(CLI::Range(1, 256));
    app.add_option("-c,--connections", workload.connections, "in all")->check(CLI::Range(1, 10000));
    app.add_option("--readers", workload.readers, "connections that only GET, instead of -c")
        ->check(CLI::Range(1, 10000));
    app.add_option("--writers", workload.writers, "connections that only SET beside them")
        ->check(CLI::Range(1, 10000));
    app.add_option("-p,--pipeline", workload.pipeline, "requests in flight on each connection")
        ->check(CLI::Range(1, 65535));
    app.add_option("--rate", workload.rate,
                   "open loop: operations a second over all connections, at fixed times; 0: closed "
                   "loop, each answer is followed by the next request")
        ->check(CLI::Range(0, 100'000'000));
    app.add_option("-n,--requests", workload.requests, "in all; 0: go by --duration");
    app.add_option("-d,--duration", words.duration);
    app.add_option("--warmup", words.warmup, "not measured, before the rest");
}

void add_data_options(CLI::App& app, Workload& workload, Words& words) {
    app.add_option("-k,--key-count", workload.key_count)->check(CLI::PositiveNumber);
    app.add_option("--key-size", workload.key_bytes)->check(CLI::Range(1, 65536));
    app.add_option("-v,--value-size", workload.value_bytes)->check(CLI::Range(0, 64 << 20));
    app.add_option("--distribution", words.distribution, "uniform, zipfian, sequential or latest");
    app.add_option("-r,--read-ratio", words.read_ratio)->check(CLI::Range(0.0, 1.0));
    app.add_option("--workload", workload.ycsb,
                   "of YCSB, instead of distribution and read ratio: a 50% read 50% write, b 95% "
                   "read 5% write, c read, d 95% read of the latest 5% insert, e 95% scan 5% "
                   "insert, f 50% read 50% read-modify-write")
        ->check(CLI::IsMember({"a", "b", "c", "d", "e", "f"}));
    app.add_option("--seed", workload.seed);
}

Status apply_traffic(const CLI::App& app, Workload& workload, const Words& words) {
    if (app.count("--readers") + app.count("--writers") > 0) {
        if (workload.readers == 0 || workload.writers == 0) {
            return Status::invalid_argument("--readers and --writers go together");
        }
        if (app.count("--connections") + app.count("--workload") + app.count("--read-ratio") > 0) {
            return Status::invalid_argument(
                "--readers and --writers stand instead of --connections, --read-ratio and "
                "--workload");
        }
        workload.connections = workload.readers + workload.writers;
    }
    workload.threads = std::min(workload.threads, workload.connections);
    KV_ASSIGN_OR_RETURN(workload.duration_ms, cli::parse_duration_ms(words.duration));
    if (words.warmup != "0") {
        KV_ASSIGN_OR_RETURN(workload.warmup_ms, cli::parse_duration_ms(words.warmup));
    }
    return Status::ok();
}

Status apply_mix(const CLI::App& app, Workload& workload, const Words& words) {
    const auto chosen = parse_distribution(words.distribution);
    if (!chosen) return Status::invalid_argument("--distribution '" + words.distribution + "'");
    workload.distribution = *chosen;
    workload.mix = read_write_mix(words.read_ratio);
    if (const auto known = ycsb_workload(workload.ycsb)) {
        if (app.count("--distribution") + app.count("--read-ratio") > 0) {
            return Status::invalid_argument(
                "--workload brings its own --distribution and --read-ratio");
        }
        workload.mix = known->mix;
        workload.distribution = known->distribution;
    }
    if (share_of(workload.mix, OpKind::kScan) > 0 && workload.value_bytes > kMaxScannedValueBytes) {
        return Status::invalid_argument(
            "--workload e scans up to 100 values at once; give "
            "--value-size 1048576 or less");
    }
    if (workload.distribution == Distribution::kZipfian ||
        workload.distribution == Distribution::kLatest) {
        workload.zeta = zipfian_zeta(workload.key_count);
    }
    return Status::ok();
}

Status apply_server(const CLI::App& app, Workload& workload, const Words& words) {
    const bool resp = words.protocol == "resp";
    workload.protocol = resp ? Protocol::kResp : Protocol::kNative;
    if (workload.address.empty()) workload.address = resp ? "127.0.0.1:6379" : "127.0.0.1:7480";
    if (resp && app.count("--durability") > 0) {
        return Status::invalid_argument(
            "--durability: the Redis protocol cannot ask for it, the server's setting holds");
    }
    const auto level = client::parse_durability(words.durability);
    if (!level) return Status::invalid_argument("--durability '" + words.durability + "'");
    workload.durability = static_cast<protocol::Durability>(*level);
    return Status::ok();
}

Status apply_words(const CLI::App& app, Workload& workload, const Words& words) {
    KV_RETURN_IF_ERROR(apply_server(app, workload, words));
    KV_RETURN_IF_ERROR(apply_traffic(app, workload, words));
    return apply_mix(app, workload, words);
}

}  // namespace

std::optional<int> parse_options(int argc, char** argv, Options& options) {
    Workload& workload = options.workload;
    Words words;
    CLI::App app(
        "kvbench: load a kvd server, or any that speaks the Redis protocol, and report "
        "throughput and latency");
    app.set_version_flag("--version", "kvbench " + std::string(cli::kVersion));
    app.option_defaults()->always_capture_default();
    add_server_options(app, workload, words);
    add_traffic_options(app, workload, words);
    add_data_options(app, workload, words);
    app.add_flag("--load", options.load, "store every key once before");
    app.add_flag("--json", options.json, "one JSON object instead of the table");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    const Status status = apply_words(app, workload, words);
    if (status.is_ok()) return std::nullopt;
    std::fprintf(stderr, "error: %s\n", status.to_string().c_str());
    return 2;
}

}  // namespace kv::bench

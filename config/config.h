// Config: every setting of the daemon, typed, with its default. Filled by config/loader.h from
// kvd.toml, the KVD_* environment and the command line; after that it never changes.
//
// The names, ranges and help texts are in key_table.cc; kvd.toml is the documented sample.
// Thread rule: a plain value; share it read-only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "kv/options.h"

namespace kv::config {

/// How many of what a client may hold (server.md 4). Times in milliseconds; 0 = off where the key
/// table says so.
struct Limits {
    uint64_t connections = 10'000;
    uint64_t outstanding_per_connection = 1024;
    uint64_t unread_reply_bytes = 32ULL << 20;
    uint64_t slow_reader_timeout_ms = 10'000;
    uint64_t network_memory_bytes = 512ULL << 20;
    uint64_t hello_frame_bytes = 4096;
    uint64_t hello_timeout_ms = 5'000;
    uint64_t hello_connections_per_address = 1'000;
    uint64_t idle_timeout_ms = 0;
    uint64_t keepalive_ms = 300'000;
    uint64_t scans_per_connection = 64;
    uint64_t scan_lease_ms = 60'000;
    uint64_t snapshots = 1'024;
    uint64_t snapshot_lease_ms = 600'000;
    uint64_t queued_reads = 4096;
    uint64_t drain_timeout_ms = 10'000;
};

struct Config {
    std::string data_dir = "./kvd-data";
    std::string listen = "127.0.0.1:7480";
    std::string resp_listen = "127.0.0.1:7481";
    std::string admin_listen = "off";
    bool allow_public_bind = false;

    /// What the Redis listener's acknowledgements promise, unless a client asks for another level.
    Durability resp_durability = Durability::kDisk;

    uint64_t network_threads = 0;  ///< 0: half of the cores, 1 to 4.
    uint64_t read_threads = 4;

    Limits limits;
    /// Only the sizes are set here; the seams and the log function are the daemon's.
    Options engine;

    std::string log_format = "text";
    std::string log_level = "info";
    std::string log_file;  ///< Empty: standard error.
};

}  // namespace kv::config

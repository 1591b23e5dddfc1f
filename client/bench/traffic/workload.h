// What kvbench is asked to do.
// Thread rule: written before the threads start, read by all of them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/traffic/key_distribution.h"
#include "bench/traffic/operation_mix.h"
#include "protocol/frame.h"

namespace kv::bench {

enum class Protocol : uint8_t { kNative, kResp };

struct Workload {
    Protocol protocol = Protocol::kNative;
    std::string address;
    uint32_t threads = 1;
    uint32_t connections = 50;  ///< In all.
    uint32_t readers = 0;       ///< With writers: connections that only read; the rest only write.
    uint32_t writers = 0;       ///< Both 0: every connection does all that the mix holds.
    uint32_t pipeline = 1;      ///< Requests in flight on each connection.
    uint64_t rate = 0;          ///< Open loop: operations a second in all; 0: closed loop.
    uint64_t requests = 0;      ///< In all, without the warm-up; 0: go by duration.
    uint64_t duration_ms = 10'000;
    uint64_t warmup_ms = 0;
    uint64_t key_count = 100'000;
    uint32_t key_bytes = 16;
    uint32_t value_bytes = 100;
    Distribution distribution = Distribution::kUniform;
    Mix mix = read_write_mix(0.5);
    std::string ycsb;  ///< The letter of the mix, empty for a mix of its own.
    /// Native only: over RESP it is the server's setting.
    protocol::Durability durability = protocol::Durability::kDisk;
    uint64_t seed = 1;
    double zeta = 0;         ///< Of key_count, for the distributions that need it.
    int64_t server_pid = 0;  ///< Whose CPU time is reported; 0: none.

    /// Of connection number `index`, from 0 to connections - 1.
    Role role(uint32_t index) const {
        if (readers + writers == 0) return Role::kAll;
        return index < readers ? Role::kReader : Role::kWriter;
    }
};

}  // namespace kv::bench

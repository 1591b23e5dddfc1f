// The CPU time that a process has used, as the kernel tells it in /proc/PID/stat.
// Thread rule: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "kv/result.h"

namespace kv::bench {

/// User and system time of all threads, in clock ticks, out of the text of /proc/PID/stat; nullopt
/// when it is not such a text.
std::optional<uint64_t> parse_cpu_ticks(std::string_view stat);

/// In microseconds, to the kernel's tick (10 ms as a rule). kNotFound: no such process.
Result<uint64_t> process_cpu_us(int64_t pid);

}  // namespace kv::bench

// Reading /proc/PID/stat.
// SPDX-License-Identifier: Apache-2.0
#include "bench/server_cpu.h"

#include <unistd.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <string>

namespace kv::bench {

namespace {

// Counted from the field behind the name, which may hold spaces and parentheses itself: proc(5).
constexpr int kUserField = 11;
constexpr int kSystemField = 12;

}  // namespace

std::optional<uint64_t> parse_cpu_ticks(std::string_view stat) {
    const size_t name_end = stat.rfind(") ");
    if (name_end == std::string_view::npos) return std::nullopt;
    stat.remove_prefix(name_end + 2);
    uint64_t sum = 0;
    for (int field = 0; field <= kSystemField; ++field) {
        const size_t end = stat.find(' ');
        if (end == std::string_view::npos) return std::nullopt;
        if (field >= kUserField) {
            uint64_t ticks = 0;
            if (std::from_chars(stat.data(), stat.data() + end, ticks).ptr != stat.data() + end) {
                return std::nullopt;
            }
            sum += ticks;
        }
        stat.remove_prefix(end + 1);
    }
    return sum;
}

Result<uint64_t> process_cpu_us(int64_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/stat";
    std::ifstream file(path);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto ticks = parse_cpu_ticks(text);
    if (!ticks) return Status::not_found("no CPU time in " + path + "; is the process running?");
    const auto ticks_per_second = static_cast<uint64_t>(::sysconf(_SC_CLK_TCK));
    return *ticks * 1'000'000 / ticks_per_second;
}

}  // namespace kv::bench

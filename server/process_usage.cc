// See process_usage.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/process_usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace kv::server {
namespace {

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

ProcessUsage process_usage() {
    ProcessUsage usage;
    const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    uint64_t total_pages = 0, resident_pages = 0;
    std::ifstream statm("/proc/self/statm");
    if (statm >> total_pages >> resident_pages) usage.resident_bytes = resident_pages * page;
    const long physical = sysconf(_SC_PHYS_PAGES);
    if (physical > 0) usage.machine_bytes = static_cast<uint64_t>(physical) * page;
    rusage used{};
    if (getrusage(RUSAGE_SELF, &used) == 0) {
        usage.peak_resident_bytes = static_cast<uint64_t>(used.ru_maxrss) * 1024;
        usage.user_s = seconds(used.ru_utime);
        usage.system_s = seconds(used.ru_stime);
    }
    usage.peak_resident_bytes = std::max(usage.peak_resident_bytes, usage.resident_bytes);
    return usage;
}

}  // namespace kv::server

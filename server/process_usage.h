// What the operating system says this process takes. Thread rule: any thread; reads /proc, so not
// for every request.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace kv::server {

/// Zero where the system does not tell.
struct ProcessUsage {
    uint64_t resident_bytes = 0;
    uint64_t peak_resident_bytes = 0;
    uint64_t machine_bytes = 0;  ///< Physical memory of the machine.
    // Processor time so far, of all threads.
    double user_s = 0;
    double system_s = 0;
};
ProcessUsage process_usage();

}  // namespace kv::server

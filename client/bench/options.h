// The command line of kvbench.
// Thread rule: the main thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "bench/traffic/workload.h"

namespace kv::bench {

struct Options {
    Workload workload;
    bool json = false;
    bool load = false;
};

/// Fills `options`. The exit code when the program should end here: 0 after --help or --version, 2
/// when the words make no sense, which standard error then tells.
std::optional<int> parse_options(int argc, char** argv, Options& options);

}  // namespace kv::bench

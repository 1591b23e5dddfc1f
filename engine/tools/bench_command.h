// The command line of the benchmarks: kvtool's `bench`, and the drivers of other engines that are
// measured in the same way.
// Thread rule: one call at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tools/bench_options.h"

namespace CLI {
class App;
}

namespace kv::tools {

/// Adds every flag to `command`; parsing fills `options`, which must live as long.
void add_bench_options(CLI::App& command, BenchOptions& options);

}  // namespace kv::tools

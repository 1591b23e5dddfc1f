// `kvtool bench`: db_bench's benchmarks on an engine.
//
// A program's part: it starts its own threads and reads the machine's clock, which the engine
// never does. Callers: kvtool.cc, and the drivers of other engines in tests/bench. Thread rule: one
// run at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "kv/status.h"
#include "tools/bench_workload.h"

namespace kv::tools {

/// The names that --benchmarks takes.
std::vector<std::string> bench_names();

/// Runs options.benchmarks in order and prints a line for each to `out`; notes go to `err`.
/// Benchmarks that db_bench starts on a fresh store (fillseq, fillrandom, fillsync) do the same
/// unless use_existing_db; a directory that no bench made is never emptied: kInvalidArgument, as
/// for an unknown name or a bad figure. Otherwise the first error of the store.
Status run_bench(const BenchOptions& options, BenchEngine& engine, std::ostream& out,
                 std::ostream& err);

}  // namespace kv::tools

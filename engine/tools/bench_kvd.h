// kvd under `kvtool bench`, through the public kv/db.h alone.
// Thread rule: as BenchEngine.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <memory>

#include "tools/bench_workload.h"

namespace kv::tools {

/// Warnings of the engine go to `err`.
std::unique_ptr<BenchEngine> new_kvd_bench_engine(std::ostream& err);

}  // namespace kv::tools

// Counting the entries of one memtable or table between two bounds, for estimates.
// Caller: DbImpl::approximate_count. Thread rule: a plain function.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "iterator/internal_iterator.h"

namespace kv::db {

/// Versions in [lower, upper) that are no deletes, out of `live` in all. Walks `inside` from the
/// lower bound and, if given, `beyond` from the upper one, side by side: whichever ends first
/// tells. `beyond` must be null where entries lie below `lower`, or where nothing bounds above.
/// nullopt when neither has ended after `max_steps`, or when one failed.
std::optional<uint64_t> count_between(InternalIterator& inside, InternalIterator* beyond,
                                      const std::string& lower,
                                      const std::optional<std::string>& upper, uint64_t live,
                                      uint64_t max_steps);

}  // namespace kv::db

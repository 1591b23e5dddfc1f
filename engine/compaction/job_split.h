// split_job: cuts the key range of a compaction into parts of about equal size.
// Caller: CompactionJob. Thread rule: a pure function of tables that do not change.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "compaction/job_part.h"

namespace kv {

/// At least one range and at most `most_parts`, in key order, which together cover every key. A
/// split asks where keys would lie in the inputs, so it opens them; one part opens nothing. Errors:
/// those of opening a table.
Result<std::vector<KeyRange>> split_job(const CompactionWork& work, size_t most_parts);

}  // namespace kv

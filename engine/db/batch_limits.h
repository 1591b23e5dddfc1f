// What a batch may hold at most. Caller: CommitStage. Thread rule: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "kv/options.h"
#include "kv/status.h"
#include "kv/write_batch.h"

namespace kv::db {

/// Keys and values of all preconditions.
size_t precondition_bytes(const WriteBatch& batch);

/// kInvalidArgument: an empty key, or something is over its limit in `limits`.
Status check_limits(const WriteBatch& batch, const Options& limits);

}  // namespace kv::db

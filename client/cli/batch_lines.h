// Batch lines: the little language of the `batch` command, one change or precondition a line.
// Pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "cli/words.h"
#include "kv/client_batch.h"
#include "kv/status.h"

namespace kv::cli {

/// Adds what the words of one line ask for: put KEY VALUE [--ttl 10s], del KEY, incr KEY [BY],
/// require KEY VALUE, require-absent KEY, require-present KEY. kInvalidArgument says what is wrong,
/// and `batch` is unchanged.
Status add_batch_line(const std::vector<Word>& words, client::Batch& batch);

}  // namespace kv::cli

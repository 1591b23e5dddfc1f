// Checkpoints: copies of an open store that open as stores of their own.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kv/types.h"

namespace kv {

struct CheckpointOptions {
    /// Copy the tables instead of linking them: for a backup on another disk, or one that damage to
    /// the store's own files must not reach. Always done where links are impossible.
    bool copy_tables = false;
    /// Read the finished checkpoint back: every block of every table, every log record.
    bool verify = false;
};

struct CheckpointInfo {
    Seqno seqno = 0;  ///< Every write up to here is in it; later ones may be.
    uint64_t tables = 0;
    uint64_t table_bytes = 0;
    uint64_t copied_tables = 0;  ///< The others are hard links.
    uint64_t log_bytes = 0;
};

}  // namespace kv

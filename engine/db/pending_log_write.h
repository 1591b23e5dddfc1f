// PendingLogWrite: commit groups that wait for the log side, for one segment; they go out in one
// write, and if need be one sync.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "db/write_queue.h"
#include "kv/types.h"
#include "wal/segment_writer.h"

namespace kv::db {

struct PendingLogWrite {
    wal::SegmentWriter* segment = nullptr;
    uint64_t round = 0;
    std::string records;
    Seqno last_seqno = 0;  ///< 0: no mutations
    Durability strongest = Durability::kMemory;
    uint64_t unanswered_groups = 0;
    uint64_t writers = 0;    ///< requests that wait for it
    uint64_t joined_us = 0;  ///< when the first write that needs a sync joined; 0: none did
    RequestChain requests;
};

}  // namespace kv::db

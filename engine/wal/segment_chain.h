// The chain of segments as their headers tell it: which segments there are, which were never used,
// and what each one's successor says about its end. Part of recovery; kvtool uses it too.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kv/file_system.h"
#include "kv/result.h"
#include "wal/segment_format.h"

namespace kv::wal {

/// What later headers say about a segment's end.
struct Vouched {
    std::optional<uint64_t> length;
    std::optional<Seqno> last_seqno;
    /// False when the next header was written before the end was durable, and no header after that
    /// one shows that it became so. A record of the next segment may still: see check_unproven_end.
    bool is_proven = true;
    uint64_t durable_length = 0;  ///< Proven in any case.
};

struct ChainLink {
    uint64_t number = 0;
    std::string path;
    std::shared_ptr<RandomAccessFile> file;
    bool used = false;  ///< Has a valid header.
    SegmentHeader header;
    Vouched vouched;
};

/// Opens a segment and judges its header by itself: version, number, database id. A header that is
/// not valid makes it unused, or kCorruption if a record proves that the header was durable once.
Result<ChainLink> open_segment(FileSystem& fs, const std::string& dir, uint64_t number,
                               uint64_t database_id);

/// The links [oldest, last_created] in order (those at the end may be unused), with what their
/// successors vouch for. kCorruption: one is missing, or has no header where it must, or headers
/// contradict each other.
Result<std::vector<ChainLink>> read_chain(FileSystem& fs, const std::string& dir, uint64_t oldest,
                                          uint64_t last_created, uint64_t database_id);

/// For a segment that ends at `end`, before the length that `next`, its successor, names without
/// proof: ok when nothing in the two shows that it was once durable beyond `end`, so that the log
/// ends there and nothing in `next` was ever acknowledged as durable. Else kCorruption.
Status check_unproven_end(const ChainLink& link, uint64_t end, const ChainLink& next);

}  // namespace kv::wal

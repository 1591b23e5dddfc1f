// What a read did: Db::explain_get and Db::explain_scan do the read and tell its story.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kv/types.h"

namespace kv {

/// One table that a get asked.
struct TableProbe {
    uint64_t table = 0;  ///< File number.
    int level = 0;
    bool filter_asked = false;    ///< Not without one, nor while all gets find their key.
    bool filter_skipped = false;  ///< The filter said: surely not here.
    bool found = false;           ///< A version of the key, or a range delete over it.
    uint32_t cached_blocks = 0;
    uint32_t disk_blocks = 0;
    uint64_t us = 0;
};

struct GetExplanation {
    enum class Outcome : uint8_t { kAbsent, kLive, kDeleted, kDeletedByRange, kExpired };
    Outcome outcome = Outcome::kAbsent;
    Seqno seqno = 0;  ///< Of the version or delete that decided; 0 when absent.
    size_t value_bytes = 0;
    std::string source;      ///< What held it: "active memtable", "table 12 of level 1"; or empty.
    uint32_t memtables = 0;  ///< Asked.
    uint64_t memtables_us = 0;
    std::vector<TableProbe> tables;   ///< In the order asked.
    uint64_t tables_passed_over = 0;  ///< Not asked: the key lies outside their bounds.
    uint64_t total_us = 0;
};

struct ScanExplanation {
    uint64_t entries = 0;      ///< Live ones met.
    uint64_t passed_over = 0;  ///< Older versions, tombstones, expired and range-deleted entries.
    bool budget_exhausted = false;  ///< Stopped by ScanOptions::max_skipped.
    uint32_t memtables = 0;
    std::vector<uint64_t> tables_by_level;  ///< Those whose bounds meet the scan's.
    uint64_t range_deletes = 0;             ///< Fragments of range deletes to be minded.
    uint64_t cached_blocks = 0;
    uint64_t disk_blocks = 0;
    uint64_t open_us = 0;  ///< Making the iterator.
    uint64_t seek_us = 0;  ///< To the first entry.
    uint64_t walk_us = 0;  ///< The rest.
};

/// For people, several lines.
std::string to_text(const GetExplanation& explanation);
std::string to_text(const ScanExplanation& explanation);

}  // namespace kv

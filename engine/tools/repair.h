// `kvtool repair DIR --out DIR`: saves what can be saved of a damaged data directory into a new one
// that opens as a store, and lists what is lost. The original is only ever read.
//
// Entries keep their sequence numbers, so newer versions win as before. Where a lost range held the
// newest version of a key, an older one may show through: every loss names its keys.
// Caller: kvtool.cc. Thread rule: a plain function.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "tools/salvage.h"
#include "tools/verify.h"

namespace kv::tools {

struct RepairReport {
    std::vector<Loss> losses;
    /// Things an operator may wonder about, which are no loss.
    std::vector<std::string> notes;
    /// Whether levels are as the MANIFEST says; else all tables were merged into one level.
    bool manifest_read = false;
    uint64_t tables_copied = 0;     ///< Sound: byte for byte.
    uint64_t tables_rewritten = 0;  ///< Of what was readable.
    uint64_t tables_lost = 0;
    uint64_t log_batches = 0;
    // Of the new directory.
    uint64_t tables = 0, table_bytes = 0, entries = 0;
    Seqno last_seqno = 0;

    bool all_saved() const { return losses.empty(); }
};

/// Whether `out` may be filled: missing or empty, and neither `dir` nor in it. kInvalidArgument.
Status check_repair_output(FileSystem& fs, const std::string& dir, const std::string& out);

/// kInvalidArgument: `dir` is no data directory; kLocked: a process has it open; kUnsupported: a
/// newer format; kNoSpace: the copy would not fit, nothing was written. After any other error, all
/// of them about `out`, that directory holds an unfinished copy without CURRENT and may be removed.
Result<RepairReport> repair_directory(FileSystem& fs, const std::string& dir,
                                      const std::string& out, const VerifyProgress& progress = {});

void print_repair(const RepairReport& report, const std::string& dir, const std::string& out_dir,
                  bool json, std::ostream& out);

}  // namespace kv::tools

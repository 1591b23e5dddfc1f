// `kvtool verify`: reads every byte that a data directory vouches for and lists all damage: CURRENT
// and MANIFEST, each table's blocks, order, filter, properties and what the MANIFEST says of it,
// and the chain of log segments. Read-only, and takes no lock.
// Caller: main.cc. Thread rule: a plain function.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "kv/file_system.h"
#include "kv/result.h"

namespace kv::tools {

struct VerifyReport {
    struct Damage {
        std::string file;  ///< Name within the directory.
        Status status;     ///< Its message names the offset, where there is one.
    };
    std::vector<Damage> damage;
    /// Things an operator may wonder about, which are no damage: a torn tail, leftover files.
    std::vector<std::string> notes;
    uint64_t tables = 0, table_bytes = 0, entries = 0;
    uint64_t segments = 0, log_bytes = 0, batches = 0;
    /// Newest mutation in tables or log; 0 where the log could not be read.
    uint64_t last_seqno = 0;
    bool locked = false;

    bool is_clean() const { return damage.empty(); }
};

/// Told of every file as it is begun: bytes checked so far and in all.
using VerifyProgress = std::function<void(const std::string& file, uint64_t done, uint64_t total)>;

/// kInvalidArgument: not a data directory; kUnsupported: a newer format. Every other finding is in
/// the report.
Result<VerifyReport> verify_directory(FileSystem& fs, const std::string& dir,
                                      const VerifyProgress& progress = {});

void print_report(const VerifyReport& report, const std::string& dir, bool json, std::ostream& out);

}  // namespace kv::tools

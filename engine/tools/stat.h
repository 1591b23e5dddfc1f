// `kvtool stat`: what a data directory holds, by its MANIFEST, its files and what its tables say of
// themselves, in a page.
// Caller: main.cc. Thread rule: a plain function.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>

#include "kv/file_system.h"
#include "kv/status.h"

namespace kv::tools {

/// Prints levels, tables, bytes, codecs, seqnos and log segments of `dir`; read-only. "content" is
/// what data blocks hold before compression; a table that cannot be opened is counted as unreadable
/// and adds nothing to it. kInvalidArgument: not a data directory; else what kept the MANIFEST from
/// being read.
Status stat_directory(FileSystem& fs, const std::string& dir, bool json, std::ostream& out);

}  // namespace kv::tools

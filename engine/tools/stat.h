// `kvtool stat`: what a data directory holds, by its MANIFEST and its files, in a page.
// Caller: main.cc. Thread rule: a plain function.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>

#include "kv/file_system.h"
#include "kv/status.h"

namespace kv::tools {

/// Prints levels, tables, bytes, seqnos and log segments of `dir`; read-only. kInvalidArgument: not
/// a data directory; else what kept the MANIFEST from being read.
Status stat_directory(FileSystem& fs, const std::string& dir, bool json, std::ostream& out);

}  // namespace kv::tools

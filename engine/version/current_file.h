// CURRENT: the one line that names the MANIFEST in force (engine/docs/manifest_format.md).
//   kvd 1 MANIFEST-000001 <XXH3-64 of the text before, 16 hex digits>\n
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "kv/file_system.h"
#include "kv/result.h"

namespace kv {

inline constexpr uint32_t kDirectoryFormatVersion = 1;

std::string encode_current(uint64_t manifest_number);
/// kCorruption or, for a newer directory format, kUnsupported; `path` is for the message.
Result<uint64_t> decode_current(Bytes text, const std::string& path);

/// kNotFound when there is none.
Result<uint64_t> read_current(FileSystem& fs, const std::string& dir);
/// Publishes a MANIFEST that is durable already, in two steps. The first writes a temporary file
/// and syncs it: after a failure CURRENT surely names what it named before.
Status prepare_current(FileSystem& fs, const std::string& dir, uint64_t manifest_number);
/// The second renames it and syncs the directory. After a failure CURRENT may name the old or the
/// new one.
Status install_current(FileSystem& fs, const std::string& dir);

}  // namespace kv

// The names of the files in a data directory: 000001.wal, 000001.sst, MANIFEST-000001, CURRENT.
// Log segments count on their own; tables and MANIFESTs share one counter. Numbers have at least
// six digits.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kv {

inline constexpr std::string_view kCurrentFileName = "CURRENT";
inline constexpr std::string_view kCurrentTempFileName = "CURRENT.tmp";
inline constexpr std::string_view kLockFileName = "LOCK";
inline constexpr std::string_view kLostDirName = "lost";

enum class FileKind : uint8_t { kUnknown, kLogSegment, kTable, kManifest, kCurrent, kLock };

struct FileName {
    FileKind kind = FileKind::kUnknown;
    uint64_t number = 0;  ///< 0 for kinds without one.
};

std::string log_segment_name(uint64_t number);
/// Of a segment that will replace the one of that number: its records, written anew.
std::string log_segment_temp_name(uint64_t number);
std::string table_file_name(uint64_t number);
std::string manifest_file_name(uint64_t number);

/// kUnknown for temporary files, and anything that the functions above would not write exactly so.
FileName parse_file_name(std::string_view name);
/// CURRENT.tmp, 000001.wal.tmp: what a process that died left half done. Nothing in it counts.
bool is_temp_file_name(std::string_view name);

}  // namespace kv

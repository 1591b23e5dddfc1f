// File names of a data directory: record/file_names.h.
// SPDX-License-Identifier: Apache-2.0
#include "record/file_names.h"

#include <charconv>

namespace kv {

namespace {

constexpr size_t kMinDigits = 6;
constexpr std::string_view kManifestPrefix = "MANIFEST-";
constexpr std::string_view kSegmentSuffix = ".wal";
constexpr std::string_view kTableSuffix = ".sst";
constexpr std::string_view kTempSuffix = ".tmp";

std::string padded(uint64_t number) {
    std::string digits = std::to_string(number);
    if (digits.size() < kMinDigits) digits.insert(0, kMinDigits - digits.size(), '0');
    return digits;
}

FileName numbered(FileKind kind, std::string_view digits) {
    uint64_t number = 0;
    const char* end = digits.data() + digits.size();
    const auto [p, error] = std::from_chars(digits.data(), end, number);
    if (error != std::errc() || p != end || number == 0 || padded(number) != digits) return {};
    return {kind, number};
}

}  // namespace

std::string log_segment_name(uint64_t number) { return padded(number).append(kSegmentSuffix); }
std::string log_segment_temp_name(uint64_t number) {
    return log_segment_name(number).append(kTempSuffix);
}
std::string table_file_name(uint64_t number) { return padded(number).append(kTableSuffix); }
std::string manifest_file_name(uint64_t number) {
    return std::string(kManifestPrefix).append(padded(number));
}

FileName parse_file_name(std::string_view name) {
    if (name == kCurrentFileName) return {FileKind::kCurrent, 0};
    if (name == kLockFileName) return {FileKind::kLock, 0};
    if (name.starts_with(kManifestPrefix)) {
        return numbered(FileKind::kManifest, name.substr(kManifestPrefix.size()));
    }
    if (name.ends_with(kSegmentSuffix)) {
        name.remove_suffix(kSegmentSuffix.size());
        return numbered(FileKind::kLogSegment, name);
    }
    if (name.ends_with(kTableSuffix)) {
        name.remove_suffix(kTableSuffix.size());
        return numbered(FileKind::kTable, name);
    }
    return {};
}

bool is_temp_file_name(std::string_view name) {
    if (!name.ends_with(kTempSuffix)) return false;
    name.remove_suffix(kTempSuffix.size());
    const FileKind kind = parse_file_name(name).kind;
    return kind == FileKind::kCurrent || kind == FileKind::kLogSegment;
}

}  // namespace kv

// Reading and replacing CURRENT: version/current_file.h.
// SPDX-License-Identifier: Apache-2.0
#include "version/current_file.h"

#include <charconv>
#include <cinttypes>
#include <cstdio>

#include "base/hash.h"
#include "record/damage_advice.h"
#include "record/file_names.h"

namespace kv {

namespace {

constexpr std::string_view kMagic = "kvd ";
constexpr size_t kChecksumDigits = 16;
constexpr uint64_t kMaxCurrentBytes = 4096;

std::string checksum_digits(Bytes text) {
    char digits[kChecksumDigits + 1];
    std::snprintf(digits, sizeof digits, "%016" PRIx64, hash64(text));
    return digits;
}

Status damaged(const std::string& path, const std::string& what, Bytes text) {
    return Status::corruption(path + ": " + what + "; found \"" + escape_bytes(text, 80) +
                              "\", expected one line such as \"kvd 1 MANIFEST-000001 CHECKSUM\"" +
                              kStoreAdvice);
}

}  // namespace

std::string encode_current(uint64_t manifest_number) {
    std::string text = "kvd " + std::to_string(kDirectoryFormatVersion) + " " +
                       manifest_file_name(manifest_number) + " ";
    return text + checksum_digits(text) + "\n";
}

Result<uint64_t> decode_current(Bytes text, const std::string& path) {
    if (!text.starts_with(kMagic)) return damaged(path, "does not start with \"kvd\"", text);
    if (!text.ends_with('\n') || text.size() < kMagic.size() + kChecksumDigits + 1) {
        return damaged(path, "is cut short", text);
    }
    const size_t covered = text.size() - kChecksumDigits - 1;
    if (text.substr(covered, kChecksumDigits) != checksum_digits(text.substr(0, covered))) {
        return damaged(path, "checksum does not match", text);
    }
    const Bytes fields = text.substr(kMagic.size(), covered - kMagic.size());
    uint32_t version = 0;
    const auto [p, error] = std::from_chars(fields.data(), fields.data() + fields.size(), version);
    if (error != std::errc()) return damaged(path, "has no format version", text);
    if (version > kDirectoryFormatVersion) {
        return Status(Code::kUnsupported, path + ": data directory has format version " +
                                              std::to_string(version) +
                                              "; this program knows up to version " +
                                              std::to_string(kDirectoryFormatVersion) +
                                              "; use the newer program that wrote it");
    }
    Bytes name = fields.substr(static_cast<size_t>(p - fields.data()));
    if (name.size() < 2 || name.front() != ' ' || name.back() != ' ') {
        return damaged(path, "has no MANIFEST name", text);
    }
    name = name.substr(1, name.size() - 2);
    const FileName parsed = parse_file_name(name);
    if (parsed.kind != FileKind::kManifest) return damaged(path, "has no MANIFEST name", text);
    return parsed.number;
}

Result<uint64_t> read_current(FileSystem& fs, const std::string& dir) {
    const std::string path = join_path(dir, kCurrentFileName);
    KV_ASSIGN_OR_RETURN(const std::string text, read_whole_file(fs, path, kMaxCurrentBytes));
    return decode_current(text, path);
}

Status prepare_current(FileSystem& fs, const std::string& dir, uint64_t manifest_number) {
    KV_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file,
                        fs.create(join_path(dir, kCurrentTempFileName)));
    KV_RETURN_IF_ERROR(file->write_at(0, encode_current(manifest_number)));
    return file->sync();
}

Status install_current(FileSystem& fs, const std::string& dir) {
    KV_RETURN_IF_ERROR(
        fs.rename(join_path(dir, kCurrentTempFileName), join_path(dir, kCurrentFileName)));
    return fs.sync_dir(dir);
}

}  // namespace kv

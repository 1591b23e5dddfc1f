// The file formats of `kvcli import` and `kvcli export`.
//
// JSON lines: one object a line, {"key":"a","value":"b"}; a key or value that is not valid UTF-8
// is `key_base64` or `value_base64` instead; an entry that expires has `expiry_ms` (Unix epoch).
//
// Binary, all integers little-endian: the 8 bytes "KVDDUMP1"; then for each entry
//   u32 key length | key | u32 value length | value | u64 expiry_ms (0: never)
// and at the end u32 0xFFFFFFFF | u64 number of entries, which tells a whole file from a cut one.
// Stored on disk, never renumber. Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kv/bytes.h"
#include "kv/result.h"

namespace kv::cli {

enum class FileFormat : uint8_t { kJsonLines, kBinary };

/// "jsonl" or "binary"; nullopt for any other word.
std::optional<FileFormat> parse_file_format(std::string_view name);

inline constexpr std::string_view kBinaryMagic = "KVDDUMP1";
inline constexpr uint32_t kBinaryEndMark = 0xFFFFFFFF;

struct Record {
    std::string key;
    std::string value;
    uint64_t expiry_ms = 0;  ///< Unix epoch; 0: never.
};

/// Reads records one after another. The stream stays the caller's.
class RecordReader {
  public:
    virtual ~RecordReader() = default;
    /// False at the end of the input. kInvalidArgument names the line (JSON) or the record and its
    /// byte offset (binary), what was expected and what was found; kIoError: the stream failed.
    virtual Result<bool> next(Record& record) = 0;
    /// Line (JSON lines) or record (binary) that the last next() returned, counted from 1.
    uint64_t position() const { return position_; }
    uint64_t bytes_read() const { return bytes_read_; }

  protected:
    uint64_t position_ = 0;
    uint64_t bytes_read_ = 0;
};

std::unique_ptr<RecordReader> make_record_reader(FileFormat format, std::FILE* in);

/// One JSON line, without its end.
std::string encode_json_line(Bytes key, Bytes value, uint64_t expiry_ms);
/// {"key":"a"}, for listings without values.
std::string encode_json_key(Bytes key);
/// kInvalidArgument says what is wrong with the object, not which line it is.
Status decode_json_line(std::string_view line, Record& record);

/// Bytes to write before the first record, for each record, and after the last one.
std::string encode_header(FileFormat format);
void append_record(FileFormat format, Bytes key, Bytes value, uint64_t expiry_ms, std::string& out);
std::string encode_trailer(FileFormat format, uint64_t record_count);

}  // namespace kv::cli

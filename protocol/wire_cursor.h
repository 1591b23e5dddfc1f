// WireReader and WireWriter: the only way bytes of a body are read and written. The reader cannot
// run over: the first field that does not fit turns it bad, every later read gives zero, and
// finish() says which field it was, at which offset, and what was missing. Little-endian; byte
// strings carry a u32 length. No length is ever computed from two fields.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "kv/bytes.h"
#include "kv/status.h"

namespace kv::protocol {

class WireReader {
  public:
    explicit WireReader(Bytes body) : body_(body) {}

    /// `field` names the field in the error; it must outlive the reader (a literal).
    uint8_t u8(const char* field);
    uint16_t u16(const char* field);
    uint32_t u32(const char* field);
    uint64_t u64(const char* field);
    int64_t i64(const char* field) { return static_cast<int64_t>(u64(field)); }
    /// 0 or 1; anything else is an error.
    bool boolean(const char* field);
    /// A view into the body, at most `max_bytes` long.
    Bytes bytes(const char* field, uint32_t max_bytes = UINT32_MAX);
    /// The length of a list whose items take at least `min_item_bytes` (> 0) each: a count that
    /// cannot fit in what is left, or is above kMaxListItems, is an error here, before anything is
    /// reserved for it.
    uint32_t count(const char* field, uint32_t min_item_bytes);

    /// Turns the reader bad for a value that breaks a rule, unless it is bad already. `rule` is a
    /// literal such as "must be 0".
    void reject(const char* field, const char* rule);

    bool ok() const { return failed_field_ == nullptr; }
    size_t remaining() const { return body_.size() - offset_; }
    size_t offset() const { return offset_; }
    /// Ok when every read fitted and nothing is left over. Otherwise kInvalidArgument: `message` is
    /// what was being read, such as "GET request".
    Status finish(std::string_view message) const;

  private:
    const char* take(const char* field, size_t size);

    Bytes body_;
    size_t offset_ = 0;
    const char* failed_field_ = nullptr;
    const char* failed_rule_ = nullptr;  // null: the field did not fit
    size_t failed_offset_ = 0;
    size_t failed_size_ = 0;
};

class WireWriter {
  public:
    /// Appends to `out`, which must outlive the writer.
    explicit WireWriter(std::string& out) : out_(out) {}

    void u8(uint8_t value) { out_.push_back(static_cast<char>(value)); }
    void u16(uint16_t value);
    void u32(uint32_t value);
    void u64(uint64_t value);
    void i64(int64_t value) { u64(static_cast<uint64_t>(value)); }
    void boolean(bool value) { u8(value ? 1 : 0); }
    /// Requires fewer than 4 GiB.
    void bytes(Bytes value);

  private:
    std::string& out_;
};

}  // namespace kv::protocol

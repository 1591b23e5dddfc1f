// The bounded cursor. Bounds are compared as sizes left, never as sums, so nothing can wrap.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/wire_cursor.h"

#include <cstring>

#include "kv/assert.h"
#include "protocol/limits.h"

namespace kv::protocol {

const char* WireReader::take(const char* field, size_t size) {
    if (!ok()) return nullptr;
    if (size > remaining()) {
        failed_field_ = field;
        failed_offset_ = offset_;
        failed_size_ = size;
        return nullptr;
    }
    const char* at = body_.data() + offset_;
    offset_ += size;
    return at;
}

uint8_t WireReader::u8(const char* field) {
    const char* at = take(field, 1);
    return at != nullptr ? static_cast<uint8_t>(*at) : uint8_t{0};
}

uint16_t WireReader::u16(const char* field) {
    uint16_t value = 0;
    if (const char* at = take(field, sizeof value)) std::memcpy(&value, at, sizeof value);
    return value;
}

uint32_t WireReader::u32(const char* field) {
    uint32_t value = 0;
    if (const char* at = take(field, sizeof value)) std::memcpy(&value, at, sizeof value);
    return value;
}

uint64_t WireReader::u64(const char* field) {
    uint64_t value = 0;
    if (const char* at = take(field, sizeof value)) std::memcpy(&value, at, sizeof value);
    return value;
}

bool WireReader::boolean(const char* field) {
    const uint8_t value = u8(field);
    if (value > 1) reject(field, "must be 0 or 1");
    return value == 1;
}

Bytes WireReader::bytes(const char* field, uint32_t max_bytes) {
    const uint32_t size = u32(field);
    if (size > max_bytes) reject(field, "is longer than allowed");
    const char* at = take(field, size);
    return at != nullptr ? Bytes(at, size) : Bytes();
}

uint32_t WireReader::count(const char* field, uint32_t min_item_bytes) {
    KV_ASSERT(min_item_bytes > 0);
    const uint32_t items = u32(field);
    if (items > kMaxListItems) reject(field, "has more items than allowed");
    if (items > remaining() / min_item_bytes) reject(field, "counts more than the body holds");
    return ok() ? items : 0;
}

void WireReader::reject(const char* field, const char* rule) {
    if (!ok()) return;
    failed_field_ = field;
    failed_rule_ = rule;
    failed_offset_ = offset_;
}

Status WireReader::finish(std::string_view message) const {
    if (ok() && remaining() == 0) return Status::ok();
    std::string text = "malformed " + std::string(message) + ": ";
    if (ok()) {
        text += std::to_string(remaining()) + " bytes left over after the last field, at offset " +
                std::to_string(offset_);
    } else if (failed_rule_ != nullptr) {
        text += std::string(failed_field_) + " " + failed_rule_ + ", before offset " +
                std::to_string(failed_offset_);
    } else {
        text += std::string(failed_field_) + " at offset " + std::to_string(failed_offset_) +
                " needs " + std::to_string(failed_size_) + " bytes, " +
                std::to_string(remaining()) + " are left";
    }
    return Status::invalid_argument(std::move(text));
}

void WireWriter::u16(uint16_t value) {
    char buffer[sizeof value];
    std::memcpy(buffer, &value, sizeof value);
    out_.append(buffer, sizeof buffer);
}

void WireWriter::u32(uint32_t value) {
    char buffer[sizeof value];
    std::memcpy(buffer, &value, sizeof value);
    out_.append(buffer, sizeof buffer);
}

void WireWriter::u64(uint64_t value) {
    char buffer[sizeof value];
    std::memcpy(buffer, &value, sizeof value);
    out_.append(buffer, sizeof buffer);
}

void WireWriter::bytes(Bytes value) {
    KV_ASSERT(value.size() <= UINT32_MAX);
    u32(static_cast<uint32_t>(value.size()));
    out_.append(value);
}

}  // namespace kv::protocol

// Fixed-width and variable-length integers, as every on-disk format of the engine stores them:
// little-endian; varints carry 7 bits a byte, low group first. ByteReader never runs over its end.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>

#include "kv/bytes.h"

namespace kv {

static_assert(std::endian::native == std::endian::little, "formats are stored little-endian as is");

inline uint32_t load_fixed32(const char* p) {
    uint32_t v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
inline uint64_t load_fixed64(const char* p) {
    uint64_t v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
inline void store_fixed32(char* p, uint32_t v) { std::memcpy(p, &v, sizeof v); }
inline void store_fixed64(char* p, uint64_t v) { std::memcpy(p, &v, sizeof v); }

inline void put_fixed32(std::string& out, uint32_t v) {
    out.append(reinterpret_cast<const char*>(&v), sizeof v);
}
inline void put_fixed64(std::string& out, uint64_t v) {
    out.append(reinterpret_cast<const char*>(&v), sizeof v);
}
inline void put_varint64(std::string& out, uint64_t v) {
    while (v >= 0x80) {
        out.push_back(static_cast<char>(v | 0x80));
        v >>= 7;
    }
    out.push_back(static_cast<char>(v));
}
/// How many bytes put_varint64 appends.
inline size_t varint_bytes(uint64_t v) {
    return (static_cast<size_t>(std::bit_width(v | 1)) + 6) / 7;
}
inline void put_varint32(std::string& out, uint32_t v) { put_varint64(out, v); }
/// varint length, then the bytes.
inline void put_length_prefixed(std::string& out, Bytes bytes) {
    put_varint64(out, bytes.size());
    out.append(bytes);
}

/// Reads a varint from [p, end): the position after it, or null when it is truncated or too long.
inline const char* parse_varint64(const char* p, const char* end, uint64_t& v) {
    v = 0;
    for (unsigned shift = 0; shift <= 63 && p < end; shift += 7) {
        const auto byte = static_cast<uint8_t>(*p++);
        v |= static_cast<uint64_t>(byte & 0x7F) << shift;
        if (byte < 0x80) return shift == 63 && byte > 1 ? nullptr : p;
    }
    return nullptr;
}
inline const char* parse_varint32(const char* p, const char* end, uint32_t& v) {
    uint64_t wide;
    p = parse_varint64(p, end, wide);
    if (p == nullptr || wide > UINT32_MAX) return nullptr;
    v = static_cast<uint32_t>(wide);
    return p;
}

/// A bounded cursor. Every read says whether there was enough; after a failed one the position is
/// unspecified and the caller gives up.
class ByteReader {
  public:
    explicit ByteReader(Bytes bytes)
        : begin_(bytes.data()), p_(begin_), end_(begin_ + bytes.size()) {}

    bool read_u8(uint8_t& v) {
        if (p_ == end_) return false;
        v = static_cast<uint8_t>(*p_++);
        return true;
    }
    bool read_fixed32(uint32_t& v) {
        if (remaining() < sizeof v) return false;
        v = load_fixed32(p_);
        p_ += sizeof v;
        return true;
    }
    bool read_fixed64(uint64_t& v) {
        if (remaining() < sizeof v) return false;
        v = load_fixed64(p_);
        p_ += sizeof v;
        return true;
    }
    bool read_varint32(uint32_t& v) {
        p_ = parse_varint32(p_, end_, v);
        return keep();
    }
    bool read_varint64(uint64_t& v) {
        p_ = parse_varint64(p_, end_, v);
        return keep();
    }
    bool read_bytes(size_t length, Bytes& v) {
        if (remaining() < length) return false;
        v = Bytes(p_, length);
        p_ += length;
        return true;
    }
    bool read_length_prefixed(Bytes& v) {
        uint64_t length;
        return read_varint64(length) && read_bytes(length, v);
    }
    size_t remaining() const { return static_cast<size_t>(end_ - p_); }
    size_t offset() const { return static_cast<size_t>(p_ - begin_); }
    bool at_end() const { return p_ == end_; }

  private:
    bool keep() {
        if (p_ != nullptr) return true;
        p_ = end_;
        return false;
    }

    const char* begin_;
    const char* p_;
    const char* end_;
};

}  // namespace kv

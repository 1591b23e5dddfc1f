// Internal keys: what memtables and tables order. An internal key is the user key followed by an
// 8-byte big-endian trailer ~(seqno << 8 | kind), so that plain byte order of the trailer puts
// newer entries first. Order: user key ascending, then trailer ascending.
//
// Values: kPut stores the user's bytes; kPutWithExpiry stores an 8-byte little-endian expiry (Unix
// milliseconds) before them; kDelete stores none.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "kv/bytes.h"
#include "kv/types.h"

namespace kv {

enum class Kind : uint8_t {  // stored on disk, never renumber
    kPut = 1,
    kDelete = 2,
    kRangeDelete = 3,  // never among the entries of a memtable or a table: see range_tombstones.h
    kPutWithExpiry = 4,
    kMerge = 5,           // reserved
    kValueReference = 6,  // reserved
};

inline constexpr size_t kTrailerBytes = 8;
inline constexpr size_t kExpiryBytes = 8;

/// True for the kinds of entries that this version reads; any other is corruption, never skipped.
constexpr bool is_known_kind(uint8_t kind) {
    return kind == static_cast<uint8_t>(Kind::kPut) ||
           kind == static_cast<uint8_t>(Kind::kDelete) ||
           kind == static_cast<uint8_t>(Kind::kPutWithExpiry);
}

/// The same for the operations of a logged batch.
constexpr bool is_logged_kind(uint8_t kind) {
    return is_known_kind(kind) || kind == static_cast<uint8_t>(Kind::kRangeDelete);
}

constexpr uint64_t pack_trailer(Seqno seqno, Kind kind) {
    return ~(seqno << 8 | static_cast<uint64_t>(kind));
}
constexpr Seqno trailer_seqno(uint64_t trailer) { return ~trailer >> 8; }
constexpr Kind trailer_kind(uint64_t trailer) { return static_cast<Kind>(~trailer & 0xFF); }

inline uint64_t load_big_endian64(const char* p) {
    uint64_t v;
    std::memcpy(&v, p, sizeof v);
    return __builtin_bswap64(v);
}
inline void store_big_endian64(char* p, uint64_t v) {
    v = __builtin_bswap64(v);
    std::memcpy(p, &v, sizeof v);
}

/// Parts of an internal key of at least kTrailerBytes.
inline Bytes user_key_of(Bytes internal_key) {
    return internal_key.substr(0, internal_key.size() - kTrailerBytes);
}
inline uint64_t trailer_of(Bytes internal_key) {
    return load_big_endian64(internal_key.data() + internal_key.size() - kTrailerBytes);
}

inline void append_internal_key(std::string& out, Bytes user_key, uint64_t trailer) {
    char buffer[kTrailerBytes];
    store_big_endian64(buffer, trailer);
    out.append(user_key);
    out.append(buffer, kTrailerBytes);
}
inline std::string make_internal_key(Bytes user_key, Seqno seqno, Kind kind) {
    std::string key;
    key.reserve(user_key.size() + kTrailerBytes);
    append_internal_key(key, user_key, pack_trailer(seqno, kind));
    return key;
}
/// At or before the trailers of all entries with a seqno <= `seqno`, after those of newer ones:
/// kind 0xFF sorts first among equal seqnos.
constexpr uint64_t first_trailer_at(Seqno seqno) {
    return pack_trailer(seqno, static_cast<Kind>(0xFF));
}
/// Where a read of `user_key` at `seqno` begins.
inline std::string make_seek_key(Bytes user_key, Seqno seqno) {
    return make_internal_key(user_key, seqno, static_cast<Kind>(0xFF));
}

/// <0, 0, >0 in internal-key order. Both keys are at least kTrailerBytes long.
inline int compare_internal_keys(Bytes a, Bytes b) {
    const int by_user_key = user_key_of(a).compare(user_key_of(b));
    if (by_user_key != 0) return by_user_key;
    const uint64_t ta = trailer_of(a), tb = trailer_of(b);
    return ta < tb ? -1 : ta > tb ? 1 : 0;
}

}  // namespace kv

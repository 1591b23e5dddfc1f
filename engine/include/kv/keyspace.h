// Keyspace: one of many separate sets of keys in one store: a short prefix that its keys carry, so
// that emptying one is a range delete and a walk is bounded by it.
//
// How keys are stored, in the order of bytes (engine/docs/keyspaces.md):
//   the default keyspace   the key itself; FF 00 and the rest where its first byte is FF
//   keyspace N             FF 01, N as four bytes, big-endian, and the key
//   the catalog            FF 02 and a name, with N as its value (kv/keyspace_catalog.h)
// So a store without other keyspaces looks as it always did, and each keyspace is one range.
// Thread rule: a plain value.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kv/bytes.h"

namespace kv {

class Keyspace {
  public:
    /// The default keyspace.
    constexpr Keyspace() = default;
    /// Keyspace `id`; 0 is the default one.
    constexpr explicit Keyspace(uint32_t id) : id_(id) {}

    constexpr uint32_t id() const { return id_; }
    constexpr bool is_default() const { return id_ == 0; }
    friend constexpr bool operator==(const Keyspace&, const Keyspace&) = default;

    /// What its keys are longer by when stored, at most.
    static constexpr size_t kMaxPrefixBytes = 6;
    /// Behind every key of every keyspace: the catalog begins here.
    static constexpr Bytes kCatalogPrefix{"\xFF\x02", 2};

    /// By how much `key` is longer when stored.
    constexpr size_t extra_bytes(Bytes key) const {
        if (id_ != 0) return kMaxPrefixBytes;
        return !key.empty() && key.front() == '\xFF' ? 1 : 0;
    }
    /// The key as it is stored: `key` itself where that is the same, else built in `scratch`, which
    /// must not hold `key`.
    Bytes stored(Bytes key, std::string& scratch) const {
        if (id_ == 0 && (key.empty() || key.front() != '\xFF')) [[likely]]
            return key;
        return build(key, scratch);
    }
    /// The user's key in a stored one, which must be of this keyspace: a view into it, but for a
    /// default key that began with FF, which is built in `scratch`.
    Bytes user_key(Bytes stored, std::string& scratch) const;

    /// All its keys lie in [first(), end()).
    std::string first() const;
    std::string end() const;

  private:
    Bytes build(Bytes key, std::string& scratch) const;

    uint32_t id_ = 0;
};

}  // namespace kv

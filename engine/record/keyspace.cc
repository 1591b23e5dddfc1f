// How keys of keyspaces are stored: see kv/keyspace.h and engine/docs/keyspaces.md.
// SPDX-License-Identifier: Apache-2.0
#include "kv/keyspace.h"

#include "kv/assert.h"

namespace kv {
namespace {

constexpr size_t kEscapeBytes = 2;
constexpr size_t kIdOffset = 2;
static_assert(kIdOffset + sizeof(uint32_t) == Keyspace::kMaxPrefixBytes,
              "the prefix of a keyspace is FF 01 and its number");

// Stored on disk, never renumber. The order of these bytes is the order of the keyspaces.
constexpr char kMark = '\xFF';
constexpr char kEscaped = '\x00';
constexpr char kNumbered = '\x01';

// Where keyspace `id` begins. Big-endian, so that keyspaces follow each other by number.
void append_prefix(uint32_t id, std::string& out) {
    const char prefix[] = {kMark,
                           kNumbered,
                           static_cast<char>(id >> 24),
                           static_cast<char>(id >> 16),
                           static_cast<char>(id >> 8),
                           static_cast<char>(id)};
    out.append(prefix, sizeof prefix);
}

}  // namespace

Bytes Keyspace::build(Bytes key, std::string& scratch) const {
    scratch.clear();
    scratch.reserve(key.size() + kMaxPrefixBytes);
    if (is_default()) {
        scratch.push_back(kMark);
        scratch.push_back(kEscaped);
        key.remove_prefix(1);
    } else {
        append_prefix(id_, scratch);
    }
    scratch.append(key);
    return scratch;
}

Bytes Keyspace::user_key(Bytes stored, std::string& scratch) const {
    if (!is_default()) {
        KV_ASSERT(stored.size() >= kMaxPrefixBytes && stored[0] == kMark && stored[1] == kNumbered);
        return stored.substr(kMaxPrefixBytes);
    }
    if (stored.empty() || stored.front() != kMark) return stored;
    KV_ASSERT(stored.size() >= kEscapeBytes && stored[1] == kEscaped);
    scratch.assign(1, kMark);
    scratch.append(stored.substr(kEscapeBytes));
    return scratch;
}

std::string Keyspace::first() const {
    std::string key;
    if (!is_default()) append_prefix(id_, key);
    return key;
}

std::string Keyspace::end() const {
    if (is_default()) return {kMark, kNumbered};
    if (id_ == UINT32_MAX) return std::string(kCatalogPrefix);
    return Keyspace(id_ + 1).first();
}

}  // namespace kv

// See stored_keys.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/stored_keys.h"

#include <algorithm>
#include <utility>

namespace kv::server {
namespace {

std::string stored_copy(const Keyspace& space, Bytes key) {
    std::string scratch;
    return std::string(space.stored(key, scratch));
}

}  // namespace

ScanOptions scan_options(const Keyspace& space, const protocol::KeyRange& range,
                         SnapshotPtr snapshot) {
    ScanOptions options;
    options.snapshot = std::move(snapshot);
    if (!range.lower.empty()) {
        options.lower = stored_copy(space, range.lower);
    } else if (!space.is_default()) {
        options.lower = space.first();
    }
    options.upper = range.upper.empty() ? space.end() : stored_copy(space, range.upper);
    if (!range.prefix.empty()) options.prefix = stored_copy(space, range.prefix);
    return options;
}

Refusal check_range(const Keyspace& space, const protocol::KeyRange& range) {
    const std::pair<const char*, Bytes> parts[] = {
        {"lower bound", range.lower}, {"upper bound", range.upper}, {"prefix", range.prefix}};
    for (const auto& [name, part] : parts) {
        const size_t limit = kMaxKeyBytes + 1 - space.extra_bytes(part);
        if (part.size() <= limit) continue;
        return {protocol::WireStatus::kTooLarge,
                std::string(name) + " of " + std::to_string(part.size()) + " bytes; the limit is " +
                    std::to_string(limit) + ", which is the largest key and one byte: shorten it"};
    }
    return {};
}

std::pair<std::string, std::string> stored_range(const Keyspace& space, std::optional<Bytes> lower,
                                                 std::optional<Bytes> upper, Bytes prefix) {
    std::string first = lower ? stored_copy(space, *lower) : space.first();
    std::string end = upper ? stored_copy(space, *upper) : space.end();
    if (!prefix.empty()) {
        const std::string stored = stored_copy(space, prefix);
        first = std::max(first, stored);
        // None: behind the prefix there is nothing at all.
        if (const std::string behind = prefix_successor(stored); !behind.empty())
            end = std::min(end, behind);
    }
    return {std::move(first), std::move(end)};
}

std::pair<std::string, std::string> stored_range(const Keyspace& space,
                                                 const protocol::KeyRange& range) {
    const auto bound = [](Bytes key) {
        return key.empty() ? std::nullopt : std::optional<Bytes>(key);
    };
    return stored_range(space, bound(range.lower), bound(range.upper), range.prefix);
}

void StoredKeys::map(const Keyspace& space, std::vector<Bytes>& keys) {
    std::string scratch;
    for (Bytes& key : keys) {
        const Bytes stored = space.stored(key, scratch);
        if (stored.data() == key.data()) continue;
        built_.push_back(std::move(scratch));
        scratch.clear();
        key = built_.back();
    }
}

Status for_user(const Keyspace& space, const Status& status) {
    // Messages name keys escaped, behind a quote.
    const std::string stored = '"' + (space.is_default() ? escape_bytes(Bytes("\xFF\x00", 2))
                                                         : escape_bytes(space.first()));
    const std::string sent = space.is_default() ? "\"" + escape_bytes("\xFF") : "\"";
    std::string message(status.message());
    const size_t at = message.find(stored);
    if (at == std::string::npos) return status;
    message.replace(at, stored.size(), sent);
    return {status.code(), std::move(message), status.detail()};
}

}  // namespace kv::server

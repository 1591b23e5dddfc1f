// See storable.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands/storable.h"

#include <algorithm>
#include <string>

#include "server/shared_state.h"

namespace kv::server {
namespace {

// Redis's default for proto-max-bulk-len.
constexpr uint64_t kMaxBulkBytes = 512ULL << 20;

void answer_too_long(const DataContext& context, std::string_view what, size_t bytes,
                     size_t limit) {
    context.reply.error("ERR " + std::string(what) + " of " + std::to_string(bytes) +
                        " bytes is over the limit of " + std::to_string(limit));
}

}  // namespace

bool key_fits(const Options& limits, Keyspace space, Bytes key) {
    return !key.empty() && key.size() + space.extra_bytes(key) <= limits.max_key_bytes;
}

bool may_be_stored(const DataContext& context, Bytes key) {
    return key_fits(context.shared.config.engine, context.space, key);
}

Result<std::optional<Entry>> find_entry(const DataContext& context, Bytes key) {
    if (!may_be_stored(context, key)) return std::optional<Entry>();
    return context.get(key);
}

Result<std::optional<EntryHead>> find_head(const DataContext& context, Bytes key) {
    if (!may_be_stored(context, key)) return std::optional<EntryHead>();
    return context.view.get_head(context.space, key);
}

void answer_value(const DataContext& context, std::optional<Entry>& found) {
    if (found)
        context.reply.take_bulk(found->value);
    else
        context.reply.null();
}

bool may_store(const DataContext& context, Keyspace space, Bytes key) {
    const Options& limits = context.shared.config.engine;
    if (key_fits(limits, space, key)) return true;
    if (key.empty()) {
        context.reply.error("ERR a key must have at least one byte");
    } else {
        const size_t extra = space.extra_bytes(key);
        const size_t limit = limits.max_key_bytes - std::min<size_t>(extra, limits.max_key_bytes);
        answer_too_long(context, "key", key.size(), limit);
    }
    return false;
}

bool may_store(const DataContext& context, Bytes key) {
    return may_store(context, context.space, key);
}

bool may_store(const DataContext& context, Bytes key, size_t value_bytes) {
    if (!may_store(context, key)) return false;
    const size_t limit = context.shared.config.engine.max_value_bytes;
    if (value_bytes <= limit) return true;
    answer_too_long(context, "value", value_bytes, limit);
    return false;
}

bool may_store_grown(const DataContext& context, Bytes key, uint64_t size, uint64_t more) {
    if (size > kMaxBulkBytes || more > kMaxBulkBytes - size) {
        context.reply.error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
        return false;
    }
    return may_store(context, key, size + more);
}

}  // namespace kv::server

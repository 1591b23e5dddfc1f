// See storable.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands/storable.h"

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

size_t max_key_bytes(const DataContext& context) {
    return context.shared.config.engine.max_key_bytes - Keyspace::kMaxPrefixBytes;
}

bool may_be_stored(const DataContext& context, Bytes key) {
    return !key.empty() && key.size() <= max_key_bytes(context);
}

Result<std::optional<Entry>> find_entry(const DataContext& context, Bytes key) {
    if (!may_be_stored(context, key)) return std::optional<Entry>();
    return context.get(key);
}

void answer_value(const DataContext& context, std::optional<Entry>& found) {
    if (found)
        context.reply.take_bulk(found->value);
    else
        context.reply.null();
}

bool may_store(const DataContext& context, Bytes key) {
    if (key.empty()) {
        context.reply.error("ERR a key must have at least one byte");
        return false;
    }
    if (const size_t limit = max_key_bytes(context); key.size() > limit) {
        answer_too_long(context, "key", key.size(), limit);
        return false;
    }
    return true;
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

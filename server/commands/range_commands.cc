// GETRANGE, SUBSTR, SETRANGE: parts of values. Declared in data_handlers.h.
// Thread rule: the thread that runs the command.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include "server/commands/argument_words.h"
#include "server/commands/data_handlers.h"
#include "server/commands/number_text.h"
#include "server/commands/storable.h"

namespace kv::server {
namespace {

/// The bytes from `first` to `last`, both included; negative ones count from the end.
Bytes part_of(Bytes value, int64_t first, int64_t last) {
    const auto size = static_cast<int64_t>(value.size());
    if (first < 0 && last < 0 && first > last) return {};
    if (first < 0) first = std::max<int64_t>(first + size, 0);
    if (last < 0) last = std::max<int64_t>(last + size, 0);
    last = std::min(last, size - 1);
    if (first > last) return {};
    return value.substr(static_cast<size_t>(first), static_cast<size_t>(last - first + 1));
}

/// Whether a part is sent from the memory of the value: it is large, and most of what is there.
bool is_worth_taking(Bytes part, const std::string& value) {
    return part.size() >= protocol::resp::Reply::kLargeBytes && part.size() >= value.capacity() / 2;
}

}  // namespace

Status cmd_getrange(DataContext& context) {
    const auto first = parse_integer(context.arg(2));
    const auto last = parse_integer(context.arg(3));
    if (!first || !last) {
        context.reply.error(kNotAnInteger);
        return Status::ok();
    }
    KV_ASSIGN_OR_RETURN(auto found, find_entry(context, context.arg(1)));
    const Bytes part = found ? part_of(found->value, *first, *last) : Bytes();
    if (found && is_worth_taking(part, found->value)) {
        const auto begin = static_cast<size_t>(part.data() - found->value.data());
        found->value.resize(begin + part.size());
        found->value.erase(0, begin);
        context.reply.take_bulk(found->value);
    } else {
        context.reply.bulk(part);
    }
    return Status::ok();
}

Status cmd_substr(DataContext& context) { return cmd_getrange(context); }

Status cmd_setrange(DataContext& context) {
    const Bytes key = context.arg(1);
    const Bytes part = context.arg(3);
    const auto offset = parse_integer(context.arg(2));
    if (!offset || *offset < 0) {
        context.reply.error(offset ? "ERR offset is out of range" : kNotAnInteger);
        return Status::ok();
    }
    KV_ASSIGN_OR_RETURN(auto found, find_entry(context, key));
    Entry entry = found ? std::move(*found) : Entry{};
    if (!part.empty()) {
        const auto at = static_cast<uint64_t>(*offset);
        if (!may_store_grown(context, key, at, part.size())) return Status::ok();
        if (entry.value.size() < at + part.size()) entry.value.resize(at + part.size());
        entry.value.replace(at, part.size(), part);
        context.put(key, entry.value, entry.expiry_ms);
    }
    context.reply.integer(static_cast<int64_t>(entry.value.size()));
    return Status::ok();
}

}  // namespace kv::server

// GET, GETSET, GETDEL, MGET, MSET, MSETNX, APPEND, STRLEN: whole values. Declared in
// data_handlers.h. Thread rule: the thread that runs the command.
// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "server/commands/answer_limit.h"
#include "server/commands/argument_words.h"
#include "server/commands/data_handlers.h"
#include "server/commands/storable.h"

namespace kv::server {
namespace {

constexpr size_t kLargestKeptBytes = 1U << 20;

/// The keys and values of MSET and MSETNX. False: an error has been answered.
bool may_store_pairs(const DataContext& context, std::string_view command) {
    if (context.size() % 2 == 0) {
        context.reply.error("ERR wrong number of arguments for '" + std::string(command) +
                            "' command");
        return false;
    }
    for (size_t i = 1; i < context.size(); i += 2) {
        if (!may_store(context, context.arg(i), context.arg(i + 1).size())) return false;
    }
    return true;
}

void put_pairs(const DataContext& context) {
    for (size_t i = 1; i < context.size(); i += 2) context.put(context.arg(i), context.arg(i + 1));
}

}  // namespace

Status cmd_get(DataContext& context) {
    // Kept for its memory, so that a GET of a small value allocates nothing.
    thread_local Entry entry;
    const Bytes key = context.arg(1);
    bool found = false;
    if (may_be_stored(context, key)) {
        KV_ASSIGN_OR_RETURN(found, context.view.get_into(context.space, key, entry));
    }
    found ? context.reply.take_bulk(entry.value) : context.reply.null();
    if (entry.value.capacity() > kLargestKeptBytes) std::string().swap(entry.value);
    return Status::ok();
}

Status cmd_getset(DataContext& context) {
    const Bytes key = context.arg(1);
    if (!may_store(context, key, context.arg(2).size())) return Status::ok();
    KV_ASSIGN_OR_RETURN(auto found, find_entry(context, key));
    answer_value(context, found);
    context.put(key, context.arg(2));
    return Status::ok();
}

Status cmd_getdel(DataContext& context) {
    KV_ASSIGN_OR_RETURN(auto found, find_entry(context, context.arg(1)));
    answer_value(context, found);
    if (found) context.del(context.arg(1));
    return Status::ok();
}

Status cmd_mget(DataContext& context) {
    context.reply.array(context.size() - 1);
    size_t bytes = 0;
    for (size_t i = 1; i < context.size(); ++i) {
        KV_ASSIGN_OR_RETURN(auto found, find_entry(context, context.arg(i)));
        if (found) bytes += found->value.size();
        if (bytes > kMaxAnswerBytes) {
            return Status::invalid_argument(over_answer_limit("the answer to MGET is") +
                                            ": ask for fewer keys at once");
        }
        answer_value(context, found);
    }
    return Status::ok();
}

Status cmd_mset(DataContext& context) {
    if (!may_store_pairs(context, "mset")) return Status::ok();
    put_pairs(context);
    context.reply.ok();
    return Status::ok();
}

Status cmd_msetnx(DataContext& context) {
    if (!may_store_pairs(context, "msetnx")) return Status::ok();
    for (size_t i = 1; i < context.size(); i += 2) {
        KV_ASSIGN_OR_RETURN(const auto found, find_head(context, context.arg(i)));
        if (!found) continue;
        context.reply.integer(0);
        return Status::ok();
    }
    put_pairs(context);
    context.reply.integer(1);
    return Status::ok();
}

Status cmd_append(DataContext& context) {
    const Bytes key = context.arg(1);
    const Bytes more = context.arg(2);
    KV_ASSIGN_OR_RETURN(auto found, find_entry(context, key));
    Entry entry = found ? std::move(*found) : Entry{};
    if (!may_store_grown(context, key, entry.value.size(), more.size())) return Status::ok();
    entry.value.append(more);
    context.put(key, entry.value, entry.expiry_ms);
    context.reply.integer(static_cast<int64_t>(entry.value.size()));
    return Status::ok();
}

Status cmd_strlen(DataContext& context) {
    KV_ASSIGN_OR_RETURN(const auto found, find_head(context, context.arg(1)));
    context.reply.integer(found ? static_cast<int64_t>(found->value_bytes) : 0);
    return Status::ok();
}

}  // namespace kv::server

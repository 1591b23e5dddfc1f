// RANDOMKEY, DBSIZE, FLUSHDB, FLUSHALL: databases as a whole. Declared in data_handlers.h.
// Thread rule: the thread that runs the command.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <random>
#include <string>

#include "server/commands/argument_words.h"
#include "server/commands/data_handlers.h"
#include "server/commands/databases.h"
#include "server/commands/walk_answer.h"

namespace kv::server {
namespace {

// Narrowings of RANDOMKEY, two seeks each.
constexpr int kMaxNarrowings = 16;

using Key = std::optional<std::string>;

/// The first key that a walk within `bounds` meets; nullopt without one.
Result<Key> first_met(const DataContext& context, const WalkBounds& bounds) {
    KV_ASSIGN_OR_RETURN(const auto walk, start_walk(context, bounds));
    if (walk->valid()) return Key(walk->key());
    KV_RETURN_IF_ERROR(walk->status());
    return Key();
}

/// From `low` to `high`, both included.
int random_between(int low, int high) {
    thread_local std::minstd_rand random(std::random_device{}());
    return std::uniform_int_distribution<int>(low, high)(random);
}

/// The keys from `first` to `last`, which differ, made fewer: a random value is drawn for the byte
/// in which they part, and what is left are the keys of the first branch that is not before it.
Status narrow(const DataContext& context, Key& first, Key& last) {
    const auto parting = std::mismatch(first->begin(), first->end(), last->begin(), last->end());
    const auto shared = static_cast<size_t>(parting.first - first->begin());
    const auto byte_of = [&](const std::string& key) {
        return key.size() > shared ? static_cast<unsigned char>(key[shared]) : -1;
    };
    const int drawn = random_between(byte_of(*first), byte_of(*last));
    if (drawn < 0) {  // the first key itself, which ends where the others go on
        last = first;
        return Status::ok();
    }
    WalkBounds behind;
    behind.lower = first->substr(0, shared) + static_cast<char>(drawn);
    behind.upper = *last + '\0';
    KV_ASSIGN_OR_RETURN(const Key met, first_met(context, behind));
    if (!met) {  // deleted meanwhile
        last = first;
        return Status::ok();
    }
    WalkBounds branch;
    branch.prefix = met->substr(0, shared + 1);
    branch.reverse = true;
    KV_ASSIGN_OR_RETURN(const Key end, first_met(context, branch));
    first = met;
    last = end && *end > *met ? end : met;
    return Status::ok();
}

void empty(const DataContext& context, Keyspace space) {
    context.view.del_range(space, "", std::nullopt);
}

/// SYNC and ASYNC are the same here: emptying takes constant time. False: the error has been
/// answered.
bool may_flush(const DataContext& context) {
    if (context.size() == 1) return true;
    if (context.size() == 2 &&
        (word_is(context.arg(1), "sync") || word_is(context.arg(1), "async")))
        return true;
    context.reply.error(kSyntaxError);
    return false;
}

}  // namespace

// A walk of seeks down to one key, each time a random byte: all keys are equally likely where their
// bytes are spread evenly, as in numbered keys, and any key may come up everywhere.
Status cmd_randomkey(DataContext& context) {
    WalkBounds whole;
    KV_ASSIGN_OR_RETURN(Key first, first_met(context, whole));
    whole.reverse = true;
    KV_ASSIGN_OR_RETURN(Key last, first_met(context, whole));
    if (!first || !last) {
        context.reply.null();
        return Status::ok();
    }
    for (int i = 0; i < kMaxNarrowings && *first < *last; ++i)
        KV_RETURN_IF_ERROR(narrow(context, first, last));
    context.reply.bulk(random_between(0, 1) == 0 ? *first : *last);
    return Status::ok();
}

Status cmd_dbsize(DataContext& context) {
    uint64_t count = 0;
    bool more = false;
    {
        KV_ASSIGN_OR_RETURN(const auto walk, start_walk(context, {}));
        const uint64_t most = context.view.most_counted();
        for (; walk->valid() && count < most; walk->next()) ++count;
        more = walk->valid();
        if (!more) KV_RETURN_IF_ERROR(walk->status());
    }
    if (more) count = std::max(count + 1, context.view.approximate_count(context.space));
    context.reply.integer(static_cast<int64_t>(count));
    return Status::ok();
}

Status cmd_flushdb(DataContext& context) {
    if (!may_flush(context)) return Status::ok();
    empty(context, context.space);
    context.reply.ok();
    return Status::ok();
}

Status cmd_flushall(DataContext& context) {
    if (!may_flush(context)) return Status::ok();
    for (uint32_t database = 0; database < kDatabases; ++database)
        empty(context, Keyspace(database));
    context.reply.ok();
    return Status::ok();
}

}  // namespace kv::server

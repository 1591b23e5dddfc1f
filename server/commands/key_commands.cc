// DEL, UNLINK, EXISTS, TOUCH, TYPE, RENAME, RENAMENX, COPY: keys, whatever their values. Declared
// in data_handlers.h. Thread rule: the thread that runs the command.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include "server/commands/argument_words.h"
#include "server/commands/data_handlers.h"
#include "server/commands/databases.h"
#include "server/commands/storable.h"

namespace kv::server {
namespace {

/// Calls visit(key, times) for each key with an entry among the arguments, in the order of keys.
/// Each is looked up once, however often it is named: one command may name it a million times.
template <class Visit>
Status visit_present(const DataContext& context, Visit visit) {
    protocol::resp::Args keys(context.args.begin() + 1, context.args.end());
    std::sort(keys.begin(), keys.end());
    for (auto key = keys.begin(); key != keys.end();) {
        const auto behind = std::upper_bound(key, keys.end(), *key);
        KV_ASSIGN_OR_RETURN(const auto found, find_head(context, *key));
        if (found) visit(*key, static_cast<int64_t>(behind - key));
        key = behind;
    }
    return Status::ok();
}

/// How many of the arguments are keys with an entry; one named twice counts twice.
Status answer_present(const DataContext& context) {
    int64_t present = 0;
    KV_RETURN_IF_ERROR(visit_present(context, [&](Bytes, int64_t times) { present += times; }));
    context.reply.integer(present);
    return Status::ok();
}

Status rename(const DataContext& context, bool if_absent) {
    const Bytes from = context.arg(1);
    const Bytes to = context.arg(2);
    KV_ASSIGN_OR_RETURN(const auto source, find_entry(context, from));
    if (!source) {
        context.reply.error(kNoSuchKey);
        return Status::ok();
    }
    if (from != to) {
        if (!may_store(context, to)) return Status::ok();
        bool taken = false;
        if (if_absent) {
            KV_ASSIGN_OR_RETURN(const auto target, find_head(context, to));
            taken = target.has_value();
        }
        if (!taken) {
            context.del(from);
            context.put(to, source->value, source->expiry_ms);
            if_absent ? context.reply.integer(1) : context.reply.ok();
            return Status::ok();
        }
    }
    if_absent ? context.reply.integer(0) : context.reply.ok();
    return Status::ok();
}

struct CopyOptions {
    Keyspace target;
    bool replace = false;
};

/// The database that `text` names. False: the error has been answered.
bool parse_database(const DataContext& context, Bytes text, Keyspace& out) {
    const SelectedDatabase database = read_database(text);
    if (!database.error.empty()) {
        context.reply.error(database.error);
        return false;
    }
    out = Keyspace(database.index);
    return true;
}

/// False: the error has been answered.
bool parse_copy(const DataContext& context, CopyOptions& options) {
    for (size_t i = 3; i < context.size(); ++i) {
        if (word_is(context.arg(i), "replace")) {
            options.replace = true;
        } else if (word_is(context.arg(i), "db") && i + 1 < context.size()) {
            if (!parse_database(context, context.arg(++i), options.target)) return false;
        } else {
            context.reply.error(kSyntaxError);
            return false;
        }
    }
    if (options.target == context.space && context.arg(1) == context.arg(2)) {
        context.reply.error("ERR source and destination objects are the same");
        return false;
    }
    return true;
}

}  // namespace

Status cmd_del(DataContext& context) {
    protocol::resp::Args present;
    KV_RETURN_IF_ERROR(visit_present(context, [&](Bytes key, int64_t) { present.push_back(key); }));
    for (const Bytes key : present) context.del(key);
    context.reply.integer(static_cast<int64_t>(present.size()));
    return Status::ok();
}

Status cmd_unlink(DataContext& context) { return cmd_del(context); }

Status cmd_exists(DataContext& context) { return answer_present(context); }

Status cmd_touch(DataContext& context) { return answer_present(context); }

Status cmd_type(DataContext& context) {
    KV_ASSIGN_OR_RETURN(const auto found, find_head(context, context.arg(1)));
    context.reply.simple(found ? "string" : "none");
    return Status::ok();
}

Status cmd_rename(DataContext& context) { return rename(context, false); }

Status cmd_renamenx(DataContext& context) { return rename(context, true); }

Status cmd_copy(DataContext& context) {
    CopyOptions options;
    options.target = context.space;
    if (!parse_copy(context, options)) return Status::ok();
    const Bytes to = context.arg(2);
    KV_ASSIGN_OR_RETURN(const auto source, find_entry(context, context.arg(1)));
    bool copied = source.has_value();
    if (source) {
        if (!may_store(context, options.target, to)) return Status::ok();
        if (!options.replace) {
            KV_ASSIGN_OR_RETURN(const auto taken, context.view.get_head(options.target, to));
            copied = !taken;
        }
    }
    if (copied) context.view.put(options.target, to, source->value, source->expiry_ms);
    context.reply.integer(copied ? 1 : 0);
    return Status::ok();
}

}  // namespace kv::server

// KV.RANGE, KV.REVRANGE, KV.DELRANGE, KV.DELPREFIX, KV.EXPLAIN: what an ordered store can do and
// Redis cannot. A range is [start, end) in the order of bytes; an empty start or end is no bound.
// Declared in data_handlers.h. Thread rule: the thread that runs the command.
// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <string>

#include "server/commands/argument_words.h"
#include "server/commands/data_handlers.h"
#include "server/commands/explanation_answer.h"
#include "server/commands/number_text.h"
#include "server/commands/storable.h"
#include "server/commands/walk_answer.h"
#include "server/shared_state.h"

namespace kv::server {
namespace {

struct RangeOptions {
    int64_t limit = std::numeric_limits<int64_t>::max();
    bool keys_only = false;
};

/// False: the error has been answered.
bool parse_options(const DataContext& context, RangeOptions& options) {
    for (size_t i = 3; i < context.size(); ++i) {
        if (word_is(context.arg(i), "keysonly")) {
            options.keys_only = true;
        } else if (word_is(context.arg(i), "limit") && i + 1 < context.size()) {
            const auto limit = parse_integer(context.arg(++i));
            if (!limit || *limit < 0) {
                context.reply.error(limit ? "ERR LIMIT must not be negative" : kNotAnInteger);
                return false;
            }
            options.limit = *limit;
        } else {
            context.reply.error(kSyntaxError);
            return false;
        }
    }
    return true;
}

bool is_empty_range(Bytes start, Bytes end) { return !end.empty() && start >= end; }

Status answer_range(const DataContext& context, bool reverse) {
    RangeOptions options;
    if (!parse_options(context, options)) return Status::ok();
    const Bytes start = context.arg(1);
    const Bytes end = context.arg(2);
    WalkAnswer answer(context);
    if (is_empty_range(start, end) || options.limit == 0) {
        answer.finish();
        return Status::ok();
    }
    WalkBounds bounds;
    if (!start.empty()) bounds.lower = start;
    if (!end.empty()) bounds.upper = end;
    bounds.reverse = reverse;
    KV_ASSIGN_OR_RETURN(const auto walk, start_walk(context, bounds));
    for (int64_t left = options.limit; left > 0 && walk->valid(); --left, walk->next()) {
        if (options.keys_only)
            answer.add(walk->key());
        else
            answer.add_pair(walk->key(), walk->value());
        KV_RETURN_IF_ERROR(answer.check_room());
        if (answer.bytes() > kMaxAnswerBytes) {
            context.reply.error(over_answer_limit("ERR the answer is") +
                                ": give a smaller LIMIT and go on behind the last key");
            return Status::ok();
        }
    }
    if (!walk->valid()) KV_RETURN_IF_ERROR(walk->status());
    answer.finish();
    return Status::ok();
}

}  // namespace

Status cmd_kv_range(DataContext& context) { return answer_range(context, false); }

Status cmd_kv_revrange(DataContext& context) { return answer_range(context, true); }

Status cmd_kv_delrange(DataContext& context) {
    const Bytes start = context.arg(1);
    const Bytes end = context.arg(2);
    for (const Bytes bound : {start, end}) {
        if (!bound.empty() && !may_store(context, bound)) return Status::ok();
    }
    if (!is_empty_range(start, end)) {
        context.view.del_range(context.space, start,
                               end.empty() ? std::nullopt : std::optional<Bytes>(end));
    }
    context.reply.ok();
    return Status::ok();
}

Status cmd_kv_delprefix(DataContext& context) {
    const Bytes prefix = context.arg(1);
    if (prefix.empty()) {
        context.reply.error("ERR every key begins with the empty prefix: use FLUSHDB");
        return Status::ok();
    }
    if (!may_store(context, prefix)) return Status::ok();
    const std::string end = prefix_successor(prefix);
    context.view.del_range(context.space, prefix,
                           end.empty() ? std::nullopt : std::optional<Bytes>(end));
    context.reply.ok();
    return Status::ok();
}

Status cmd_kv_explain(DataContext& context) {
    GetExplanation explanation;
    const Bytes key = context.arg(1);
    if (may_be_stored(context, key)) {
        std::string scratch;
        KV_ASSIGN_OR_RETURN(explanation,
                            context.shared.db.explain_get(context.space.stored(key, scratch), {}));
    }
    answer_explanation(explanation, context.reply);
    return Status::ok();
}

}  // namespace kv::server

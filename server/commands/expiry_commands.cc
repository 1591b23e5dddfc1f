// EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT, TTL, PTTL, EXPIRETIME, PEXPIRETIME, PERSIST. Declared in
// data_handlers.h. An expiry is part of the entry, so changing it writes the value again.
// Thread rule: the thread that runs the command.
// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <string>

#include "server/commands/argument_words.h"
#include "server/commands/data_handlers.h"
#include "server/commands/number_text.h"
#include "server/commands/storable.h"

namespace kv::server {
namespace {

struct Conditions {
    bool if_none = false;
    bool if_any = false;
    bool if_later = false;
    bool if_earlier = false;

    /// Both in Unix time. 0 for `current_ms`: no expiry, which is later than any.
    bool allow(uint64_t current_ms, int64_t wanted_ms) const {
        const bool none = current_ms == 0;
        const auto current = static_cast<int64_t>(current_ms);
        if (if_none && !none) return false;
        if (if_any && none) return false;
        if (if_later && (none || wanted_ms <= current)) return false;
        return !(if_earlier && !none && wanted_ms >= current);
    }
};

/// False: the error has been answered.
bool parse_conditions(const DataContext& context, Conditions& out) {
    for (size_t i = 3; i < context.size(); ++i) {
        const Bytes word = context.arg(i);
        if (word_is(word, "nx")) {
            out.if_none = true;
        } else if (word_is(word, "xx")) {
            out.if_any = true;
        } else if (word_is(word, "gt")) {
            out.if_later = true;
        } else if (word_is(word, "lt")) {
            out.if_earlier = true;
        } else {
            context.reply.error("ERR Unsupported option " + std::string(word));
            return false;
        }
    }
    if (out.if_none && (out.if_any || out.if_later || out.if_earlier)) {
        context.reply.error("ERR NX and XX, GT or LT options at the same time are not compatible");
        return false;
    }
    if (out.if_later && out.if_earlier) {
        context.reply.error("ERR GT and LT options at the same time are not compatible");
        return false;
    }
    return true;
}

struct TimeArgument {
    std::string_view command;
    int64_t unit_ms;
    bool relative;
};

Status expire(const DataContext& context, const TimeArgument& argument) {
    constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
    constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
    Conditions conditions;
    if (!parse_conditions(context, conditions)) return Status::ok();
    const auto time = parse_integer(context.arg(2));
    if (!time) {
        context.reply.error(kNotAnInteger);
        return Status::ok();
    }
    const auto now_ms = static_cast<int64_t>(context.now_ms());
    const int64_t base_ms = argument.relative ? now_ms : 0;
    if (*time > kMax / argument.unit_ms || *time < kMin / argument.unit_ms ||
        *time * argument.unit_ms > kMax - base_ms) {
        context.reply.error(invalid_expire_time(argument.command));
        return Status::ok();
    }
    const int64_t wanted_ms = *time * argument.unit_ms + base_ms;
    KV_ASSIGN_OR_RETURN(const auto found, find_entry(context, context.arg(1)));
    const bool allowed = found && conditions.allow(found->expiry_ms, wanted_ms);
    if (allowed && wanted_ms <= now_ms)
        context.del(context.arg(1));
    else if (allowed)
        context.put(context.arg(1), found->value, static_cast<uint64_t>(wanted_ms));
    context.reply.integer(allowed ? 1 : 0);
    return Status::ok();
}

/// -2 without an entry, -1 without an expiry.
Status answer_expiry(const DataContext& context, bool in_seconds, bool relative) {
    KV_ASSIGN_OR_RETURN(const auto found, find_head(context, context.arg(1)));
    int64_t answer = found ? -1 : -2;
    if (found && found->expiry_ms != 0) {
        const uint64_t base_ms = relative ? context.now_ms() : 0;
        const uint64_t ms = found->expiry_ms > base_ms ? found->expiry_ms - base_ms : 0;
        answer = static_cast<int64_t>(in_seconds ? (ms + 500) / 1000 : ms);
    }
    context.reply.integer(answer);
    return Status::ok();
}

}  // namespace

Status cmd_expire(DataContext& context) { return expire(context, {"expire", 1000, true}); }
Status cmd_pexpire(DataContext& context) { return expire(context, {"pexpire", 1, true}); }
Status cmd_expireat(DataContext& context) { return expire(context, {"expireat", 1000, false}); }
Status cmd_pexpireat(DataContext& context) { return expire(context, {"pexpireat", 1, false}); }

Status cmd_ttl(DataContext& context) { return answer_expiry(context, true, true); }
Status cmd_pttl(DataContext& context) { return answer_expiry(context, false, true); }
Status cmd_expiretime(DataContext& context) { return answer_expiry(context, true, false); }
Status cmd_pexpiretime(DataContext& context) { return answer_expiry(context, false, false); }

Status cmd_persist(DataContext& context) {
    KV_ASSIGN_OR_RETURN(const auto found, find_entry(context, context.arg(1)));
    const bool had_expiry = found && found->expiry_ms != 0;
    if (had_expiry) context.put(context.arg(1), found->value);
    context.reply.integer(had_expiry ? 1 : 0);
    return Status::ok();
}

}  // namespace kv::server

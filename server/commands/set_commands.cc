// SET and its short forms, and GETEX: the commands with an expiry among their options. Declared in
// data_handlers.h. The order of checks is Redis's, since clients test for the texts.
// Thread rule: the thread that runs the command.
// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <optional>
#include <string_view>

#include "server/commands/argument_words.h"
#include "server/commands/data_handlers.h"
#include "server/commands/number_text.h"
#include "server/commands/storable.h"

namespace kv::server {
namespace {

/// What is to become of the expiry. Options that ask for different ones exclude each other.
enum class Lifetime : uint8_t { kDefault, kKeep, kPersist, kEx, kPx, kExAt, kPxAt };

struct SetOptions {
    bool if_absent = false;
    bool if_present = false;
    bool answer_old = false;
    Lifetime lifetime = Lifetime::kDefault;
    Bytes time;  ///< Of kEx to kPxAt.
};

bool has_time(Lifetime lifetime) { return lifetime >= Lifetime::kEx; }
bool in_seconds(Lifetime lifetime) {
    return lifetime == Lifetime::kEx || lifetime == Lifetime::kExAt;
}
bool is_relative(Lifetime lifetime) {
    return lifetime == Lifetime::kEx || lifetime == Lifetime::kPx;
}

/// The lifetime that `word` stands for in SET, or in GETEX; nullopt for none.
std::optional<Lifetime> lifetime_of(Bytes word, bool in_set) {
    if (word_is(word, "ex")) return Lifetime::kEx;
    if (word_is(word, "px")) return Lifetime::kPx;
    if (word_is(word, "exat")) return Lifetime::kExAt;
    if (word_is(word, "pxat")) return Lifetime::kPxAt;
    if (in_set && word_is(word, "keepttl")) return Lifetime::kKeep;
    if (!in_set && word_is(word, "persist")) return Lifetime::kPersist;
    return std::nullopt;
}

/// Takes `word` if it is an option of SET alone that goes with those before it.
bool take_condition(Bytes word, SetOptions& options) {
    bool* wanted = nullptr;
    if (word_is(word, "nx") && !options.if_present) wanted = &options.if_absent;
    if (word_is(word, "xx") && !options.if_absent) wanted = &options.if_present;
    if (word_is(word, "get")) wanted = &options.answer_old;
    if (wanted == nullptr) return false;
    *wanted = true;
    return true;
}

/// Nullopt is a syntax error.
std::optional<SetOptions> parse_options(const DataContext& context, size_t first, bool in_set) {
    SetOptions options;
    for (size_t i = first; i < context.size(); ++i) {
        if (in_set && take_condition(context.arg(i), options)) continue;
        const auto lifetime = lifetime_of(context.arg(i), in_set);
        if (!lifetime) return std::nullopt;
        if (options.lifetime != Lifetime::kDefault && options.lifetime != *lifetime)
            return std::nullopt;
        options.lifetime = *lifetime;
        if (!has_time(*lifetime)) continue;
        if (++i == context.size()) return std::nullopt;
        options.time = context.arg(i);
    }
    return options;
}

/// The moment that an option names, in Unix milliseconds. Nullopt: the error has been answered.
std::optional<uint64_t> parse_moment(const DataContext& context, Bytes text, Lifetime lifetime,
                                     std::string_view command) {
    constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
    const std::optional<int64_t> time = parse_integer(text);
    if (!time) {
        context.reply.error(kNotAnInteger);
        return std::nullopt;
    }
    const int64_t unit_ms = in_seconds(lifetime) ? 1000 : 1;
    const int64_t base_ms = is_relative(lifetime) ? static_cast<int64_t>(context.now_ms()) : 0;
    if (*time <= 0 || *time > kMax / unit_ms || *time * unit_ms > kMax - base_ms) {
        context.reply.error(invalid_expire_time(command));
        return std::nullopt;
    }
    return static_cast<uint64_t>(*time * unit_ms + base_ms);
}

Status set_for(const DataContext& context, Lifetime lifetime, std::string_view command) {
    const auto moment = parse_moment(context, context.arg(2), lifetime, command);
    if (!moment || !may_store(context, context.arg(1), context.arg(3).size())) return Status::ok();
    context.put(context.arg(1), context.arg(3), *moment);
    context.reply.ok();
    return Status::ok();
}

}  // namespace

Status cmd_set(DataContext& context) {
    const Bytes key = context.arg(1);
    const Bytes value = context.arg(2);
    const auto options = parse_options(context, 3, true);
    if (!options) {
        context.reply.error(kSyntaxError);
        return Status::ok();
    }
    uint64_t expiry_ms = 0;
    if (has_time(options->lifetime)) {
        const auto moment = parse_moment(context, options->time, options->lifetime, "set");
        if (!moment) return Status::ok();
        expiry_ms = *moment;
    }
    if (!may_store(context, key, value.size())) return Status::ok();
    const bool keep = options->lifetime == Lifetime::kKeep;
    std::optional<Entry> old;
    std::optional<EntryHead> head;
    if (options->answer_old) {
        KV_ASSIGN_OR_RETURN(old, find_entry(context, key));
        if (old) head = EntryHead{old->value.size(), old->seqno, old->expiry_ms};
    } else if (options->if_absent || options->if_present || keep) {
        KV_ASSIGN_OR_RETURN(head, find_head(context, key));
    }
    const bool refused = head ? options->if_absent : options->if_present;
    if (keep && head) expiry_ms = head->expiry_ms;
    if (!refused) context.put(key, value, expiry_ms);
    if (options->answer_old)
        answer_value(context, old);
    else if (refused)
        context.reply.null();
    else
        context.reply.ok();
    return Status::ok();
}

Status cmd_setnx(DataContext& context) {
    const Bytes key = context.arg(1);
    if (!may_store(context, key, context.arg(2).size())) return Status::ok();
    KV_ASSIGN_OR_RETURN(const auto found, find_head(context, key));
    if (!found) context.put(key, context.arg(2));
    context.reply.integer(found ? 0 : 1);
    return Status::ok();
}

Status cmd_setex(DataContext& context) { return set_for(context, Lifetime::kEx, "setex"); }

Status cmd_psetex(DataContext& context) { return set_for(context, Lifetime::kPx, "psetex"); }

Status cmd_getex(DataContext& context) {
    const Bytes key = context.arg(1);
    const auto options = parse_options(context, 2, false);
    if (!options) {
        context.reply.error(kSyntaxError);
        return Status::ok();
    }
    KV_ASSIGN_OR_RETURN(auto found, find_entry(context, key));
    uint64_t expiry_ms = found ? found->expiry_ms : 0;
    if (found && has_time(options->lifetime)) {
        const auto moment = parse_moment(context, options->time, options->lifetime, "getex");
        if (!moment) return Status::ok();
        expiry_ms = *moment;
    }
    if (options->lifetime == Lifetime::kPersist) expiry_ms = 0;
    if (found && expiry_ms != found->expiry_ms) {
        if (expiry_ms != 0 && expiry_ms <= context.now_ms())
            context.del(key);
        else
            context.put(key, found->value, expiry_ms);
    }
    answer_value(context, found);
    return Status::ok();
}

}  // namespace kv::server

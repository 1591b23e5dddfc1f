// OBJECT and MEMORY USAGE: what is to be known about a value. kvd keeps no counters of uses, so
// answers are those of a value that was just set. Declared in data_handlers.h.
// Thread rule: the thread that runs the command.
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <limits>
#include <string>
#include <string_view>

#include "server/commands/argument_words.h"
#include "server/commands/data_handlers.h"
#include "server/commands/number_text.h"
#include "server/commands/storable.h"

namespace kv::server {
namespace {

constexpr size_t kMaxIntegerText = 20;
constexpr size_t kMaxEmbeddedBytes = 44;
// Redis shares the objects of small integers, and says so by this count.
constexpr int64_t kSharedIntegers = 10'000;
constexpr int64_t kSharedCount = std::numeric_limits<int32_t>::max();
// What an entry takes beside its key and value: seqno and kind, and the expiry where it has one.
constexpr size_t kEntryBytes = 8;
constexpr size_t kExpiryBytes = 8;

constexpr std::array<std::string_view, 13> kHelp = {
    "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "ENCODING <key>",
    "    Return the kind of internal representation used in order to store the value",
    "    associated with a <key>.",
    "FREQ <key>",
    "    Return the access frequency index of the <key>. The returned integer is",
    "    proportional to the logarithm of the recent access frequency of the key.",
    "IDLETIME <key>",
    "    Return the idle time of the <key>, that is the approximated number of",
    "    seconds elapsed since the last access to the key.",
    "REFCOUNT <key>",
    "    Return the number of references of the value associated with the specified",
    "    <key>.",
};

/// Answers null where there is no entry, else calls `answer` with what is known of it.
template <class Answer>
Status with_entry(const DataContext& context, Answer answer) {
    KV_ASSIGN_OR_RETURN(const auto found, find_head(context, context.arg(2)));
    if (found)
        answer(*found);
    else
        context.reply.null();
    return Status::ok();
}

/// The same, and calls `answer` with the integer that the value is, too, or nullopt.
template <class Answer>
Status with_integer(const DataContext& context, Answer answer) {
    KV_ASSIGN_OR_RETURN(const auto head, find_head(context, context.arg(2)));
    std::optional<int64_t> integer;
    if (head && head->value_bytes <= kMaxIntegerText) {
        KV_ASSIGN_OR_RETURN(const auto found, find_entry(context, context.arg(2)));
        if (found) integer = parse_integer(found->value);
    }
    if (head)
        answer(*head, integer);
    else
        context.reply.null();
    return Status::ok();
}

/// False: the error has been answered. SAMPLES is about values with elements, so it changes
/// nothing.
bool parse_samples(const DataContext& context) {
    for (size_t i = 3; i < context.size(); i += 2) {
        if (!word_is(context.arg(i), "samples") || i + 1 == context.size()) {
            context.reply.error(kSyntaxError);
            return false;
        }
        const auto samples = parse_integer(context.arg(i + 1));
        if (!samples || *samples < 0) {
            context.reply.error(samples ? kSyntaxError : kNotAnInteger);
            return false;
        }
    }
    return true;
}

}  // namespace

Status cmd_object_encoding(DataContext& context) {
    return with_integer(context, [&](const EntryHead& head, std::optional<int64_t> integer) {
        if (integer)
            context.reply.bulk("int");
        else
            context.reply.bulk(head.value_bytes <= kMaxEmbeddedBytes ? "embstr" : "raw");
    });
}

Status cmd_object_refcount(DataContext& context) {
    return with_integer(context, [&](const EntryHead&, std::optional<int64_t> integer) {
        const bool is_shared = integer && *integer >= 0 && *integer < kSharedIntegers;
        context.reply.integer(is_shared ? kSharedCount : 1);
    });
}

Status cmd_object_idletime(DataContext& context) {
    return with_entry(context, [&](const EntryHead&) { context.reply.integer(0); });
}

Status cmd_object_freq(DataContext& context) {
    return with_entry(context, [&](const EntryHead&) {
        context.reply.error(
            "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please "
            "note "
            "that when switching between policies at runtime LRU and LFU data will take some time "
            "to adjust.");
    });
}

Status cmd_object_help(DataContext& context) {
    context.reply.array(kHelp.size() + 2);
    for (const std::string_view line : kHelp) context.reply.simple(line);
    context.reply.simple("HELP");
    context.reply.simple("    Prints this help.");
    return Status::ok();
}

Status cmd_memory_usage(DataContext& context) {
    if (!parse_samples(context)) return Status::ok();
    return with_entry(context, [&](const EntryHead& head) {
        std::string scratch;
        const size_t key_bytes = context.space.stored(context.arg(2), scratch).size();
        context.reply.integer(static_cast<int64_t>(key_bytes + head.value_bytes + kEntryBytes +
                                                   (head.expiry_ms != 0 ? kExpiryBytes : 0)));
    });
}

}  // namespace kv::server

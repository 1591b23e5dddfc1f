// KEYS and SCAN: commands that visit keys in order. A pattern narrows the walk to the keys that
// begin as it does. Declared in data_handlers.h. Thread rule: the thread that runs the command.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <string>

#include "server/commands/argument_words.h"
#include "server/commands/data_handlers.h"
#include "server/commands/glob.h"
#include "server/commands/number_text.h"
#include "server/commands/scan_cursors.h"
#include "server/commands/walk_answer.h"
#include "server/shared_state.h"

namespace kv::server {
namespace {

// Keys that one KEYS visits: some seconds of a read thread.
constexpr uint64_t kMaxKeysVisited = 10'000'000;
constexpr int64_t kDefaultCount = 10;
constexpr int64_t kMaxCount = 100'000;
// A SCAN ends early when its answer has become this large.
constexpr size_t kScanAnswerBytes = 4ULL << 20;

/// Where the keys that match can lie.
WalkBounds bounds_of(Bytes pattern) {
    WalkBounds bounds;
    if (auto only = glob_literal(pattern)) {
        bounds.lower = *only;
        bounds.upper = *only + '\0';
    } else {
        bounds.prefix = glob_prefix(pattern);
    }
    return bounds;
}

/// False: it is longer than any may be, and that has been answered.
bool takes_pattern(const DataContext& context, Bytes pattern) {
    const std::string error = too_long_to_match("pattern", pattern);
    if (!error.empty()) context.reply.error(error);
    return error.empty();
}

struct ScanRequest {
    uint64_t cursor = 0;
    Bytes pattern = "*";
    int64_t count = kDefaultCount;
    bool strings = true;  ///< TYPE does not rule them out.

    bool wants(Bytes key) const {
        return strings && (pattern == "*" || glob_matches(pattern, key));
    }
};

/// As strtoul() reads a cursor: a sign may be there, nothing at all is 0.
std::optional<uint64_t> parse_cursor(Bytes text) {
    if (text.empty()) return 0;
    const bool negative = text.front() == '-';
    if (negative || text.front() == '+') text.remove_prefix(1);
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return negative ? 0 - value : value;
}

/// False: the error has been answered.
bool parse_scan(const DataContext& context, ScanRequest& request) {
    const auto cursor = parse_cursor(context.arg(1));
    if (!cursor) {
        context.reply.error("ERR invalid cursor");
        return false;
    }
    request.cursor = *cursor;
    for (size_t i = 2; i < context.size(); i += 2) {
        const Bytes word = context.arg(i);
        const bool has_value = i + 1 < context.size();
        if (has_value && word_is(word, "count")) {
            const auto count = parse_integer(context.arg(i + 1));
            if (!count || *count < 1) {
                context.reply.error(count ? kSyntaxError : kNotAnInteger);
                return false;
            }
            request.count = std::min(*count, kMaxCount);
        } else if (has_value && word_is(word, "match")) {
            request.pattern = context.arg(i + 1);
            if (!takes_pattern(context, request.pattern)) return false;
        } else if (has_value && word_is(word, "type")) {
            request.strings = word_is(context.arg(i + 1), "string");
        } else {
            context.reply.error(kSyntaxError);
            return false;
        }
    }
    return true;
}

/// Where `request` goes on. False: the error has been answered.
bool scan_bounds(const DataContext& context, const ScanRequest& request, WalkBounds& bounds) {
    bounds = bounds_of(request.pattern);
    if (request.cursor == 0) return true;
    const auto last = context.shared.scan_cursors.find(context.space.id(), request.cursor);
    if (!last) {
        context.reply.error("ERR cursor " + std::to_string(request.cursor) +
                            " is not known in this database, or was given out too long ago: start"
                            " the SCAN again with 0");
        return false;
    }
    const std::string next = *last + '\0';
    if (!bounds.lower || *bounds.lower < next) bounds.lower = next;
    return true;
}

}  // namespace

Status cmd_keys(DataContext& context) {
    const Bytes pattern = context.arg(1);
    if (!takes_pattern(context, pattern)) return Status::ok();
    const bool all = pattern == "*";
    WalkAnswer answer(context);
    KV_ASSIGN_OR_RETURN(const auto walk, start_walk(context, bounds_of(pattern)));
    for (uint64_t visited = 0; walk->valid(); walk->next()) {
        if (++visited > kMaxKeysVisited) {
            context.reply.error("ERR KEYS gave up after " + std::to_string(kMaxKeysVisited) +
                                " keys: use SCAN, which goes in steps");
            return Status::ok();
        }
        if (all || glob_matches(pattern, walk->key())) answer.add(walk->key());
        KV_RETURN_IF_ERROR(answer.check_room());
        if (answer.bytes() > kMaxAnswerBytes) {
            context.reply.error(over_answer_limit("ERR the answer to KEYS is") +
                                ": use SCAN, which goes in steps");
            return Status::ok();
        }
    }
    KV_RETURN_IF_ERROR(walk->status());
    answer.finish();
    return Status::ok();
}

Status cmd_scan(DataContext& context) {
    ScanRequest request;
    WalkBounds bounds;
    if (!parse_scan(context, request) || !scan_bounds(context, request, bounds))
        return Status::ok();
    WalkAnswer answer(context);
    uint64_t cursor = 0;
    if (!bounds.upper || !bounds.lower || *bounds.lower < *bounds.upper) {
        KV_ASSIGN_OR_RETURN(const auto walk, start_walk(context, bounds));
        int64_t visited = 0;
        while (walk->valid() && visited < request.count) {
            if (request.wants(walk->key())) answer.add(walk->key());
            KV_RETURN_IF_ERROR(answer.check_room());
            ++visited;
            std::string last;
            const bool enough = visited == request.count || answer.bytes() > kScanAnswerBytes;
            if (enough) last = walk->key();
            walk->next();
            if (!enough) continue;
            if (walk->valid())
                cursor = context.shared.scan_cursors.give_out(context.space.id(), last);
            break;
        }
        if (!walk->valid()) KV_RETURN_IF_ERROR(walk->status());
    }
    context.reply.array(2);
    context.reply.bulk(std::to_string(cursor));
    answer.finish();
    return Status::ok();
}

}  // namespace kv::server

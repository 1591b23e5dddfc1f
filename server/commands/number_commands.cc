// INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT: values that are numbers. They keep the expiry. Declared
// in data_handlers.h. Thread rule: the thread that runs the command.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <string>

#include "server/commands/argument_words.h"
#include "server/commands/data_handlers.h"
#include "server/commands/number_text.h"
#include "server/commands/storable.h"

namespace kv::server {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

Status add(const DataContext& context, int64_t step) {
    const Bytes key = context.arg(1);
    if (!may_store(context, key)) return Status::ok();
    KV_ASSIGN_OR_RETURN(const auto found, find_entry(context, key));
    const std::optional<int64_t> old = found ? parse_integer(found->value) : 0;
    if (!old) {
        context.reply.error(kNotAnInteger);
        return Status::ok();
    }
    int64_t value = 0;
    if (__builtin_add_overflow(*old, step, &value)) {
        context.reply.error("ERR increment or decrement would overflow");
        return Status::ok();
    }
    context.put(key, std::to_string(value), found ? found->expiry_ms : 0);
    context.reply.integer(value);
    return Status::ok();
}

}  // namespace

Status cmd_incr(DataContext& context) { return add(context, 1); }

Status cmd_decr(DataContext& context) { return add(context, -1); }

Status cmd_incrby(DataContext& context) {
    if (const auto step = parse_integer(context.arg(2))) return add(context, *step);
    context.reply.error(kNotAnInteger);
    return Status::ok();
}

Status cmd_decrby(DataContext& context) {
    const auto step = parse_integer(context.arg(2));
    if (step && *step != kMin) return add(context, -*step);
    context.reply.error(step ? "ERR decrement would overflow" : kNotAnInteger);
    return Status::ok();
}

Status cmd_incrbyfloat(DataContext& context) {
    const Bytes key = context.arg(1);
    if (!may_store(context, key)) return Status::ok();
    KV_ASSIGN_OR_RETURN(const auto found, find_entry(context, key));
    const std::optional<long double> old = found ? parse_long_double(found->value) : 0.0L;
    const std::optional<long double> step = parse_long_double(context.arg(2));
    if (!old || !step) {
        context.reply.error(kNotAFloat);
        return Status::ok();
    }
    const long double sum = *old + *step;
    if (!std::isfinite(sum)) {
        context.reply.error("ERR increment would produce NaN or Infinity");
        return Status::ok();
    }
    const std::string text = format_long_double(sum);
    context.put(key, text, found ? found->expiry_ms : 0);
    context.reply.bulk(text);
    return Status::ok();
}

}  // namespace kv::server

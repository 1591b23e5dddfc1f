// Commands on single keys: get, put, del, incr, cas; and delrange, on many.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/escape.h"

namespace kv::cli {

namespace {

Result<std::string> read_standard_input() {
    std::string bytes;
    char chunk[64 << 10];
    while (true) {
        const size_t got = std::fread(chunk, 1, sizeof chunk, stdin);
        bytes.append(chunk, got);
        if (got == sizeof chunk) continue;
        if (std::ferror(stdin) != 0) return Status::io_error("reading the standard input");
        return bytes;
    }
}

CommandResult show_receipt(Context& context, const Result<client::WriteReceipt>& receipt) {
    if (!receipt.is_ok()) return failed(receipt.error());
    context.out.result("ok", nlohmann::json{{"ok", true}, {"seqno", receipt->last_seqno}}.dump());
    return done();
}

}  // namespace

CommandResult run_get(Context& context, const Arguments& arguments) {
    const std::string& key = arguments.words[0];
    auto entry = context.client->get(key);
    if (!entry.is_ok()) return failed(entry.error());
    if (!entry->has_value()) {
        return {ExitCode::kNotFound, Status::not_found("no key '" + encode_escapes(key) + "'")};
    }
    context.out.value(key, **entry, !arguments.has("--no-newline"));
    return done();
}

CommandResult run_put(Context& context, const Arguments& arguments) {
    auto write = write_options(arguments);
    if (!write.is_ok()) return usage_error(write.error());
    auto expiry_ms = expiry_from_ttl(arguments);
    if (!expiry_ms.is_ok()) return usage_error(expiry_ms.error());
    std::string value = arguments.words[1];
    if (arguments.dashes.contains(1)) {
        if (!context.one_shot) {
            return usage_error(
                "put KEY - reads standard input only as `kvcli put KEY -`, not in a session; the "
                "value of one dash is '-' with its quotes");
        }
        auto bytes = read_standard_input();
        // Also at the end of the input: the press may have ended the program that writes it.
        if (context.interrupt.triggered()) {
            return failed({Code::kCancelled, "put: interrupted; nothing was sent"});
        }
        if (!bytes.is_ok()) return file_error(bytes.error());
        value = std::move(*bytes);
    }
    client::PutOptions options;
    static_cast<client::WriteOptions&>(options) = *write;
    options.expiry_ms = *expiry_ms;
    options.if_absent = arguments.has("--if-absent");
    return show_receipt(context, context.client->put(arguments.words[0], value, options));
}

CommandResult run_del(Context& context, const Arguments& arguments) {
    auto options = write_options(arguments);
    if (!options.is_ok()) return usage_error(options.error());
    if (arguments.words.size() == 1) {
        return show_receipt(context, context.client->del(arguments.words[0], *options));
    }
    client::Batch batch;
    for (const std::string& key : arguments.words) batch.del(key);
    return show_receipt(context, context.client->write(batch, *options));
}

CommandResult run_delrange(Context& context, const Arguments& arguments) {
    auto options = write_options(arguments);
    if (!options.is_ok()) return usage_error(options.error());
    const client::KeyRange range = key_range(arguments);
    const bool everything = range.lower.empty() && range.upper.empty() && range.prefix.empty();
    const bool names_a_range = !arguments.words.empty() || arguments.has("--prefix") ||
                               arguments.has("--from") || arguments.has("--to");
    if (everything && names_a_range) {
        // Most likely a variable of a script that was not set.
        return usage_error("delrange: an empty prefix or bound is every key; for that, name none");
    }
    const bool asks = !arguments.has("--yes");
    if (asks && ::isatty(STDIN_FILENO) != 0) {
        const auto about = context.client->count(range);
        if (!about.is_ok()) return failed(about.error());
        const Result<bool> yes =
            context.confirmed("delete " + std::string(everything ? "everything, " : "") + "about " +
                              std::to_string(about->entries) + " keys?");
        if (!yes.is_ok()) return failed(yes.error());
        if (!*yes) return failed({Code::kCancelled, "delrange: nothing was deleted"});
    } else if (asks && everything) {
        return usage_error("delrange without a range deletes every key: say --yes to do that");
    }
    return show_receipt(context, context.client->delete_range(range, *options));
}

CommandResult run_incr(Context& context, const Arguments& arguments) {
    auto options = write_options(arguments);
    if (!options.is_ok()) return usage_error(options.error());
    int64_t by = 1;
    if (arguments.words.size() == 2) {
        auto number = parse_int64(arguments.words[1]);
        if (!number.is_ok()) return usage_error(number.error());
        by = *number;
    }
    auto sum = context.client->increment(arguments.words[0], by, *options);
    if (!sum.is_ok()) return failed(sum.error());
    context.out.result(std::to_string(*sum), nlohmann::json{{"value", *sum}}.dump());
    return done();
}

CommandResult run_cas(Context& context, const Arguments& arguments) {
    const bool absent = arguments.has("--absent");
    if (arguments.words.size() != (absent ? 2U : 3U)) {
        return usage_error(absent ? "cas --absent takes KEY and NEW"
                                  : "cas takes KEY, EXPECTED and NEW");
    }
    auto write = write_options(arguments);
    if (!write.is_ok()) return usage_error(write.error());
    auto expiry_ms = expiry_from_ttl(arguments);
    if (!expiry_ms.is_ok()) return usage_error(expiry_ms.error());
    client::PutOptions options;
    static_cast<client::WriteOptions&>(options) = *write;
    options.expiry_ms = *expiry_ms;
    const std::optional<Bytes> expected =
        absent ? std::nullopt : std::optional<Bytes>(arguments.words[1]);
    return show_receipt(context, context.client->compare_and_set(arguments.words[0], expected,
                                                                 arguments.words.back(), options));
}

}  // namespace kv::cli

// Commands that look at many entries or at the server: scan, rscan, count, explain, status, stats,
// checkpoint, ping, help, version.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/command.h"
#include "cli/lease_keeper.h"
#include "cli/progress.h"
#include "cli/version.h"

namespace kv::cli {

namespace {

using Json = nlohmann::json;

// Links are made at once, but the log is copied and synced, and a checkpoint may have to wait.
constexpr uint32_t kCheckpointTimeoutMs = 600'000;

CommandResult scan_entries(Context& context, const Arguments& arguments, bool reverse) {
    auto limit = arguments.number("--limit", 0);
    if (!limit.is_ok()) return usage_error(limit.error());
    client::ScanOptions options;
    static_cast<client::KeyRange&>(options) = key_range(arguments);
    if (arguments.has("--limit") && *limit == 0) return done();
    options.limit = *limit;
    options.reverse = reverse;
    options.keys_only = arguments.has("--keys");
    // A person at the pager, or a program behind a pipe, may pause for longer than the server keeps
    // a scan that nobody takes from; at a snapshot it goes on. A server that has its fill of them
    // can still list.
    const auto snapshot = context.client->snapshot();
    if (!snapshot.is_ok() && !snapshot.error().is(Code::kOverloaded)) {
        return failed(snapshot.error());
    }
    std::optional<LeaseKeeper> lease;
    if (snapshot.is_ok()) {
        options.snapshot = snapshot->get();
        lease.emplace(**snapshot);
    }
    client::Scan scan = context.client->scan(options);
    context.out.begin_listing();
    while (context.out.wants_more() && !context.interrupt.triggered() && scan.next()) {
        context.out.entry(scan.entry(), options.keys_only);
    }
    const Status status = scan.status();
    if (context.interrupt.triggered()) return failed({Code::kCancelled, "SCAN: cancelled"});
    return status.is_ok() ? done() : failed(status);
}

std::string padded(std::string_view text, size_t width) {
    std::string out(text);
    out.resize(std::max(width, out.size()), ' ');
    return out;
}

/// The text with `width` blanks before each of its lines.
std::string indented(std::string_view text, size_t width) {
    std::string out(width, ' ');
    for (const char c : text) {
        out += c;
        if (c == '\n') out.append(width, ' ');
    }
    return out;
}

}  // namespace

CommandResult run_scan(Context& context, const Arguments& arguments) {
    return scan_entries(context, arguments, arguments.has("--reverse"));
}

CommandResult run_rscan(Context& context, const Arguments& arguments) {
    return scan_entries(context, arguments, !arguments.has("--reverse"));
}

CommandResult run_count(Context& context, const Arguments& arguments) {
    auto count = context.client->count(key_range(arguments), arguments.has("--exact"));
    if (!count.is_ok()) return failed(count.error());
    context.out.result((count->exact ? "" : "about ") + std::to_string(count->entries),
                       Json{{"count", count->entries}, {"exact", count->exact}}.dump());
    return done();
}

CommandResult run_explain(Context& context, const Arguments& arguments) {
    const bool is_scan = arguments.has("--scan");
    if (!is_scan) {
        if (arguments.words.empty()) return usage_error("explain: a KEY, or --scan");
        for (const char* option : {"--prefix", "--from", "--to", "--limit"}) {
            if (arguments.has(option))
                return usage_error(std::string("explain: ") + option + " goes with --scan");
        }
    }
    auto limit = arguments.number("--limit", 0);
    if (!limit.is_ok()) return usage_error(limit.error());
    auto text = is_scan ? context.client->explain_scan(key_range(arguments), *limit)
                        : context.client->explain_get(arguments.words[0]);
    if (!text.is_ok()) return failed(text.error());
    context.out.result(text->substr(0, text->find_last_not_of('\n') + 1),
                       Json{{"explanation", *text}}.dump());
    return done();
}

CommandResult run_status(Context& context, const Arguments& arguments) {
    uint64_t seqno = 0;
    if (!arguments.words.empty()) {
        auto number = parse_uint64(arguments.words[0]);
        if (!number.is_ok()) return usage_error(number.error());
        seqno = *number;
    }
    auto state = context.client->status(seqno);
    if (!state.is_ok()) return failed(state.error());
    Json json = {{"durable_seqno", state->durable_seqno}, {"latest_seqno", state->latest_seqno}};
    std::string text = "durable up to seqno " + std::to_string(state->durable_seqno) +
                       ", latest is " + std::to_string(state->latest_seqno);
    if (!arguments.words.empty()) {
        json["durable"] = state->durable;
        text = std::to_string(seqno) +
               (state->durable ? " is durable; " : " is not durable yet; ") + text;
    }
    context.out.result(text, json.dump());
    return done();
}

CommandResult run_stats(Context& context, const Arguments& arguments) {
    auto stats = context.client->stats(arguments.words.empty() ? Bytes() : arguments.words[0]);
    if (!stats.is_ok()) return failed(stats.error());
    if (context.out.format() == Format::kJson) {
        Json json = Json::object();
        for (const auto& [name, value] : *stats) json[name] = value;
        context.out.line(json.dump(-1, ' ', false, Json::error_handler_t::replace));
        return done();
    }
    size_t width = 0;
    for (const auto& [name, value] : *stats) width = std::max(width, name.size());
    context.out.begin_listing();
    for (const auto& [name, value] : *stats) {
        if (!context.out.wants_more()) break;
        context.out.line(padded(name, width) + "  " + value);
    }
    return done();
}

CommandResult run_checkpoint(Context& context, const Arguments& arguments) {
    auto timeout = timeout_ms(arguments);
    if (!timeout.is_ok()) return usage_error(timeout.error());
    auto made = context.client->checkpoint(arguments.words[0],
                                           *timeout == 0 ? kCheckpointTimeoutMs : *timeout);
    if (!made.is_ok()) return failed(made.error());
    std::string tables =
        std::to_string(made->tables) + " tables (" + format_bytes(made->table_bytes) + ")";
    if (made->copied_tables > 0) tables += ", " + std::to_string(made->copied_tables) + " copied";
    context.out.result("checkpoint in " + made->path + ", up to seqno " +
                           std::to_string(made->seqno) + ": " + tables + ", " +
                           format_bytes(made->log_bytes) + " of log",
                       Json{{"path", made->path},
                            {"seqno", made->seqno},
                            {"tables", made->tables},
                            {"table_bytes", made->table_bytes},
                            {"copied_tables", made->copied_tables},
                            {"log_bytes", made->log_bytes}}
                           .dump(-1, ' ', false, Json::error_handler_t::replace));
    return done();
}

CommandResult run_ping(Context& context, const Arguments& /*arguments*/) {
    const auto start = std::chrono::steady_clock::now();
    Status status = context.client->ping();
    if (!status.is_ok()) return failed(std::move(status));
    const auto took = std::chrono::steady_clock::now() - start;
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    char text[64];
    std::snprintf(text, sizeof text, "pong %.3f ms", static_cast<double>(us) / 1000);
    context.out.result(text, Json{{"round_trip_us", us}}.dump());
    return done();
}

CommandResult run_help(Context& context, const Arguments& arguments) {
    context.out.begin_listing();
    if (!arguments.words.empty()) {
        const Command* command = find_command(arguments.words[0]);
        if (command == nullptr) return usage_error("no command '" + arguments.words[0] + "'");
        context.out.line(std::string(command->name) + " " + std::string(command->usage));
        context.out.line("    " + std::string(command->summary));
        context.out.line(indented(command->example, 4));
        std::string options;
        for (const OptionSpec& option : command->options) {
            options += " " + std::string(option.name) + (option.takes_value ? " X" : "");
        }
        context.out.line("    options:" + options);
        return done();
    }
    size_t width = 0;
    for (const Command& command : all_commands()) width = std::max(width, command.name.size() + 2);
    for (const Command& command : all_commands()) {
        context.out.line(padded(command.name, width) + std::string(command.summary));
        context.out.line(indented(command.example, width));
    }
    context.out.line("A byte may be written \\xHH anywhere. --raw --hex --json choose the output.");
    if (!context.one_shot) {
        context.out.line(":timing shows how long commands take; Ctrl-D or :quit leaves.");
    }
    return done();
}

CommandResult run_version(Context& context, const Arguments& /*arguments*/) {
    Json json = {{"kvcli", kVersion}};
    std::string text = "kvcli " + std::string(kVersion);
    // Without a server this is still a good answer.
    if (context.connect().is_ok()) {
        const client::ServerInfo info = context.client->server_info();
        json["server"] = info.version;
        json["protocol"] = info.protocol_version;
        text += ", server " + info.version + ", protocol " + std::to_string(info.protocol_version);
    }
    context.out.result(text, json.dump());
    return done();
}

}  // namespace kv::cli

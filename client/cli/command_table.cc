// The table of commands, and the arguments that several of them share.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "cli/command.h"

namespace kv::cli {

namespace {

using Options = std::vector<OptionSpec>;

constexpr size_t kMany = SIZE_MAX;

Options joined(Options options, const Options& more) {
    options.insert(options.end(), more.begin(), more.end());
    return options;
}

const Options kFormats = {{"--raw", false}, {"--hex", false}, {"--json", false}};
const Options kTimed = joined({{"--timeout", true}}, kFormats);
const Options kWrites = joined({{"--durability", true}}, kTimed);
const Options kRange = joined({{"--prefix", true}, {"--from", true}, {"--to", true}}, kFormats);
const Options kScan = joined({{"--limit", true}, {"--keys", false}, {"--reverse", false}}, kRange);
const Options kTransfer =
    joined({{"--format", true}, {"--quiet", false}, {"--prefix", true}}, kFormats);
const Options kImport = joined({{"--format", true},
                                {"--quiet", false},
                                {"--continue-from", true},
                                {"--batch", true},
                                {"--depth", true}},
                               kWrites);

const std::vector<Command>& table() {
    static const std::vector<Command> commands = {
        {"get", "KEY [--no-newline]", "print the value of a key",
         "get user:1                        prints it and a line end; exit code 5 if there is none",
         joined({{"--no-newline", false}}, kFormats), 1, 1, run_get},
        {"put", "KEY VALUE|- [--ttl 10s] [--durability memory|os|disk] [--if-absent]",
         "store a value; - reads it from standard input, \\x2d is a dash",
         "put user:1 'Ada L.' --ttl 1h      stores it for an hour",
         joined({{"--ttl", true}, {"--if-absent", false}}, kWrites), 2, 2, run_put},
        {"del", "KEY... [--durability memory|os|disk]", "delete keys, all or none of them",
         "del user:1 user:2                 deletes both at once", kWrites, 1, kMany, run_del},
        {"delrange", "[PREFIX] [--from A] [--to B] [--yes] [--durability memory|os|disk]",
         "delete a range of keys at once, however many there are",
         "delrange session:                 asks first on a terminal, unless --yes",
         joined({{"--yes", false}, {"--prefix", true}, {"--from", true}, {"--to", true}}, kWrites),
         0, 1, run_delrange},
        {"incr", "KEY [BY]", "add to the integer at a key and print the sum",
         "incr visits 5                     a missing key counts as 0", kWrites, 1, 2, run_incr},
        {"cas", "KEY EXPECTED NEW | KEY --absent NEW", "replace a value if it is what you expect",
         "cas lock free taken               error conflict, exit code 1, if it is something else",
         joined({{"--absent", false}, {"--ttl", true}}, kWrites), 2, 3, run_cas},
        {"batch", "[LINE...]", "apply several changes together or not at all",
         "batch 'require a 1' 'put b 2'     without lines: reads them up to `end`; lines are put,\n"
         "                                  del, incr, require, require-absent, require-present",
         kWrites, 0, kMany, run_batch},
        {"scan", "[PREFIX] [--from A] [--to B] [--limit N] [--keys] [--reverse]",
         "list entries in key order", "scan user: --limit 10              key, tab, value a line",
         kScan, 0, 1, run_scan},
        {"rscan", "[PREFIX] [--from A] [--to B] [--limit N] [--keys]",
         "list entries in reverse key order", "rscan log: --limit 1               the newest one",
         kScan, 0, 1, run_rscan},
        {"count", "[PREFIX] [--from A] [--to B] [--exact]", "how many entries there are",
         "count user: --exact               without --exact: an estimate at once",
         joined({{"--exact", false}}, kRange), 0, 1, run_count},
        {"explain", "KEY | --scan [PREFIX] [--from A] [--to B] [--limit N]",
         "how the server looks a key up, or walks over entries",
         "explain user:1                    memtables and tables asked, filters, blocks, time",
         joined({{"--scan", false}, {"--limit", true}}, kRange), 0, 1, run_explain},
        {"status", "[SEQNO]", "what is on stable storage by now",
         "status 1207                       is the write with that seqno durable?", kFormats, 0, 1,
         run_status},
        {"stats", "[PREFIX]", "counters of the server",
         "stats engine.                     those whose names start so", kFormats, 0, 1, run_stats},
        {"checkpoint", "NAME [--timeout 10m]", "copy the store into its DATA_DIR/checkpoints/NAME",
         "checkpoint monday                 writes go on meanwhile", kTimed, 1, 1, run_checkpoint},
        {"keyspaces", "[PREFIX]", "the keyspaces of the server, and what is done in each",
         "keyspaces                         kvcli -n NAME works in one of them", kFormats, 0, 1,
         run_keyspaces},
        {"keyspace", "create NAME | drop NAME [--yes]",
         "make a keyspace, or delete it with its keys",
         "keyspace drop old                 asks first on a terminal, unless --yes",
         joined({{"--yes", false}}, kFormats), 2, 2, run_keyspace},
        {"ping", "", "measure one round trip",
         "ping                              exit code 3 if nobody answers", kFormats, 0, 0,
         run_ping},
        {"import",
         "FILE|- [--format jsonl|binary] [--continue-from LINE] [--batch N] [--depth N] [--quiet]",
         "store the entries of a file",
         "import dump.jsonl                 one {\"key\":..,\"value\":..} a line", kImport, 1, 1,
         run_import},
        {"export", "FILE|- [--prefix P] [--format jsonl|binary] [--quiet]",
         "write all entries, as of one moment, to a file",
         "export dump.jsonl --prefix user:  `-` writes to standard output", kTransfer, 1, 1,
         run_export},
        {"help", "[COMMAND]", "explain the commands", "help scan", kFormats, 0, 1, run_help},
        {"version", "", "versions of this program and of the server", "version", kFormats, 0, 0,
         run_version},
    };
    return commands;
}

}  // namespace

std::span<const Command> all_commands() { return table(); }

const Command* find_command(std::string_view name) {
    const auto it = std::find_if(table().begin(), table().end(),
                                 [&](const Command& command) { return command.name == name; });
    return it == table().end() ? nullptr : &*it;
}

CommandResult done() { return {}; }

CommandResult usage_error(Status error) { return {ExitCode::kUsage, std::move(error)}; }

CommandResult usage_error(std::string message) {
    return usage_error(Status::invalid_argument(std::move(message)));
}

CommandResult failed(Status error) {
    switch (error.code()) {
        case Code::kUnavailable:
            return {ExitCode::kCannotConnect, std::move(error)};
        case Code::kDeadline:
        case Code::kInDoubt:
            return {ExitCode::kInDoubt, std::move(error)};
        default:
            return {ExitCode::kError, std::move(error)};
    }
}

CommandResult file_error(Status error) {
    return {ExitCode::kError, std::move(error), /*show_hint=*/false};
}

Status Context::connect(const std::stop_token& stop) {
    if (client != nullptr) return Status::ok();
    KV_ASSIGN_OR_RETURN(client, Client::connect(client_options, stop));
    return Status::ok();
}

Result<bool> Context::confirmed(const std::string& question) {
    if (::isatty(STDIN_FILENO) == 0) return true;
    const std::string prompt = question + " [y/N] ";
    if (one_shot) {
        std::fputs(prompt.c_str(), stderr);
        std::fflush(stderr);
    }
    KV_ASSIGN_OR_RETURN(const std::optional<std::string> line, read_line(prompt.c_str()));
    if (!line) return false;
    const std::string answer = line->substr(0, line->find_first_of("\r\n"));
    return answer == "y" || answer == "Y" || answer == "yes";
}

Result<client::WriteOptions> write_options(const Arguments& arguments) {
    client::WriteOptions options;
    if (const auto name = arguments.value("--durability")) {
        options.durability = client::parse_durability(*name);
        if (!options.durability) {
            return Status::invalid_argument("--durability '" + *name +
                                            "'; expected memory, os or disk");
        }
    }
    KV_ASSIGN_OR_RETURN(options.timeout_ms, timeout_ms(arguments));
    return options;
}

Result<uint32_t> timeout_ms(const Arguments& arguments) {
    const auto text = arguments.value("--timeout");
    if (!text) return uint32_t{0};
    KV_ASSIGN_OR_RETURN(const uint64_t ms, parse_duration_ms(*text));
    return static_cast<uint32_t>(std::min<uint64_t>(ms, UINT32_MAX));
}

Result<uint64_t> expiry_from_ttl(const Arguments& arguments) {
    const auto text = arguments.value("--ttl");
    if (!text) return uint64_t{0};
    KV_ASSIGN_OR_RETURN(const uint64_t ttl_ms, parse_duration_ms(*text));
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<uint64_t>(
               std::chrono::duration_cast<std::chrono::milliseconds>(now).count()) +
           ttl_ms;
}

client::KeyRange key_range(const Arguments& arguments) {
    client::KeyRange range;
    range.lower = arguments.value("--from").value_or("");
    range.upper = arguments.value("--to").value_or("");
    range.prefix = arguments.value("--prefix").value_or("");
    if (!arguments.words.empty()) range.prefix = arguments.words.front();
    return range;
}

}  // namespace kv::cli

// Running one command and reporting its outcome.
// SPDX-License-Identifier: Apache-2.0
#include "cli/runner.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "cli/escape.h"
#include "protocol/status_list.h"

namespace kv::cli {

namespace {

constexpr std::string_view kBatch = "batch";
// Every command takes it, and then does nothing else.
constexpr OptionSpec kHelp = {"--help", false};

Format chosen_format(const Arguments& arguments, Format fallback) {
    if (arguments.has("--json")) return Format::kJson;
    if (arguments.has("--hex")) return Format::kHex;
    if (arguments.has("--raw")) return Format::kRaw;
    return fallback;
}

void decode_all(const Command& command, Arguments& arguments) {
    // The words of `batch` are lines, whose own words are decoded when the lines are split.
    if (command.name != kBatch) {
        for (std::string& word : arguments.words) word = decode_escapes(word);
    }
    for (auto& [name, value] : arguments.options) value = decode_escapes(value);
}

// A line that cannot be split as a whole.
bool begins_batch(const std::string& line) {
    constexpr const char* kBlanks = " \t\r\n";
    const size_t start = std::min(line.find_first_not_of(kBlanks), line.size());
    return line.substr(start, line.find_first_of(kBlanks, start) - start) == kBatch;
}

bool colour_on_stderr() {
    return ::isatty(STDERR_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
}

CommandResult connect_failed(Status error) {
    if (error.is(Code::kCancelled))
        return {ExitCode::kError, std::move(error), /*show_hint=*/false};
    ExitCode code = ExitCode::kCannotConnect;
    if (error.is(Code::kInvalidArgument)) code = ExitCode::kUsage;
    if (error.is(Code::kNotFound)) code = ExitCode::kError;  // the keyspace, not a key in it
    return {code, std::move(error), /*show_hint=*/code != ExitCode::kUsage};
}

// What the client library says of a peer that took the connection and then was no kvd, or left.
constexpr std::string_view kBadPeer[] = {
    "handshake: ",
    "the peer does not speak kvd's protocol",
    "the server sent something else",
    "the server closed the connection",
    "receiving from the server: ",
    "sending to the server: ",
};
// And how it begins when it could not connect, or not finish the handshake.
constexpr std::string_view kConnecting = "connecting to ";
constexpr std::string_view kNoWay[] = {kConnecting, "looking up host ", "host '",
                                       "making a socket for "};

bool is_bad_peer(std::string_view message) {
    return std::any_of(std::begin(kBadPeer), std::end(kBadPeer), [&](std::string_view words) {
        return message.find(words) != std::string_view::npos;
    });
}

bool is_no_way(std::string_view message) {
    return std::any_of(std::begin(kNoWay), std::end(kNoWay),
                       [&](std::string_view words) { return message.starts_with(words); });
}

// The advice for `status`, with the number that it speaks of as `detail` put in.
std::string status_advice(protocol::WireStatus status, uint64_t detail) {
    static constexpr struct {
        std::string_view placeholder;
        std::string_view before;
        std::string_view after;
        std::string_view without;  // when the server gave no number
    } kNumbers[] = {
        {"after detail milliseconds", "after ", " milliseconds", "later"},
        {"; detail is the seqno that beat it", "; seqno ", " beat it", ""},
    };
    std::string text(protocol::status_advice(protocol::raw(status)));
    for (const auto& [placeholder, before, after, without] : kNumbers) {
        const size_t at = text.find(placeholder);
        if (at == std::string::npos) continue;
        std::string number(without);
        if (detail != 0) {
            number = std::string(before) + std::to_string(detail) + std::string(after);
        }
        text.replace(at, placeholder.size(), number);
    }
    return text;
}

// Commands that need no server, or see to it themselves.
bool is_local(const Command& command) {
    return command.name == "help" || command.name == "version";
}

}  // namespace

void print_error(const Status& error, bool colour) {
    const std::string name(code_name(error.code()));
    const std::string message = terminal_safe(error.message());
    std::fprintf(stderr, "%serror: %s:%s %s\n", colour ? "\x1b[31m" : "", name.c_str(),
                 colour ? "\x1b[0m" : "", message.c_str());
}

std::string advice(const Status& error, const std::string& address) {
    const bool connecting = error.message().starts_with(kConnecting);
    if (connecting && is_bad_peer(error.message())) {
        return "Something at " + address +
               " takes connections, but does not answer as kvd: is it kvd's Redis port? The native "
               "port is 7480 by default.";
    }
    if (error.is(Code::kUnavailable) || error.is(Code::kDeadline)) {
        if (is_no_way(error.message())) {
            return "Is kvd running at " + address + "? -a ADDR:PORT names another server.";
        }
        if (is_bad_peer(error.message())) return "Is kvd still running at " + address + "?";
    }
    if (connecting && error.is(Code::kOverloaded)) {
        return status_advice(protocol::WireStatus::kTooManyConnections, error.detail());
    }
    // Of the things that a server may not find, the other one is a snapshot.
    if (error.is(Code::kNotFound) && error.message().find("keyspace \"") != std::string::npos) {
        return "`kvcli keyspaces` lists those there are; --create-keyspace makes it.";
    }
    return status_advice(protocol::to_wire(error), error.detail());
}

ExitCode Runner::connect() {
    Status status = connect_under_interrupt();
    context_.interrupt.disarm();
    if (status.is_ok()) return ExitCode::kOk;
    const CommandResult result = connect_failed(std::move(status));
    report(nullptr, result);
    return result.code;
}

ExitCode Runner::run_arguments(const std::vector<std::string>& words) {
    std::vector<Word> list;
    for (const std::string& word : words) list.push_back({word, false});
    return run(list, true);
}

ExitCode Runner::run_line(const std::string& line) {
    auto words = split_words(line);
    if (!words.is_ok()) {
        if (begins_batch(line)) drop_batch_lines(context_, {});
        report(nullptr, usage_error(words.error()));
        return ExitCode::kUsage;
    }
    return words->empty() ? ExitCode::kOk : run(*words, false);
}

ExitCode Runner::run(const std::vector<Word>& words, bool decode) {
    const auto start = std::chrono::steady_clock::now();
    const Command* command = find_command(words.front().text);
    CommandResult result;
    if (command == nullptr) {
        result = usage_error("no command '" + encode_escapes(words.front().text) +
                             "'; `help` lists them");
    } else {
        std::vector<OptionSpec> options = command->options;
        options.push_back(kHelp);
        auto arguments =
            parse_arguments(std::vector<Word>(words.begin() + 1, words.end()), options);
        if (!arguments.is_ok()) {
            if (command->name == kBatch) drop_batch_lines(context_, words);
            result = usage_error(arguments.error());
        } else if (arguments->has(kHelp.name)) {
            result = run_help(context_, Arguments{{std::string(command->name)}, {}});
        } else {
            context_.out.set_format(chosen_format(*arguments, format_));
            context_.out.begin_command();
            if (decode && context_.out.format() != Format::kRaw) decode_all(*command, *arguments);
            result = execute(*command, *arguments);
        }
    }
    if (!context_.out.flush() && result.error.is_ok()) {
        result = file_error(Status::io_error("writing the standard output"));
    }
    if (!result.error.is_ok()) report(command, result);
    if (timing_) {
        const std::chrono::duration<double, std::milli> took =
            std::chrono::steady_clock::now() - start;
        std::fprintf(stderr, "(%.3f ms)\n", took.count());
    }
    return result.code;
}

CommandResult Runner::execute(const Command& command, const Arguments& arguments) {
    const size_t count = arguments.words.size();
    if (count < command.min_words || count > command.max_words) {
        return usage_error(count < command.min_words ? "too few arguments" : "too many arguments");
    }
    Status status;
    if (is_local(command)) {
        context_.interrupt.arm([] {});
    } else {
        status = connect_under_interrupt();
    }
    CommandResult result =
        status.is_ok() ? command.run(context_, arguments) : connect_failed(std::move(status));
    context_.interrupt.disarm();
    return result;
}

/// Ctrl-C ends the attempt, and from then on the calls of the client. It counts as pressed until
/// the interrupt is armed again.
Status Runner::connect_under_interrupt() {
    std::stop_source stop;
    context_.interrupt.arm([stop]() mutable { stop.request_stop(); });
    KV_RETURN_IF_ERROR(context_.connect(stop.get_token()));
    context_.interrupt.redirect([client = context_.client.get()] { client->cancel_all(); });
    // Too late to end the attempt.
    if (context_.interrupt.triggered()) return {Code::kCancelled, "interrupted; nothing was sent"};
    return Status::ok();
}

void Runner::report(const Command* command, const CommandResult& result) {
    print_error(result.error, colour_on_stderr());
    if (!result.show_hint) return;
    switch (result.code) {
        case ExitCode::kUsage:
            if (command == nullptr) break;
            std::fprintf(stderr, "usage: %s %s\n", std::string(command->name).c_str(),
                         std::string(command->usage).c_str());
            break;
        case ExitCode::kCannotConnect:
        case ExitCode::kError:
        case ExitCode::kInDoubt:
            std::fprintf(stderr, "%s\n",
                         advice(result.error, context_.client_options.address).c_str());
            break;
        case ExitCode::kOk:
        case ExitCode::kNotFound:
            break;
    }
}

}  // namespace kv::cli

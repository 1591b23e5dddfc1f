// Command: what the commands of kvcli have in common: their table, what they get, what they return.
//
// Each command is one function over parsed arguments; the runner finds it, times it, and turns its
// result into messages and exit codes.
// Thread rule: the program's main thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "kv/client.h"

namespace kv::cli {

/// Exit codes of the program; part of its contract, never renumber.
enum class ExitCode : int {
    kOk = 0,
    kError = 1,  ///< The server refused, or a file of this machine did.
    kUsage = 2,
    kCannotConnect = 3,
    kInDoubt = 4,   ///< Time ran out, or nobody knows whether a write happened.
    kNotFound = 5,  ///< The key to read, or the keyspace to drop.
};

struct CommandResult {
    ExitCode code = ExitCode::kOk;
    Status error;           ///< Ok for success.
    bool show_hint = true;  ///< Say what to do: with kUsage the command's usage, else advice().
};

CommandResult done();
/// Wrong arguments: shows the message and the command's usage.
CommandResult usage_error(Status error);
CommandResult usage_error(std::string message);
/// An error of the server, or on the way to it: its code chooses the exit code.
CommandResult failed(Status error);
/// A file of this machine is at fault, its system call or what is in it. The message says all: the
/// server has no part in it.
CommandResult file_error(Status error);

/// A line of input; nullopt at its end. kCancelled after Ctrl-C, kIoError when reading failed: what
/// came before is then not all that was meant.
using InputLine = Result<std::optional<std::string>>;

/// What a command may use.
struct Context {
    ClientOptions client_options;
    Output& out;
    Interrupt& interrupt;
    std::unique_ptr<Client> client;  ///< Null until connect() succeeded.
    bool one_shot = false;           ///< The command came from the program's own arguments.
    /// The next line of input for commands that read several. The argument is the prompt for a
    /// person.
    std::function<InputLine(const char* prompt)> read_line;

    /// Connects unless that has been done. kCancelled: `stop` was requested meanwhile.
    Status connect(const std::stop_token& stop = {});
    /// Whether the person at the terminal says yes to `question`; without a terminal nobody is
    /// asked: true.
    Result<bool> confirmed(const std::string& question);
};

struct Command {
    std::string_view name;
    std::string_view usage;    ///< After the name.
    std::string_view summary;  ///< One line.
    std::string_view example;  ///< A line to type, and what it does.
    std::vector<OptionSpec> options;
    size_t min_words;
    size_t max_words;
    CommandResult (*run)(Context& context, const Arguments& arguments);
};

/// All commands, in the order help shows them.
std::span<const Command> all_commands();
const Command* find_command(std::string_view name);

/// --durability and --timeout, which every writing command takes.
Result<client::WriteOptions> write_options(const Arguments& arguments);
/// --timeout; 0 without it.
Result<uint32_t> timeout_ms(const Arguments& arguments);
/// The expiry that --ttl asks for, by this machine's clock; 0 without --ttl.
Result<uint64_t> expiry_from_ttl(const Arguments& arguments);
/// --prefix, --from and --to; a lone word is a prefix too.
client::KeyRange key_range(const Arguments& arguments);

/// When the line of a `batch` itself is wrong: takes in the lines that were to follow it, up to
/// `end`, `abort` or the end of the input, because they are no commands. `words` are those of the
/// line, as far as it could be split: with one that is a line of a batch, none follow. Nothing to
/// do for the program's only command.
void drop_batch_lines(Context& context, const std::vector<Word>& words);

// The commands, one function each.
CommandResult run_get(Context& context, const Arguments& arguments);
CommandResult run_put(Context& context, const Arguments& arguments);
CommandResult run_del(Context& context, const Arguments& arguments);
CommandResult run_delrange(Context& context, const Arguments& arguments);
CommandResult run_incr(Context& context, const Arguments& arguments);
CommandResult run_cas(Context& context, const Arguments& arguments);
CommandResult run_batch(Context& context, const Arguments& arguments);
CommandResult run_scan(Context& context, const Arguments& arguments);
CommandResult run_rscan(Context& context, const Arguments& arguments);
CommandResult run_count(Context& context, const Arguments& arguments);
CommandResult run_explain(Context& context, const Arguments& arguments);
CommandResult run_status(Context& context, const Arguments& arguments);
CommandResult run_stats(Context& context, const Arguments& arguments);
CommandResult run_checkpoint(Context& context, const Arguments& arguments);
CommandResult run_keyspaces(Context& context, const Arguments& arguments);
CommandResult run_keyspace(Context& context, const Arguments& arguments);
CommandResult run_ping(Context& context, const Arguments& arguments);
CommandResult run_import(Context& context, const Arguments& arguments);
CommandResult run_export(Context& context, const Arguments& arguments);
CommandResult run_help(Context& context, const Arguments& arguments);
CommandResult run_version(Context& context, const Arguments& arguments);

}  // namespace kv::cli

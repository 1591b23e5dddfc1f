// Runner: from words to a finished command: finds it, connects, runs it under Ctrl-C, and tells
// the person what went wrong and what to do.
// Thread rule: the program's main thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace kv::cli {

class Runner {
  public:
    Runner(Context& context, Format format) : context_(context), format_(format) {}

    /// A command from the program's own arguments: escapes are still to be replaced, except under
    /// --raw.
    ExitCode run_arguments(const std::vector<std::string>& words);
    /// A line of a session or script. kOk for a blank line.
    ExitCode run_line(const std::string& line);

    /// Connects. Otherwise says why not and what to do.
    ExitCode connect();

    bool timing() const { return timing_; }
    void set_timing(bool timing) { timing_ = timing; }

  private:
    ExitCode run(const std::vector<Word>& words, bool decode);
    CommandResult execute(const Command& command, const Arguments& arguments);
    Status connect_under_interrupt();
    void report(const Command* command, const CommandResult& result);

    Context& context_;
    Format format_;  // unless a command says otherwise
    bool timing_ = false;
};

/// "error: NAME: MESSAGE" on standard error.
void print_error(const Status& error, bool colour);

/// What a person should do about `error`, which came from the server at `address` or from the way
/// to it: one sentence.
std::string advice(const Status& error, const std::string& address);

}  // namespace kv::cli

// The interactive session of kvcli, and scripts on its standard input.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/runner.h"

namespace kv::cli {

/// Prompt, history and completion until Ctrl-D or :quit. Returns the code of the session, kOk once
/// it could begin.
ExitCode run_session(Context& context, Runner& runner);

/// Runs the lines of standard input. Stops at the first error, naming the line; a key that was not
/// found is remembered for the exit code, but does not stop.
ExitCode run_script(Context& context, Runner& runner);

/// The next line of standard input, without a prompt.
InputLine read_input_line();

/// What Tab offers for a line up to the cursor: commands, or the options of the command.
std::vector<std::string> completions(std::string_view line);

}  // namespace kv::cli

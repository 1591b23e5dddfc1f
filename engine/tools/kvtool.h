// The command line of kvtool: what main() does, with its streams handed in, for tests.
// Thread rule: one call at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "kv/file_system.h"

namespace kv::tools {

/// Exit codes. Part of the program's contract, never renumber.
enum ExitCode : int {
    kExitOk = 0,
    kExitDamage = 1,  ///< Damage was found, or a file could not be read.
    kExitUsage = 2,
    kExitNotDataDirectory = 3,  ///< Or one that a newer version wrote.
};

/// Runs `kvtool ARGS...`; `arguments` begin after the program's name. `show_progress`: standard
/// error is a terminal.
int run_kvtool(FileSystem& fs, std::vector<std::string> arguments, bool show_progress,
               std::ostream& out, std::ostream& err);

}  // namespace kv::tools

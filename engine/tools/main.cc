// kvtool: offline work on a data directory. Exit codes: kvtool.h.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <iostream>

#include "tools/kvtool.h"

int main(int argc, char** argv) {
    std::ios::sync_with_stdio(false);
    return kv::tools::run_kvtool(kv::posix_file_system(),
                                 std::vector<std::string>(argv + 1, argv + argc),
                                 isatty(STDERR_FILENO) == 1, std::cout, std::cerr);
}

// Runs code that must stop the process, in a child process.
// Thread rule: call it while the test has no other threads, because it forks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

namespace kv::test {

/// What `code` printed to standard error before it aborted; "(did not abort)" when it returned or
/// ended otherwise.
template <class Code>
std::string message_of_abort(Code code) {
    int ends[2];
    if (::pipe(ends) != 0) return "(no pipe)";
    const pid_t child = ::fork();
    if (child < 0) return "(no child process)";
    if (child == 0) {
        const rlimit no_core{0, 0};
        (void)::setrlimit(RLIMIT_CORE, &no_core);
        std::signal(SIGABRT, SIG_DFL);  // Catch2 would report the abort as a failure
        ::dup2(ends[1], STDERR_FILENO);
        code();
        ::_exit(0);
    }
    ::close(ends[1]);
    std::string text;
    char buffer[512];
    for (ssize_t got; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
        text.append(buffer, static_cast<size_t>(got));
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    const bool aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    return aborted ? text : "(did not abort) " + text;
}

}  // namespace kv::test

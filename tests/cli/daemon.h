// Helpers for tests that run the real programs: a kvd in a scratch directory, kvcli as a child
// process with its output, and kvcli on a pseudo-terminal. Every wait is bounded.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "support/temp_dir.h"

namespace kv::cli_test {

/// A running kvd; throws when it is not ready within thirty seconds.
class Daemon {
  public:
    Daemon();
    ~Daemon();
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;
    const std::string& address() const { return address_; }
    std::string file(const std::string& name) const { return directory_.file(name); }
    /// SIGKILL, and wait for it.
    void kill();

  private:
    test::TempDir directory_;
    pid_t pid_ = -1;
    std::string address_;
};

struct Finished {
    int exit_code = -1;
    std::string out;
    std::string err;
};
/// Runs `program` with `arguments`, feeding it `input`.
Finished run(const std::string& program, const std::vector<std::string>& arguments,
             const std::string& input = "");

std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& bytes);

/// A program on a pseudo-terminal of 24 x 80, with HOME at `home`.
class Terminal {
  public:
    Terminal(const std::string& program, const std::vector<std::string>& arguments,
             const std::string& home);
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    void type(const std::string& keys);
    /// Reads until `text` has appeared after everything expected before; throws after two minutes
    /// with what was there instead.
    void expect(const std::string& text);
    /// Waits for the end: the exit code.
    int wait();
    /// The same, typing `keys` every second until then: those that come while the program is
    /// between the terminal's two modes are lost.
    int leave(const std::string& keys);

  private:
    bool is_gone_within(std::chrono::milliseconds limit);

    int fd_ = -1;
    pid_t pid_ = -1;
    std::string seen_;  // not yet expected
};

}  // namespace kv::cli_test

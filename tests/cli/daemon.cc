// Starting and talking to the real programs.
// SPDX-License-Identifier: Apache-2.0
#include "cli/daemon.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "client/patience.h"
#include "support/notify_socket.h"

namespace kv::cli_test {

namespace {

using Clock = std::chrono::steady_clock;

void require(bool condition, const std::string& what) {
    if (!condition) throw std::runtime_error(what);
}

// Becomes `program`; in the child only.
[[noreturn]] void exec(const std::string& program, const std::vector<std::string>& arguments) {
    std::vector<char*> argv = {const_cast<char*>(program.c_str())};
    for (const std::string& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    // What the shell of whoever runs the tests says is none of their business.
    for (const char* name : {"KVCLI_ADDRESS", "KVCLI_KEYSPACE"}) ::unsetenv(name);
    ::execv(program.c_str(), argv.data());
    ::_exit(127);
}

int wait_for(pid_t pid) {
    int status = 0;
    if (::waitpid(pid, &status, 0) != pid) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Daemon::Daemon() {
    const std::string log = file("kvd.log");
    const test::NotifySocket notify(file("notify"));
    pid_ = ::fork();
    require(pid_ >= 0, "fork failed");
    if (pid_ == 0) {
        const int out = ::open(log.c_str(), O_CREAT | O_WRONLY, 0600);
        ::dup2(out, STDOUT_FILENO);
        ::dup2(out, STDERR_FILENO);
        ::putenv(const_cast<char*>(notify.variable().c_str()));
        exec(KVD_PROGRAM, {"--data-dir", file("data"), "--listen", "127.0.0.1:0", "--resp-listen",
                           "off", "--admin-listen", "off"});
    }
    const bool ready = notify.wait_for("READY=1", pid_);
    std::istringstream lines(read_file(file("data/kvd.addr")));
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("native=")) address_ = line.substr(7);
    }
    if (ready && !address_.empty()) return;
    kill();  // there will be no destructor
    require(false, "kvd did not start: " + read_file(log));
}

Daemon::~Daemon() { kill(); }

void Daemon::kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    (void)wait_for(pid_);
    pid_ = -1;
}

Finished run(const std::string& program, const std::vector<std::string>& arguments,
             const std::string& input) {
    // Files rather than pipes: nothing to deadlock on.
    const test::TempDir scratch;
    write_file(scratch.file("in"), input);
    const pid_t pid = ::fork();
    require(pid >= 0, "fork failed");
    if (pid == 0) {
        ::dup2(::open(scratch.file("in").c_str(), O_RDONLY), STDIN_FILENO);
        ::dup2(::open(scratch.file("out").c_str(), O_CREAT | O_WRONLY, 0600), STDOUT_FILENO);
        ::dup2(::open(scratch.file("err").c_str(), O_CREAT | O_WRONLY, 0600), STDERR_FILENO);
        exec(program, arguments);
    }
    Finished finished;
    finished.exit_code = wait_for(pid);
    finished.out = read_file(scratch.file("out"));
    finished.err = read_file(scratch.file("err"));
    return finished;
}

std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

Terminal::Terminal(const std::string& program, const std::vector<std::string>& arguments,
                   const std::string& home) {
    winsize size{24, 80, 0, 0};
    pid_ = ::forkpty(&fd_, nullptr, nullptr, &size);
    require(pid_ >= 0, "forkpty failed");
    if (pid_ == 0) {
        ::setenv("HOME", home.c_str(), 1);
        ::setenv("TERM", "xterm", 1);
        ::setenv("NO_COLOR", "1", 1);
        exec(program, arguments);
    }
}

Terminal::~Terminal() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        (void)wait_for(pid_);
    }
    ::close(fd_);
}

void Terminal::type(const std::string& keys) {
    require(::write(fd_, keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()),
            "typing failed");
}

void Terminal::expect(const std::string& text) {
    const auto limit = Clock::now() + test::kPatience;
    while (true) {
        if (const size_t at = seen_.find(text); at != std::string::npos) {
            seen_.erase(0, at + text.size());
            return;
        }
        pollfd entry{fd_, POLLIN, 0};
        require(Clock::now() < limit, "expected on the terminal: " + text + "\nfound: " + seen_);
        if (::poll(&entry, 1, 100) <= 0) continue;
        char chunk[4096];
        const ssize_t got = ::read(fd_, chunk, sizeof chunk);
        require(got > 0, "the terminal closed; expected: " + text + "\nfound: " + seen_);
        seen_.append(chunk, static_cast<size_t>(got));
    }
}

int Terminal::leave(const std::string& keys) {
    for (const auto limit = Clock::now() + test::kPatience; Clock::now() < limit;) {
        type(keys);
        if (is_gone_within(std::chrono::seconds(1))) return wait();
    }
    throw std::runtime_error("the program does not leave; on its terminal: " + seen_);
}

/// Takes in what the program says until it has closed its side of the terminal.
bool Terminal::is_gone_within(std::chrono::milliseconds limit) {
    const auto deadline = Clock::now() + limit;
    while (true) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        pollfd ready{fd_, POLLIN, 0};
        if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) == 0)
            return false;
        char bytes[512];
        const ssize_t got = ::read(fd_, bytes, sizeof bytes);
        if (got <= 0) return true;
        seen_.append(bytes, static_cast<size_t>(got));
    }
}

int Terminal::wait() {
    const int code = wait_for(pid_);
    pid_ = -1;
    return code;
}

}  // namespace kv::cli_test

// SIGINT by way of a pipe.
// SPDX-License-Identifier: Apache-2.0
#include "cli/interrupt.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "session/signals_blocked.h"

namespace kv::cli {

namespace {

constexpr char kPressed = 'c';
constexpr char kQuit = 'q';

// The handler's end of the pipe; a signal handler can reach nothing but a global.
int handler_fd = -1;
int watcher_fd = -1;
std::atomic<uint64_t> press_count{0};
static_assert(std::atomic<uint64_t>::is_always_lock_free, "used in a signal handler");

void on_sigint(int /*signal*/) {
    const int saved = errno;
    press_count.fetch_add(1);
    (void)!::write(handler_fd, &kPressed, 1);
    errno = saved;
}

}  // namespace

Interrupt::Interrupt() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return;  // Ctrl-C then ends the program, as everywhere
    watcher_fd = ends[0];
    handler_fd = ends[1];
    struct sigaction action {};
    action.sa_handler = on_sigint;  // without SA_RESTART: the prompt's read must return
    ::sigaction(SIGINT, &action, nullptr);
    const client::SignalsBlocked signals_blocked;
    watcher_ = std::thread([this] { watch(); });
}

Interrupt::~Interrupt() {
    if (!watcher_.joinable()) return;
    ::signal(SIGINT, SIG_DFL);
    (void)!::write(handler_fd, &kQuit, 1);
    watcher_.join();
    ::close(handler_fd);
    ::close(watcher_fd);
}

uint64_t Interrupt::presses() const { return press_count.load(); }

void Interrupt::arm(std::function<void()> stop) {
    const std::lock_guard lock(mutex_);
    presses_before_ = presses();
    stop_ = std::move(stop);
}

void Interrupt::redirect(std::function<void()> stop) {
    const std::lock_guard lock(mutex_);
    stop_ = std::move(stop);
}

void Interrupt::disarm() {
    const std::lock_guard lock(mutex_);
    stop_ = nullptr;
}

void Interrupt::watch() {
    char byte = 0;
    while (::read(watcher_fd, &byte, 1) == 1 && byte == kPressed) {
        const std::lock_guard lock(mutex_);
        // A press at the prompt may be seen here only after the next command has begun.
        if (!stop_ || presses() == presses_before_) continue;
        stop_();
    }
}

}  // namespace kv::cli

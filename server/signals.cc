// See signals.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <string>

#include "server/log.h"

namespace kv::server {
namespace {

sigset_t watched_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}) sigaddset(&set, signal);
    return set;
}

/// What rotates logs renames the file and sends one of these two signals.
void rotate_log(const std::string& signal) {
    constexpr const char* kNoReload =
        "no setting can be reloaded in this version; restart to apply";
    const auto path = reopen_log();
    if (!path.is_ok()) {
        log_error(signal + ": " + std::string(path.error().message()) +
                  "; lines go on to the file that was open");
    } else if (path->empty()) {
        log_info(signal + ": the log goes to standard error, there is no file to open anew; " +
                 kNoReload);
    } else {
        log_info(signal + ": opened " + *path + " anew; " + kNoReload);
    }
}

}  // namespace

SignalWatcher::SignalWatcher() {
    signal(SIGPIPE, SIG_IGN);
    const sigset_t set = watched_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    thread_ = std::thread([this] { watch(); });
    pthread_setname_np(thread_.native_handle(), "kvd-signals");
}

SignalWatcher::~SignalWatcher() {
    {
        const std::lock_guard lock(mutex_);
        finished_ = true;
    }
    pthread_kill(thread_.native_handle(), SIGUSR2);
    thread_.join();
}

void SignalWatcher::watch() {
    const sigset_t set = watched_signals();
    while (true) {
        int signal = 0;
        if (sigwait(&set, &signal) != 0) continue;
        const std::lock_guard lock(mutex_);
        if (finished_) return;
        if (signal == SIGHUP || signal == SIGUSR1) {
            rotate_log(signal == SIGHUP ? "SIGHUP" : "SIGUSR1");
            continue;
        }
        if (signal == SIGUSR2) continue;
        if (!serving_) _exit(0);
        if (stop_signal_ != 0) _exit(1);
        stop_signal_ = signal;
        if (stops_) log_info("signal " + std::to_string(signal) + ": stopping already");
        stops_ = true;
        changed_.notify_all();
    }
}

void SignalWatcher::request_stop() {
    const std::lock_guard lock(mutex_);
    stops_ = true;
    changed_.notify_all();
}

void SignalWatcher::serving_begins() {
    const std::lock_guard lock(mutex_);
    serving_ = true;
}

int SignalWatcher::wait_for_stop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stops_; });
    return stop_signal_;
}

}  // namespace kv::server

// See signals.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "server/log.h"

namespace kv::server {
namespace {

sigset_t watched_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR2}) sigaddset(&set, signal);
    return set;
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
        if (signal == SIGHUP) {
            log_info("SIGHUP: no setting can be reloaded in this version; restart to apply");
            continue;
        }
        if (signal == SIGUSR2) continue;
        if (!serving_) _exit(0);
        if (stop_signal_ != 0) _exit(1);
        stop_signal_ = signal;
        changed_.notify_all();
    }
}

void SignalWatcher::serving_begins() {
    const std::lock_guard lock(mutex_);
    serving_ = true;
}

int SignalWatcher::wait_for_stop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stop_signal_ != 0; });
    return stop_signal_;
}

}  // namespace kv::server

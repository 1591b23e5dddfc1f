// A library to preload (LD_PRELOAD) into a server: every fsync and fdatasync takes
// KV_SYNC_DELAY_US microseconds longer, as on a slower disk. For scripts/bench_server
// --sync-delay-us; no server links it.
// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>

namespace {

using Sync = int (*)(int);

/// The function of that name that would have been called without this library.
Sync next_sync(const char* name) { return reinterpret_cast<Sync>(dlsym(RTLD_NEXT, name)); }

timespec delay() {
    const char* const text = std::getenv("KV_SYNC_DELAY_US");
    const long us = text == nullptr ? 0 : std::strtol(text, nullptr, 10);
    return {us / 1'000'000, us % 1'000'000 * 1000};
}

int sync_and_wait(Sync sync, int fd) {
    static const timespec wait = delay();
    const int result = sync(fd);
    const int error = errno;
    (void)nanosleep(&wait, nullptr);  // cut short by a signal, it only waits less
    errno = error;
    return result;
}

}  // namespace

extern "C" [[gnu::visibility("default")]] int fsync(int fd) {
    static const Sync sync = next_sync("fsync");
    return sync_and_wait(sync, fd);
}

extern "C" [[gnu::visibility("default")]] int fdatasync(int fd) {
    static const Sync sync = next_sync("fdatasync");
    return sync_and_wait(sync, fd);
}

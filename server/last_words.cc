// See last_words.h. Allocates nothing: there may be no memory left.
// SPDX-License-Identifier: Apache-2.0
#include "server/last_words.h"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>

#include "server/log.h"

namespace kv::server {
namespace {

constexpr const char* kOutOfMemory =
    "out of memory: kvd aborts, and what it acknowledged as durable is safe; lower "
    "engine.memory_budget, limits.network_memory or limits.connections, or allow it more memory "
    "(MemoryMax of the unit, ulimit -v, the container's limit)";

[[noreturn]] void say_last_words() {
    try {
        if (const std::exception_ptr current = std::current_exception()) {
            std::rethrow_exception(current);
        }
        log_last_words("kvd aborts: std::terminate was called");
    } catch (const std::bad_alloc&) {
        log_last_words(kOutOfMemory);
    } catch (const std::exception& error) {
        char line[512];
        (void)std::snprintf(line, sizeof line, "kvd aborts on an exception that nobody caught: %s",
                            error.what());
        log_last_words(line);
    } catch (...) {
        log_last_words("kvd aborts on an exception that nobody caught");
    }
    std::abort();
}

}  // namespace

void say_last_words_on_terminate() { std::set_terminate(say_last_words); }

}  // namespace kv::server

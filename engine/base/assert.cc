// The end of a process whose own memory broke a promise.
// SPDX-License-Identifier: Apache-2.0
#include "kv/assert.h"

#include <cstdio>
#include <cstdlib>

namespace kv {

void assertion_failed(const char* condition, const char* file, int line) {
    // A failed print changes nothing: the process ends either way.
    (void)std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
    std::abort();
}

}  // namespace kv

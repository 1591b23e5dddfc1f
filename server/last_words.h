// What kvd says when it ends on an exception that nobody caught: one line in its log, in place of
// the "terminate called" of the library, and then abort() as before, so that there is a core.
// Thread rule: install once, in main before any other thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace kv::server {

/// Of an exception that went through everything: out of memory, no more threads.
void say_last_words_on_terminate();

}  // namespace kv::server

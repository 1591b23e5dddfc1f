// FileSystem::read_together of the operating system: io_uring where the build found liburing and
// the kernel lets us use it, else reads announced with posix_fadvise, so that the kernel fetches
// all of them at once while they are collected one after the other.
// Thread rule: any thread; the ring behind it is the calling thread's own.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "kv/file_system.h"

namespace kv::io {

/// Every file must be a PosixRandomAccessFile.
void read_together(std::span<ReadRequest> requests);

// Its two ways, for tests.
/// False, and nothing done, when there is no io_uring here.
bool read_by_ring(std::span<ReadRequest> requests);
void read_by_advice(std::span<ReadRequest> requests);

}  // namespace kv::io

// How the file descriptors of the process are shared out: the store's files first, then clients.
// A connection that cannot be accepted waits or is refused; a log segment that cannot be opened
// stops all writes. Thread rule: main, before the server starts.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "kv/stats.h"

namespace kv::server {

/// Raises the soft limit to the hard one, where that is allowed. Returns the one that holds now.
uint64_t raise_descriptor_limit();

/// Of `descriptors`, those that clients may not have. The store keeps every table open that has
/// been used, so there are two for each that it holds now, and a quarter of all in any case.
uint64_t reserved_descriptors(uint64_t descriptors, size_t threads, const StoreStats& stats);

/// The value for limits.connections that leaves `reserve` of `descriptors` alone, whoever else is
/// being told that there is no room. One at least.
uint64_t connections_beside(uint64_t reserve, uint64_t descriptors);

}  // namespace kv::server

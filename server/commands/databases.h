// The numbered databases of the RESP listener: database N is keyspace N, so database 0 is the
// default keyspace, which the native protocol sees. Thread rule: constants.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace kv::server {

/// What SELECT, COPY and FLUSHALL know of. A store keeps the keys of higher ones, unseen, when this
/// is ever lowered.
constexpr uint32_t kDatabases = 16;

}  // namespace kv::server

// request_limits: what the RESP listener takes of one command (protocol/docs/resp.md, section 2).
// Thread rule: pure.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "kv/options.h"
#include "protocol/resp/request_parser.h"

namespace kv::server {

/// A command of the largest key and value, or of a whole batch, is kept, and some more.
inline protocol::resp::RequestParser::Limits request_limits(const Options& engine) {
    protocol::resp::RequestParser::Limits limits;
    limits.kept_bytes = std::max(engine.max_value_bytes, engine.max_batch_bytes) + (1U << 20);
    return limits;
}

}  // namespace kv::server

// The engine's explanation of a get as an answer of KV.EXPLAIN. Thread rule: pure.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kv/explain.h"
#include "protocol/resp/reply_writer.h"

namespace kv::server {

/// A map: outcome, seqno, value_bytes, source, memtables, memtables_us, tables (an array of maps),
/// tables_passed_over, total_us.
void answer_explanation(const GetExplanation& explanation, protocol::resp::ReplyWriter& reply);

}  // namespace kv::server

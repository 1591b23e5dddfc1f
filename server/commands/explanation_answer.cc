// See explanation_answer.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands/explanation_answer.h"

#include <string_view>

namespace kv::server {
namespace {

using protocol::resp::ReplyWriter;

std::string_view name_of(GetExplanation::Outcome outcome) {
    using Outcome = GetExplanation::Outcome;
    switch (outcome) {
        case Outcome::kLive:
            return "live";
        case Outcome::kDeleted:
            return "deleted";
        case Outcome::kDeletedByRange:
            return "deleted by a range delete";
        case Outcome::kExpired:
            return "expired";
        case Outcome::kAbsent:
            break;
    }
    return "absent";
}

std::string_view filter_text(const TableProbe& probe) {
    if (!probe.filter_asked) return "not asked";
    return probe.filter_skipped ? "surely not here" : "perhaps here";
}

void pair(ReplyWriter& reply, std::string_view name, uint64_t value) {
    reply.bulk(name);
    reply.integer(static_cast<int64_t>(value));
}

void pair(ReplyWriter& reply, std::string_view name, std::string_view value) {
    reply.bulk(name);
    reply.bulk(value);
}

void answer_probe(const TableProbe& probe, ReplyWriter& reply) {
    reply.map(7);
    pair(reply, "table", probe.table);
    pair(reply, "level", static_cast<uint64_t>(probe.level));
    pair(reply, "filter", filter_text(probe));
    pair(reply, "found", std::string_view(probe.found ? "yes" : "no"));
    pair(reply, "cached_blocks", probe.cached_blocks);
    pair(reply, "disk_blocks", probe.disk_blocks);
    pair(reply, "us", probe.us);
}

}  // namespace

void answer_explanation(const GetExplanation& explanation, ReplyWriter& reply) {
    reply.map(9);
    pair(reply, "outcome", name_of(explanation.outcome));
    pair(reply, "seqno", explanation.seqno);
    pair(reply, "value_bytes", explanation.value_bytes);
    pair(reply, "source", std::string_view(explanation.source));
    pair(reply, "memtables", explanation.memtables);
    pair(reply, "memtables_us", explanation.memtables_us);
    reply.bulk("tables");
    reply.array(explanation.tables.size());
    for (const TableProbe& probe : explanation.tables) answer_probe(probe, reply);
    pair(reply, "tables_passed_over", explanation.tables_passed_over);
    pair(reply, "total_us", explanation.total_us);
}

}  // namespace kv::server

// Explained reads, and their stories as text: kv/explain.h.
// SPDX-License-Identifier: Apache-2.0
#include "kv/explain.h"

#include "db/db_impl.h"
#include "db/lookup.h"
#include "db/lookup_trace.h"

namespace kv {

namespace {

const char* outcome_text(GetExplanation::Outcome outcome) {
    using Outcome = GetExplanation::Outcome;
    switch (outcome) {
        case Outcome::kAbsent:
            return "absent";
        case Outcome::kLive:
            return "live";
        case Outcome::kDeleted:
            return "deleted";
        case Outcome::kDeletedByRange:
            return "deleted by range";
        case Outcome::kExpired:
            return "expired";
    }
    return "unknown";
}

std::string probe_text(const TableProbe& probe) {
    std::string text =
        "level " + std::to_string(probe.level) + ", table " + std::to_string(probe.table) + ": ";
    if (probe.filter_skipped) return text + "filter says no, " + std::to_string(probe.us) + " us\n";
    text += probe.filter_asked ? "filter says maybe, " : "no filter, ";
    text += probe.found ? "found" : "not found";
    text += ", blocks: " + std::to_string(probe.cached_blocks) + " cached, " +
            std::to_string(probe.disk_blocks) + " from disk, " + std::to_string(probe.us) + " us\n";
    return text;
}

}  // namespace

std::string to_text(const GetExplanation& explanation) {
    std::string text = outcome_text(explanation.outcome);
    if (!explanation.source.empty()) {
        text +=
            ", decided by seqno " + std::to_string(explanation.seqno) + " in " + explanation.source;
    }
    if (explanation.outcome == GetExplanation::Outcome::kLive)
        text += ", value of " + std::to_string(explanation.value_bytes) + " bytes";
    text += "\nmemtables asked: " + std::to_string(explanation.memtables) + ", " +
            std::to_string(explanation.memtables_us) + " us\n";
    for (const TableProbe& probe : explanation.tables) text += probe_text(probe);
    text +=
        "tables passed over by their bounds: " + std::to_string(explanation.tables_passed_over) +
        "\ntotal: " + std::to_string(explanation.total_us) + " us\n";
    return text;
}

}  // namespace kv

namespace kv::db {

Result<GetExplanation> DbImpl::explain_get(Bytes key, const ReadOptions& options) {
    GetExplanation out;
    const uint64_t began_us = context_->clock.monotonic_us();
    const ViewLease view = views_.acquire();
    const Seqno seqno = options.snapshot ? options.snapshot->seqno() : log_.published();
    LookupTrace trace(context_->clock, out);
    Found found;
    KV_RETURN_IF_ERROR(lookup(*view, tables_, key, seqno, context_->clock.wall_ms(),
                              read_mode(options), found, &trace));
    out.seqno = found.seqno;
    out.value_bytes = found.value.size();
    using Outcome = GetExplanation::Outcome;
    if (found.live) {
        out.outcome = Outcome::kLive;
    } else if (found.expiry_ms != 0) {
        out.outcome = Outcome::kExpired;
    } else if (found.any && out.outcome != Outcome::kDeletedByRange) {
        out.outcome = Outcome::kDeleted;
    }
    out.tables_passed_over = view->tables->version().total_files() - out.tables.size();
    out.total_us = context_->clock.monotonic_us() - began_us;
    return out;
}

}  // namespace kv::db

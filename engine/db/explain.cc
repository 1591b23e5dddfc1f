// Explained reads, and their stories as text: kv/explain.h.
// SPDX-License-Identifier: Apache-2.0
#include "kv/explain.h"

#include <algorithm>
#include <utility>

#include "db/db_impl.h"
#include "db/lookup.h"
#include "db/lookup_trace.h"
#include "db/scan_bounds.h"
#include "db/view_source.h"

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
    text += probe.filter_asked ? "filter says maybe, " : "filter not asked, ";
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

std::string to_text(const ScanExplanation& explanation) {
    const auto number = [](uint64_t n) { return std::to_string(n); };
    std::string text = number(explanation.entries) + " entries, " +
                       number(explanation.passed_over) + " passed over" +
                       (explanation.budget_exhausted ? ", which ended the walk" : "") +
                       "\nmemtables: " + number(explanation.memtables) +
                       ", range deletes: " + number(explanation.range_deletes) + "\n";
    for (size_t level = 0; level < explanation.tables_by_level.size(); ++level) {
        if (explanation.tables_by_level[level] == 0) continue;
        text += "level " + number(level) + ": " + number(explanation.tables_by_level[level]) +
                " tables in range\n";
    }
    return text + "blocks: " + number(explanation.cached_blocks) + " cached, " +
           number(explanation.disk_blocks) + " from disk\nopen " + number(explanation.open_us) +
           " us, seek " + number(explanation.seek_us) + " us, walk " + number(explanation.walk_us) +
           " us\n";
}

}  // namespace kv

namespace kv::db {

namespace {

uint64_t tables_in_range(const TableSet& tables, int level, const ScanOptions& options) {
    const ScanBounds bounds(options);
    const auto& all = tables.tables(level);
    return static_cast<uint64_t>(std::count_if(
        all.begin(), all.end(), [&](const TableSet::Table& table) { return bounds.meet(table); }));
}

}  // namespace

Result<GetExplanation> DbImpl::explain_get(Bytes key, const ReadOptions& options) {
    GetExplanation out;
    const uint64_t began_us = context_->clock.monotonic_us();
    const ViewLease view = views_.acquire();
    const Seqno seqno = options.snapshot ? options.snapshot->seqno() : log_.published();
    LookupTrace trace(context_->clock, out);
    Found found;
    KV_RETURN_IF_ERROR(lookup(*view, tables_, key, seqno, ReadTime(context_->clock),
                              read_mode(options), found, nullptr, &trace));
    out.seqno = found.seqno;
    out.value_bytes = found.value.size();
    using Outcome = GetExplanation::Outcome;
    if (found.live) {
        out.outcome = Outcome::kLive;
    } else if (found.expiry_ms != 0) {
        out.outcome = Outcome::kExpired;
    } else if (found.any) {
        out.outcome = found.by_range ? Outcome::kDeletedByRange : Outcome::kDeleted;
    }
    out.tables_passed_over = view->tables->version().total_files() - out.tables.size();
    out.total_us = context_->clock.monotonic_us() - began_us;
    return out;
}

Result<ScanExplanation> DbImpl::explain_scan(const ScanOptions& options, uint64_t limit) {
    ScanExplanation out;
    BlockCounts blocks;
    uint64_t began_us = context_->clock.monotonic_us();
    const auto lap = [&] {
        const uint64_t now_us = context_->clock.monotonic_us();
        return now_us - std::exchange(began_us, now_us);
    };
    auto [view, seqno] = pin_for(options);
    const ReadView& pinned = *view;
    WalkSource source = new_view_source(pinned, tables_, seqno, options, &blocks);
    for (const RangeTombstoneSetPtr& ranges : source.range_deletes)
        out.range_deletes += ranges->fragments();
    out.memtables = static_cast<uint32_t>(1 + pinned.immutables.size());
    for (int level = 0; level < pinned.tables->levels(); ++level)
        out.tables_by_level.push_back(tables_in_range(*pinned.tables, level, options));
    DbIterator it(*context_, std::move(view), std::move(source), options.snapshot, seqno,
                  context_->clock.wall_ms(), options);
    out.open_us = lap();
    it.seek_to_first();
    out.seek_us = lap();
    for (; it.valid() && out.entries < limit; it.next()) ++out.entries;
    out.walk_us = lap();
    KV_RETURN_IF_ERROR(it.status());
    out.passed_over = it.skipped();
    out.budget_exhausted = it.budget_exhausted();
    out.cached_blocks = blocks.cached;
    out.disk_blocks = blocks.from_disk;
    return out;
}

}  // namespace kv::db

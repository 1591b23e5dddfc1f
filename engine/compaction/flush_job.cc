// Memtable to level 0: see flush_job.h.
// SPDX-License-Identifier: Apache-2.0
#include "compaction/flush_job.h"

#include "compaction/entry_writer.h"
#include "compaction/output.h"
#include "compaction/range_merge.h"

namespace kv {

namespace {

Status write_all(FlushSource source, const RangeTombstoneSet* ranges, EntryDropper& dropper,
                 OutputSet& outputs, MergeCounters& counters) {
    std::string scratch;
    InternalIterator& walk = source.walk;
    walk.seek_to_first();
    InternalEntry entry;
    for (bool any = walk.current(entry); any; any = walk.next_entry(entry)) {
        const auto& [key, value] = entry;
        const Verdict verdict = dropper.decide(key, value);
        if (verdict == Verdict::kMalformed) {
            return dropper.malformed_entry(key, value).with_context("flush");
        }
        count_verdict(verdict, counters);
        KV_RETURN_IF_ERROR(write_by_verdict(outputs, verdict, key, value, scratch));
        const uint64_t passed = walk.pass_versions(dropper.shadowed_above());
        counters.entries_in += passed;
        counters.dropped_shadowed += passed;
    }
    KV_RETURN_IF_ERROR(walk.status());
    if (ranges != nullptr) {
        const RangeMergeRules rules{dropper.boundaries(), nullptr};
        for (const RangeTombstone& tombstone : kept_range_tombstones(
                 *ranges, rules, std::nullopt, std::nullopt, &counters.forgotten_ranges)) {
            KV_RETURN_IF_ERROR(outputs.add_range_tombstone(tombstone));
        }
    }
    KV_RETURN_IF_ERROR(outputs.close_output());
    if (!counters.balanced() || outputs.entries() != counters.entries_out ||
        counters.entries_in != source.entries) {
        return Status::corruption("flush read " + std::to_string(counters.entries_in) +
                                  " entries of " + std::to_string(source.entries) + " and wrote " +
                                  std::to_string(outputs.entries()) + ", dropping " +
                                  std::to_string(counters.entries_in - counters.entries_out) +
                                  ": nothing is committed");
    }
    return outputs.sync_dir();
}

}  // namespace

Result<FlushResult> write_level0_table(FileSystem& fs, const std::string& dir, uint64_t number,
                                       FlushSource source, const DropRules& rules,
                                       const TableOptions& options) {
    DropRules kept = rules;
    kept.may_exist_below = nullptr;
    EntryDropper dropper(std::move(kept));
    OutputSet outputs(fs, dir, options, [number] { return number; });
    FlushResult result;
    Status status =
        write_all(source, rules.range_tombstones.get(), dropper, outputs, result.counters);
    if (!status.is_ok()) return discard_after(std::move(status), outputs);
    if (!outputs.files().empty()) result.file = outputs.files().front();
    return result;
}

}  // namespace kv

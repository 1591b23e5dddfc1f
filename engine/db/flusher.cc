// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/flusher.h"

#include <algorithm>

namespace kv::db {

void Flusher::schedule() {
    if (shape_.immutable_count() == 0) return;
    if (running_.exchange(true)) return;
    const auto memtable = shape_.oldest_immutable();
    if (memtable == nullptr || memtable->largest_seqno() > log_.published()) {
        running_.store(false);
        // Frozen or published between the look and the store: whoever did it saw us running and
        // went away.
        const auto now = shape_.oldest_immutable();
        if (now != nullptr && now->largest_seqno() <= log_.published()) schedule();
        return;
    }
    context_.post(Lane::kFlush, [this] { run(); });
}

void Flusher::run() {
    const auto memtable = shape_.oldest_immutable();
    const bool done = memtable == nullptr || flush_one(memtable);
    if (!done) return;  // a timer goes on, still holding running_
    running_.store(false);
    on_flushed_();
    schedule();
}

bool Flusher::flush_one(const std::shared_ptr<Memtable>& memtable) {
    if (!edit_.has_value()) {
        const Status written = write_table(*memtable);
        if (!written.is_ok()) {
            retry(Health::Cause::kFlush, written);
            return false;
        }
        health_.clear(Health::Cause::kFlush);
    }
    // Never beyond what the MANIFEST knows: the next segment may not have been made yet.
    const uint64_t oldest = std::min(log_.oldest_needed(memtable->largest_seqno()),
                                     manifest_.counters().last_created_segment);
    if (oldest > manifest_.counters().oldest_segment) edit_->oldest_segment = oldest;
    const Status applied = manifest_.apply(*edit_);
    if (!applied.is_ok()) {
        retry(Health::Cause::kManifest, applied);
        return false;
    }
    edit_.reset();
    health_.clear(Health::Cause::kManifest);
    shape_.memtable_flushed(memtable);
    log_.forget_before(manifest_.counters().oldest_segment);
    garbage_.schedule();
    return true;
}

Status Flusher::write_table(Memtable& memtable) {
    DropRules rules;
    rules.snapshots = snapshots_.list_with([this] { return log_.published(); }, rules.published);
    rules.now_ms = context_.clock.wall_ms();
    rules.range_tombstones = memtable.range_tombstones();
    const uint64_t began_us = context_.clock.monotonic_us();
    const uint64_t number = manifest_.allocate_file_number();
    const auto source = memtable.new_flush_iterator();
    const TableOptions table =
        table_options(context_.options, TableReason::kFlush, *manifest_.current(), 0);
    KV_ASSIGN_OR_RETURN(FlushResult result,
                        write_level0_table(context_.fs, context_.dir, number,
                                           {*source, memtable.entries()}, rules, table));
    edit_.emplace();
    edit_->flushed_seqno = memtable.largest_seqno();
    Counters& counters = context_.counters;
    Counters::add(counters.flushes, 1);
    Counters::add(counters.dropped_shadowed, result.counters.dropped_shadowed);
    if (!result.file.has_value()) return Status::ok();
    Counters::add(counters.flush_bytes, result.file->size_bytes);
    context_.level_written_bytes[0] += result.file->size_bytes;
    context_.latencies.flush.add(context_.clock.monotonic_us() - began_us);
    context_.log(LogLevel::kInfo,
                 "flush: table " + std::to_string(number) + ", " +
                     std::to_string(result.counters.entries_out) + " entries, " +
                     std::to_string(result.file->size_bytes) + " bytes, up to seqno " +
                     std::to_string(memtable.largest_seqno()) + ", " +
                     std::to_string((context_.clock.monotonic_us() - began_us) / 1000) + " ms");
    edit_->add(0, std::move(*result.file));
    return Status::ok();
}

void Flusher::retry(Health::Cause cause, const Status& status) {
    health_.raise(cause, status);
    on_flushed_();  // those who wait for this flush, or for its room, are refused instead
    context_.post_after(Lane::kFlush, kRetryMs, [this] { run(); });
}

}  // namespace kv::db

// Reads, snapshots and statistics of an open store.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "db/db_impl.h"
#include "db/db_iterator.h"
#include "db/lookup.h"
#include "db/multi_lookup.h"
#include "db/range_count.h"
#include "db/view_source.h"
#include "record/batch_format.h"

namespace kv::db {

ReadMode read_mode(const ReadOptions& options) {
    return {.cache_only = options.cache_only,
            .fill_cache = options.fill_cache,
            .readahead_bytes = 0,
            .counts = nullptr,
            .keep_all = false};
}

Status DbImpl::prepare(const WriteBatch& batch, bool cache_only) {
    std::vector<Bytes> keys;
    for (const Precondition& precondition : batch.preconditions()) keys.push_back(precondition.key);
    if (batch.increment_count() != 0) {
        BatchReader reader(batch.encoded());
        for (Op op; reader.next(op);) {
            if (op.is_increment()) keys.push_back(op.key);
        }
        KV_RETURN_IF_ERROR(reader.status());
    }
    return prepare(keys, cache_only);
}

Status DbImpl::prepare(const std::vector<Bytes>& keys, bool cache_only) {
    const ViewLease view = views_.acquire();
    ReadMode mode;
    mode.cache_only = cache_only;
    mode.keep_all = true;
    for (const Bytes key : keys) {
        Found found;
        KV_RETURN_IF_ERROR(lookup(*view, tables_, key, kMaxSeqno, ReadTime(0), mode, found));
    }
    return Status::ok();
}

void DbImpl::count_get(const Status& status, const Found& found) {
    if (status.is(Code::kWouldBlock)) return;  // whoever asks again is counted then
    Counters& counters = context_->counters;
    Counters::add(counters.gets, 1);
    if (found.table.filter_checks != 0) {
        Counters::add(counters.filter_checks, found.table.filter_checks);
        Counters::add(counters.filter_skips, found.table.filter_skips);
    }
    if (!status.is_ok()) [[unlikely]]
        context_->note_failed_read(status);
    else if (found.live)
        Counters::add(counters.get_hits, 1);
}

Result<std::optional<Entry>> DbImpl::answer_of(const Status& status, const Found& found) {
    count_get(status, found);
    if (!status.is_ok()) return status;
    if (!found.live) return std::optional<Entry>();
    return std::optional<Entry>(Entry{std::string(found.value), found.seqno, found.expiry_ms});
}

Status DbImpl::find_newest(const ReadView& view, Bytes key, const ReadOptions& options,
                           Found& found, RowAccess& rows) {
    // The view was taken before the seqno: what the seqno shows of it is then all there.
    const Seqno seqno = options.snapshot ? options.snapshot->seqno() : log_.published();
    const ReadTime now(context_->clock);
    thread_local uint32_t since_sample = 0;
    if (++since_sample % Latencies::kGetSample != 0) [[likely]] {
        return lookup(view, tables_, key, seqno, now, read_mode(options), found, &rows);
    }
    const uint64_t began_us = context_->clock.monotonic_us();
    Status status = lookup(view, tables_, key, seqno, now, read_mode(options), found, &rows);
    context_->latencies.get.add(context_->clock.monotonic_us() - began_us);
    return status;
}

Result<std::optional<Entry>> DbImpl::get(Bytes key, const ReadOptions& options) {
    const ViewLease view = views_.acquire();
    Found found;
    RowAccess rows(rows_);
    const Status status = find_newest(*view, key, options, found, rows);
    return answer_of(status, found);
}

Result<bool> DbImpl::get_into(Bytes key, const ReadOptions& options, Entry& entry) {
    const ViewLease view = views_.acquire();
    Found found;
    RowAccess rows(rows_);
    Status status = find_newest(*view, key, options, found, rows);
    count_get(status, found);
    if (!status.is_ok()) return status;
    if (!found.live) return false;
    entry.value.assign(found.value);
    entry.seqno = found.seqno;
    entry.expiry_ms = found.expiry_ms;
    return true;
}

Result<std::optional<EntryHead>> DbImpl::get_head(Bytes key, const ReadOptions& options) {
    const ViewLease view = views_.acquire();
    Found found;
    RowAccess rows(rows_);
    const Status status = find_newest(*view, key, options, found, rows);
    count_get(status, found);
    if (!status.is_ok()) return status;
    return head_of(found);
}

std::vector<Result<std::optional<Entry>>> DbImpl::multi_get(const std::vector<Bytes>& keys,
                                                            const ReadOptions& options,
                                                            uint64_t max_value_bytes) {
    const ViewLease view = views_.acquire();
    const Seqno seqno = options.snapshot ? options.snapshot->seqno() : log_.published();
    std::vector<Result<std::optional<Entry>>> answers(keys.size(), std::optional<Entry>());
    uint64_t room_bytes = max_value_bytes;
    const auto answer = [&](size_t index, const Status& status, const Found& found) {
        const uint64_t bytes = found.value.size();
        if (status.is_ok() && bytes > room_bytes) {
            room_bytes = 0;
            answers[index] = Status(Code::kInvalidArgument,
                                    "the values of all keys take more than " +
                                        std::to_string(max_value_bytes) + " bytes",
                                    bytes);
            return;
        }
        if (status.is_ok()) room_bytes -= bytes;
        answers[index] = answer_of(status, found);
    };
    MultiLookup(*view, tables_, seqno, ReadTime(context_->clock), read_mode(options), answer)
        .run(keys);
    return answers;
}

std::pair<ViewLease, Seqno> DbImpl::pin_for(const ReadOptions& options) {
    if (options.snapshot) return {views_.pin(), options.snapshot->seqno()};
    // With an older view, what walks have learnt about the tables (db/hidden_runs.h) would let a
    // batch in a newer memtable show by its deletes alone.
    return views_.pin_with([this] { return log_.published(); });
}

std::unique_ptr<Iterator> DbImpl::new_iterator(const ScanOptions& options) {
    Counters::add(context_->counters.iterators, 1);
    auto [view, seqno] = pin_for(options);
    auto source = new_view_source(*view, tables_, seqno, options);
    return std::make_unique<DbIterator>(*context_, std::move(view), std::move(source),
                                        options.snapshot, seqno, context_->clock.wall_ms(),
                                        options);
}

SnapshotPtr DbImpl::snapshot() {
    return snapshots_->take([this] { return log_.published(); });
}

uint64_t DbImpl::approximate_count(const ScanOptions& options) {
    const ViewLease view = views_.pin();
    return db::approximate_count(*view, tables_, options);
}

void DbImpl::add_table_stats(StoreStats& stats) const {
    const VersionPtr version = manifest_->current();
    stats.levels.resize(kLevels);
    for (int level = 0; level < kLevels; ++level) {
        LevelStats& out = stats.levels[static_cast<size_t>(level)];
        for (const FileMetaPtr& file : version->files(level)) {
            out.tables += 1;
            out.bytes += file->size_bytes;
            out.entries += file->entries;
            out.tombstones += file->tombstones;
        }
        out.written_bytes = context_->level_written_bytes[static_cast<size_t>(level)];
    }
}

void DbImpl::add_stage_stats(StoreStats& stats) const {
    const Latencies& latencies = context_->latencies;
    const auto add = [&](std::string_view name, const LatencyHistogram& histogram) {
        const LatencySummary s = histogram.summary();
        stats.stages.push_back({name, s.count, s.p50_us, s.p99_us, s.p999_us, s.max_us});
    };
    add("write", latencies.write);
    add("log_write", latencies.log_write);
    add("log_sync", latencies.log_sync);
    add("get", latencies.get);
    add("flush", latencies.flush);
    add("compaction", latencies.compaction);
}

StoreStats DbImpl::stats() {
    const Counters& c = context_->counters;
    const BlockCache::Stats cache = blocks_.stats();
    StoreStats stats;
    stats.state = health_.state();
    stats.state_reason = health_.reason();
    stats.published_seqno = published_seqno();
    stats.durable_seqno = durable_seqno();
    stats.commit_groups = c.commit_groups;
    stats.writes = c.writes;
    stats.mutations = c.mutations;
    stats.log_syncs = c.log_syncs;
    stats.log_bytes = c.log_bytes;
    stats.gets = c.gets;
    stats.get_hits = c.get_hits;
    stats.iterators = c.iterators;
    stats.flushes = c.flushes;
    stats.flush_bytes = c.flush_bytes;
    stats.compactions = c.compactions;
    stats.compaction_read_bytes = c.compaction_read_bytes;
    stats.compaction_written_bytes = c.compaction_written_bytes;
    stats.entries_dropped_shadowed = c.dropped_shadowed;
    stats.entries_dropped_tombstone = c.dropped_tombstone;
    stats.entries_dropped_expired = c.dropped_expired;
    stats.cache_hits = cache.hits;
    stats.cache_misses = cache.misses;
    stats.cache_bytes = cache.bytes;
    stats.cache_capacity_bytes = cache.capacity_bytes;
    stats.row_hits = rows_.hits();
    stats.row_cache_bytes = rows_.memory_bytes();
    stats.table_memory_bytes = tables_.memory_bytes();
    stats.disk_budget_bytes = context_->disk.budget_bytes();
    stats.disk_used_bytes = context_->disk.used_bytes();
    if (stats.state == StoreState::kOk && context_->disk.verdict() != DiskBudget::Verdict::kRoom) {
        stats.state = StoreState::kNoSpace;
        stats.state_reason = std::string(context_->disk.refusal().message());
    }
    stats.memory_budget_bytes = context_->options.memory_budget_bytes;
    stats.filter_checks = c.filter_checks;
    stats.filter_skips = c.filter_skips;
    stats.memtable_bytes =
        std::max<uint64_t>(shape_.memtable_bytes(), context_->memtable_blocks->used_bytes());
    stats.memory_used_bytes =
        cache.bytes + stats.row_cache_bytes + stats.memtable_bytes + stats.table_memory_bytes;
    stats.immutable_memtables = shape_.immutable_count();
    stats.wal_segments = log_.live_segments();
    stats.wal_bytes = log_.live_bytes();
    stats.open_snapshots = snapshots_->size();
    stats.delayed_writes = c.delayed_writes;
    stats.refused_writes = c.refused_writes;
    stats.no_room_writes = c.no_room_writes;
    stats.failed_reads = c.failed_reads;
    stats.write_stall_us = c.write_stall_us;
    add_table_stats(stats);
    add_stage_stats(stats);
    return stats;
}

}  // namespace kv::db

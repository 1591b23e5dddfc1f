// Opening a store: directory, lock, MANIFEST, unknown files, log replay. Nothing here runs beside
// anything else; the store's lanes start only when all of it has succeeded.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <random>

#include "compaction/flush_job.h"
#include "db/db_impl.h"
#include "record/batch_format.h"
#include "record/damage_advice.h"
#include "record/file_names.h"

namespace kv::db {

namespace {

uint64_t random_id() {
    std::random_device device;
    uint64_t id = 0;
    while (id == 0) id = static_cast<uint64_t>(device()) << 32 | device();
    return id;
}

/// Makes the directory if it may be made.
Status ensure_directory(FileSystem& fs, const std::string& dir, bool create) {
    KV_ASSIGN_OR_RETURN(const bool exists, fs.exists(dir));
    if (exists) return Status::ok();
    if (!create) return Status::not_found(dir + ": there is no such data directory");
    return fs.create_dir(dir);
}

Result<std::unique_ptr<Manifest>> open_manifest(const StoreContext& context) {
    KV_ASSIGN_OR_RETURN(const bool exists, Manifest::store_exists(context.fs, context.dir));
    if (exists) return Manifest::open(context.fs, context.dir, false);
    if (!context.options.create_if_missing) {
        return Status::not_found(context.dir + ": holds no store");
    }
    // Also of a directory that was there: whoever made it, an earlier attempt that was killed
    // perhaps, need not have synced its name.
    KV_RETURN_IF_ERROR(sync_entry(context.fs, context.dir));
    return Manifest::create_new(context.fs, context.dir, random_id());
}

/// Makes the file set that open has read durable, in a new MANIFEST. Before that, its last edit may
/// be in the page cache only, and what it took away may be needed again after a power failure.
bool settle(const StoreContext& context, Manifest& manifest) {
    if (!manifest.in_doubt()) return true;
    const Status settled = manifest.apply({});
    if (!settled.is_ok()) {
        context.log(LogLevel::kWarning,
                    "left dead tables where they are until the next open: " + settled.to_string());
    }
    return settled.is_ok();
}

/// Tables and MANIFESTs in the directory that the MANIFEST in force does not name.
struct UnknownFiles {
    std::vector<std::string> unfinished;  // of a job that never committed
    std::vector<std::string> taken_away;  // by an edit; the last run did not get to deleting them
    std::vector<std::string> dead_tables;
    std::vector<std::string> dead_manifests;
    std::vector<std::string> newer_manifests;
};

Result<UnknownFiles> find_unknown(const StoreContext& context, const Manifest& manifest) {
    std::set<uint64_t> live;
    const VersionPtr version = manifest.current();
    for (int level = 0; level < kLevels; ++level) {
        for (const FileMetaPtr& file : version->files(level)) live.insert(file->number);
    }
    UnknownFiles unknown;
    KV_ASSIGN_OR_RETURN(const std::vector<std::string> names, context.fs.list(context.dir));
    for (const std::string& name : names) {
        const FileName file = parse_file_name(name);
        if (is_temp_file_name(name)) unknown.unfinished.push_back(name);
        if (file.kind == FileKind::kManifest && file.number != manifest.file_number()) {
            const bool newer = file.number > manifest.file_number();
            (newer ? unknown.newer_manifests : unknown.dead_manifests).push_back(name);
        }
        if (file.kind != FileKind::kTable || live.count(file.number) != 0) continue;
        switch (manifest.past_of_table(file.number)) {
            case Manifest::Past::kNeverNamed:
                unknown.unfinished.push_back(name);
                break;
            case Manifest::Past::kTakenAway:
                unknown.taken_away.push_back(name);
                break;
            case Manifest::Past::kUnknown:
                unknown.dead_tables.push_back(name);
                break;
        }
    }
    return unknown;
}

Status move_to_lost(const StoreContext& context, const std::vector<std::string>& names) {
    const std::string lost = join_path(context.dir, kLostDirName);
    KV_RETURN_IF_ERROR(context.fs.create_dir(lost));
    for (const std::string& name : names) {
        KV_RETURN_IF_ERROR(context.fs.rename(join_path(context.dir, name), join_path(lost, name)));
        context.log(LogLevel::kWarning,
                    "moved " + name + " to " + lost +
                        ": the MANIFEST does not name it; delete it when you are sure");
    }
    KV_RETURN_IF_ERROR(context.fs.sync_dir(lost));
    return context.fs.sync_dir(context.dir);
}

/// Moves aside what nothing refers to. On a full disk it stays where it is: that is no reason to
/// refuse reads.
Status set_aside(const StoreContext& context, const std::vector<std::string>& names) {
    if (names.empty()) return Status::ok();
    const Status moved = move_to_lost(context, names);
    if (!moved.is(Code::kNoSpace)) return moved;
    context.log(LogLevel::kWarning, "left " + names.front() + " and other unknown files, " +
                                        std::to_string(names.size()) +
                                        " in all, where they are: " + moved.to_string());
    return Status::ok();
}

Status remove_waste(const StoreContext& context, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        KV_RETURN_IF_ERROR(context.fs.remove(join_path(context.dir, name)));
        context.log(LogLevel::kInfo, "removed " + name + ", left over by the last run");
    }
    return Status::ok();
}

/// What the MANIFEST proves to be waste goes: outputs of jobs that never committed, tables that a
/// durable edit took away. Every other unknown table is moved aside, never deleted.
Status set_aside_unknown(const StoreContext& context, Manifest& manifest) {
    KV_ASSIGN_OR_RETURN(const UnknownFiles unknown, find_unknown(context, manifest));
    // Before settling, which may make a CURRENT.tmp and a MANIFEST under such a name anew.
    KV_RETURN_IF_ERROR(remove_waste(context, unknown.unfinished));
    KV_RETURN_IF_ERROR(set_aside(context, unknown.dead_manifests));
    // The next one may get this one's number, and would overwrite it.
    if (!unknown.newer_manifests.empty())
        KV_RETURN_IF_ERROR(move_to_lost(context, unknown.newer_manifests));
    const bool none = unknown.dead_tables.empty() && unknown.taken_away.empty();
    if (none || !settle(context, manifest)) return Status::ok();
    KV_RETURN_IF_ERROR(remove_waste(context, unknown.taken_away));
    return set_aside(context, unknown.dead_tables);
}

/// Every table of the current version must be there with its size, before anything is served.
Status check_tables(const StoreContext& context, const Manifest& manifest) {
    const VersionPtr version = manifest.current();
    for (int level = 0; level < kLevels; ++level) {
        for (const FileMetaPtr& file : version->files(level)) {
            const std::string path = table_path(context.dir, file->number);
            const auto size = context.fs.file_size(path);
            if (!size.is_ok() && !size.error().is(Code::kNotFound)) return size.error();
            if (size.is_ok() && *size == file->size_bytes) continue;
            return Status::corruption(
                path + ": the MANIFEST lists this table with " + std::to_string(file->size_bytes) +
                " bytes, found " + (size.is_ok() ? std::to_string(*size) + " bytes" : "no file") +
                kTableAdvice);
        }
    }
    return Status::ok();
}

/// Fills memtables from the log and writes full ones out, so that replay stays within one memtable.
class Replayer {
  public:
    Replayer(StoreContext& context, Manifest& manifest)
        : context_(context),
          manifest_(manifest),
          memtable_(std::make_shared<Memtable>(Bytes(), context.memtable_blocks)) {}

    Status add(const wal::ReplayedBatch& batch) {
        if (memtable_->is_full(context_.options.memtable_bytes)) {
            KV_RETURN_IF_ERROR(write_table());
        }
        BatchReader reader(batch.ops);
        Seqno seqno = batch.first_seqno;
        for (Op op; reader.next(op); ++seqno) {
            memtable_->apply(op, seqno);
        }
        report_progress(batch.ops.size());
        return reader.status();
    }
    std::shared_ptr<Memtable> take() { return std::move(memtable_); }

  private:
    static constexpr uint64_t kReportBytes = 256ULL << 20;

    Status write_table() {
        DropRules rules;
        rules.published = memtable_->largest_seqno();
        rules.now_ms = context_.clock.wall_ms();
        rules.range_tombstones = memtable_->range_tombstones();
        const auto source = memtable_->new_flush_iterator();
        const TableOptions table =
            table_options(context_.options, TableReason::kRecovery, *manifest_.current(), 0);
        KV_ASSIGN_OR_RETURN(
            FlushResult result,
            write_level0_table(context_.fs, context_.dir, manifest_.allocate_file_number(),
                               {*source, memtable_->entries()}, rules, table));
        VersionEdit edit;
        edit.flushed_seqno = memtable_->largest_seqno();
        if (result.file.has_value()) edit.add(0, std::move(*result.file));
        KV_RETURN_IF_ERROR(manifest_.apply(std::move(edit)));
        memtable_ = memtable_->successor();
        return Status::ok();
    }

    void report_progress(uint64_t bytes) {
        replayed_bytes_ += bytes;
        if (replayed_bytes_ < next_report_) return;
        next_report_ += kReportBytes;
        context_.log(LogLevel::kInfo, "recovery: " + std::to_string(replayed_bytes_ >> 20) +
                                          " MiB of the log replayed");
    }

    StoreContext& context_;
    Manifest& manifest_;
    std::shared_ptr<Memtable> memtable_;
    uint64_t replayed_bytes_ = 0;
    uint64_t next_report_ = kReportBytes;
};

std::string with_next(const wal::TornTail& tail) {
    return tail.dropped_segment.empty() ? "" : " and with it " + tail.dropped_segment;
}

void report(const StoreContext& context, const wal::RecoveredLog& log, uint64_t took_us) {
    if (!log.torn_tail.path.empty()) {
        context.log(LogLevel::kWarning,
                    "recovery: cut a torn tail of " + std::to_string(log.torn_tail.bytes) +
                        " bytes at offset " + std::to_string(log.torn_tail.offset) + " of " +
                        log.torn_tail.path + with_next(log.torn_tail) +
                        ": a write that a crash cut off; nothing proves that it was acknowledged");
    }
    for (const std::string& path : log.emptied) {
        context.log(LogLevel::kWarning,
                    "recovery: " + path +
                        " is empty, as a process leaves it that died while it made it anew; if "
                        "somebody emptied it, what was acknowledged in it is gone");
    }
    context.log(LogLevel::kInfo,
                "recovery: " + std::to_string(log.segments) + " log segments, " +
                    std::to_string(log.batches) + " batches replayed, " +
                    std::to_string(log.skipped) + " already in tables, last seqno " +
                    std::to_string(log.last_seqno) + ", " + std::to_string(took_us / 1000) + " ms");
}

Status replay(OpenedFiles& files) {
    StoreContext& context = *files.context;
    const ManifestCounters counters = files.manifest->counters();
    const uint64_t began_us = context.clock.monotonic_us();
    Replayer replayer(context, *files.manifest);
    const wal::ReplayRequest request{.database_id = counters.database_id,
                                     .oldest_segment = counters.oldest_segment,
                                     .last_created_segment = counters.last_created_segment,
                                     .flushed_seqno = counters.flushed_seqno,
                                     .read_only = false};
    KV_ASSIGN_OR_RETURN(
        files.log, wal::replay_log(context.fs, context.dir, request,
                                   [&](const wal::ReplayedBatch& b) { return replayer.add(b); }));
    files.memtable = replayer.take();
    report(context, files.log, context.clock.monotonic_us() - began_us);
    for (const std::string& name : files.log.orphans) {
        KV_RETURN_IF_ERROR(context.fs.remove(join_path(context.dir, name)));
    }
    return Status::ok();
}

}  // namespace

Result<OpenedFiles> open_files(const Options& options, const std::string& path) {
    KV_RETURN_IF_ERROR(validate_options(options));
    OpenedFiles files;
    if (options.executor == nullptr) {
        files.own_executor = make_thread_executor(static_cast<int>(compaction_threads(options)));
    }
    files.explicit_cache_bytes = options.block_cache_bytes;
    Executor& executor = options.executor != nullptr ? *options.executor : *files.own_executor;
    files.context.reset(new StoreContext{
        path, derive_from_budget(options),
        options.file_system != nullptr ? *options.file_system : posix_file_system(),
        options.clock != nullptr ? *options.clock : system_clock(), executor,
        std::make_shared<Gate>()});
    StoreContext& context = *files.context;
    KV_RETURN_IF_ERROR(ensure_directory(context.fs, path, options.create_if_missing));
    KV_ASSIGN_OR_RETURN(files.lock, context.fs.lock(join_path(path, kLockFileName)));
    KV_ASSIGN_OR_RETURN(files.manifest, open_manifest(context));
    if (files.manifest->dropped_bytes() != 0) {
        context.log(LogLevel::kWarning, "recovery: dropped a torn last edit of " +
                                            std::to_string(files.manifest->dropped_bytes()) +
                                            " bytes of " +
                                            manifest_file_name(files.manifest->file_number()) +
                                            "; nothing rested on it");
    }
    KV_RETURN_IF_ERROR(check_tables(context, *files.manifest));
    KV_RETURN_IF_ERROR(set_aside_unknown(context, *files.manifest));
    KV_RETURN_IF_ERROR(replay(files));
    return files;
}

}  // namespace kv::db

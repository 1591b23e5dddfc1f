// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/checkpoint.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

#include "db/table_cache.h"
#include "record/file_names.h"
#include "sstable/table_reader.h"
#include "wal/recovery.h"

namespace kv::db {

namespace {

constexpr size_t kCopyBytes = 1U << 20;

/// Copies `length` bytes (0: all) of a file and syncs the copy. Returns how many there were.
Result<uint64_t> copy_file(FileSystem& fs, const std::string& from, const std::string& to,
                           uint64_t length) {
    KV_ASSIGN_OR_RETURN(const auto source, fs.open(from));
    KV_ASSIGN_OR_RETURN(const uint64_t size, source->size());
    const uint64_t end = length == 0 ? size : length;
    if (end > size)
        return Status::corruption(from + ": has " + std::to_string(size) + " bytes, expected " +
                                  std::to_string(end));
    KV_ASSIGN_OR_RETURN(const auto copy, fs.create(to));
    std::string buffer(std::min<uint64_t>(end, kCopyBytes), '\0');
    for (uint64_t offset = 0; offset < end;) {
        const size_t want = std::min<uint64_t>(end - offset, kCopyBytes);
        KV_ASSIGN_OR_RETURN(const size_t got, source->read_at(offset, want, buffer.data()));
        if (got != want)
            return Status::io_error(from + ": ended at offset " + std::to_string(offset + got) +
                                    " while it was copied");
        KV_RETURN_IF_ERROR(copy->write_at(offset, Bytes(buffer.data(), got)));
        offset += got;
    }
    KV_RETURN_IF_ERROR(copy->sync());
    return end;
}

class CheckpointWriter {
  public:
    CheckpointWriter(StoreContext& context, const std::string& dir,
                     const CheckpointOptions& options)
        : context_(context), fs_(context.fs), dir_(dir), options_(options) {}

    Status prepare() {
        KV_ASSIGN_OR_RETURN(const bool exists, fs_.exists(dir_));
        if (!exists) KV_RETURN_IF_ERROR(fs_.create_dir(dir_));
        KV_RETURN_IF_ERROR(check_empty());
        // Of two that begin at once one goes on: the other would fail at the first file, and undo
        // what both have made.
        KV_ASSIGN_OR_RETURN(lock_, fs_.lock(join_path(dir_, kLockFileName)));
        KV_RETURN_IF_ERROR(check_empty());
        // One that was there may have been made a moment ago.
        return sync_entry(fs_, dir_);
    }

    Status write(const Version& version, ManifestCounters counters,
                 const std::vector<LogStage::DurableSegment>& segments) {
        for (int level = 0; level < kLevels; ++level) {
            for (const FileMetaPtr& file : version.files(level))
                KV_RETURN_IF_ERROR(add_table(*file));
        }
        for (const LogStage::DurableSegment& segment : segments)
            KV_RETURN_IF_ERROR(add_segment(segment));
        KV_RETURN_IF_ERROR(fs_.sync_dir(dir_));
        counters.last_created_segment = segments.empty() ? 0 : segments.back().number;
        counters.oldest_segment = segments.empty() ? 1 : segments.front().number;
        KV_RETURN_IF_ERROR(Manifest::write_copy(fs_, dir_, version, counters));
        return options_.verify ? verify(version, counters) : Status::ok();
    }

    /// Removes what was made, apart from the lock. `cause`, saying so if something stays behind.
    Status undo(const Status& cause) {
        std::string left;
        const auto names = fs_.list(dir_);
        if (names.is_ok()) {
            // CURRENT first, and durably, as far as the directory can be synced at all: what is
            // left is then surely no store.
            std::vector<std::string> order(*names);
            const auto others =
                std::stable_partition(order.begin(), order.end(), [](const std::string& name) {
                    return name == kCurrentFileName || name == kCurrentTempFileName;
                });
            for (auto name = order.begin(); name != order.end(); ++name) {
                if (name == others && others != order.begin()) (void)fs_.sync_dir(dir_);
                if (!is_ours(*name)) continue;
                if (!fs_.remove(join_path(dir_, *name)).is_ok() && left.empty()) left = *name;
            }
        }
        const Status status = cause.with_context("checkpoint to " + dir_);
        return left.empty() ? status : status.with_context(left + " stays behind");
    }

    const CheckpointInfo& info() const { return info_; }
    CheckpointInfo& info() { return info_; }

  private:
    Status check_empty() const {
        KV_ASSIGN_OR_RETURN(const auto names, fs_.list(dir_));
        for (const std::string& name : names) {
            if (name == kLockFileName) continue;
            return Status::invalid_argument(dir_ + ": is not empty (it holds " + name +
                                            "); a checkpoint needs a directory of its own");
        }
        return Status::ok();
    }

    /// Nobody else makes such files there while we hold the lock.
    static bool is_ours(const std::string& name) {
        const FileKind kind = parse_file_name(name).kind;
        return name == kCurrentTempFileName ||
               (kind != FileKind::kUnknown && kind != FileKind::kLock);
    }

    Status add_table(const FileMeta& file) {
        const std::string from = table_path(context_.dir, file.number);
        const std::string to = table_path(dir_, file.number);
        ++info_.tables;
        info_.table_bytes += file.size_bytes;
        if (!options_.copy_tables) {
            const Status linked = fs_.link(from, to);
            if (!linked.is(Code::kUnsupported)) return linked;
        }
        ++info_.copied_tables;
        KV_ASSIGN_OR_RETURN(const uint64_t copied, copy_file(fs_, from, to, 0));
        if (copied == file.size_bytes) return Status::ok();
        return Status::corruption(from + ": has " + std::to_string(copied) +
                                  " bytes, the MANIFEST says " + std::to_string(file.size_bytes));
    }

    Status add_segment(const LogStage::DurableSegment& segment) {
        const std::string name = log_segment_name(segment.number);
        KV_ASSIGN_OR_RETURN(
            const uint64_t copied,
            copy_file(fs_, join_path(context_.dir, name), join_path(dir_, name), segment.length));
        info_.log_bytes += copied;
        return Status::ok();
    }

    Status verify(const Version& version, const ManifestCounters& counters) const {
        for (int level = 0; level < kLevels; ++level) {
            for (const FileMetaPtr& file : version.files(level)) {
                KV_ASSIGN_OR_RETURN(
                    const auto reader,
                    TableReader::open(fs_, table_path(dir_, file->number), file->number, nullptr,
                                      {file->size_bytes, file->checksum}));
                KV_RETURN_IF_ERROR(reader->verify());
            }
        }
        const wal::ReplayRequest request{.database_id = counters.database_id,
                                         .oldest_segment = counters.oldest_segment,
                                         .last_created_segment = counters.last_created_segment,
                                         .flushed_seqno = counters.flushed_seqno,
                                         .read_only = true};
        KV_ASSIGN_OR_RETURN(const wal::RecoveredLog log,
                            wal::replay_log(fs_, dir_, request, [](const wal::ReplayedBatch&) {
                                return Status::ok();
                            }));
        if (log.last_seqno >= info_.seqno) return Status::ok();
        return Status::corruption(dir_ + ": its log ends at seqno " +
                                  std::to_string(log.last_seqno) + ", expected at least " +
                                  std::to_string(info_.seqno));
    }

    StoreContext& context_;
    FileSystem& fs_;
    const std::string& dir_;
    const CheckpointOptions& options_;
    std::unique_ptr<FileLock> lock_;
    CheckpointInfo info_;
};

}  // namespace

Result<CheckpointInfo> write_checkpoint(StoreContext& context, const Manifest& manifest,
                                        const LogStage& log, GarbageCollector& garbage,
                                        const std::string& dir, const CheckpointOptions& options) {
    CheckpointWriter writer(context, dir, options);
    KV_RETURN_IF_ERROR(writer.prepare().with_context("checkpoint"));
    const uint64_t began_us = context.clock.monotonic_us();
    // From here on no segment goes, and the version keeps its tables. The log is looked at before
    // the tables, so that what a flush moves from one to the other is in both.
    const GarbageCollector::Hold hold(garbage);
    writer.info().seqno = log.durable();
    std::vector<LogStage::DurableSegment> segments =
        log.durable_segments(manifest.counters().oldest_segment);
    const auto [version, counters] = manifest.state();
    std::erase_if(segments, [oldest = counters.oldest_segment](const auto& segment) {
        return segment.number < oldest;
    });
    const Status written = writer.write(*version, counters, segments);
    if (!written.is_ok()) return writer.undo(written);
    const CheckpointInfo& info = writer.info();
    context.log(LogLevel::kInfo,
                "checkpoint: " + dir + ", " + std::to_string(info.tables) + " tables (" +
                    std::to_string(info.copied_tables) + " copied), " +
                    std::to_string(info.log_bytes) + " bytes of log, up to seqno " +
                    std::to_string(info.seqno) + ", " +
                    std::to_string((context.clock.monotonic_us() - began_us) / 1000) + " ms");
    return info;
}

}  // namespace kv::db

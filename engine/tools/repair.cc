// `kvtool repair`: see repair.h.
// SPDX-License-Identifier: Apache-2.0
#include "tools/repair.h"

#include <algorithm>
#include <map>
#include <memory>

#include "base/hash.h"
#include "compaction/output.h"
#include "db/keyspace_setup.h"
#include "memtable/memtable.h"
#include "record/batch_format.h"
#include "tools/data_directory.h"
#include "tools/salvage_keyspaces.h"
#include "tools/salvage_merge.h"
#include "version/current_file.h"
#include "version/manifest.h"

namespace kv::tools {

namespace {

/// Memory for log records on their way into a table.
constexpr size_t kMemtableBytes = 64U << 20;
constexpr uint64_t kSpareBytes = 8U << 20;

class DirectoryRepair {
  public:
    DirectoryRepair(FileSystem& fs, const std::string& dir, const std::string& out,
                    const VerifyProgress& progress)
        : fs_(fs), dir_(dir), out_(out), progress_(progress) {}

    Result<RepairReport> run() {
        KV_RETURN_IF_ERROR(look_around());
        KV_RETURN_IF_ERROR(make_output());
        KV_RETURN_IF_ERROR(save_tables());
        KV_RETURN_IF_ERROR(save_log());
        if (!manifest_) KV_RETURN_IF_ERROR(merge_everything());
        KV_RETURN_IF_ERROR(save_keyspaces());
        KV_RETURN_IF_ERROR(publish());
        KV_RETURN_IF_ERROR(check_result());
        return std::move(report_);
    }

  private:
    Status look_around() {
        KV_ASSIGN_OR_RETURN(files_, list_data_directory(fs_, dir_));
        KV_RETURN_IF_ERROR(check_not_open());
        KV_RETURN_IF_ERROR(read_manifest());
        for (const DirectoryFile& file : files_) {
            const bool table = file.parsed.kind == FileKind::kTable;
            if (table || file.parsed.kind == FileKind::kLogSegment) total_ += file.size_bytes;
            next_number_ = std::max(next_number_, file.parsed.number + 1);
            if (file.parsed.kind == FileKind::kLogSegment) segments_.push_back(file.parsed.number);
            if (!table) continue;
            if (!manifest_) {
                tables_[file.parsed.number] = nullptr;
            } else if (tables_.count(file.parsed.number) == 0) {
                report_.notes.push_back(file.name + ": not part of the store, left out");
            }
        }
        std::sort(segments_.begin(), segments_.end());
        return Status::ok();
    }

    Status check_not_open() const {
        if (!is_locked(dir_)) return Status::ok();
        return {Code::kLocked, dir_ + ": a running process has it open; stop that first"};
    }

    /// The MANIFEST in force; or, when CURRENT does not say, the newest. An older one would bring
    /// tables back that are gone for good.
    Status read_manifest() {
        auto number = read_current(fs_, dir_);
        if (!number) {
            if (number.error().is(Code::kUnsupported)) return number.error();
            report_.notes.push_back(std::string(number.error().message()) +
                                    ": the newest MANIFEST was taken");
            uint64_t newest = 0;
            for (const DirectoryFile& file : files_) {
                if (file.parsed.kind == FileKind::kManifest)
                    newest = std::max(newest, file.parsed.number);
            }
            number = newest;
        }
        auto contents = load_manifest(fs_, dir_, *number);
        if (!contents) {
            if (contents.error().is(Code::kUnsupported)) return contents.error();
            Loss loss;
            loss.file = *number == 0 ? "MANIFEST" : manifest_file_name(*number);
            loss.what = std::string(contents.error().message()) +
                        "; every table that is there was merged into one level, those included "
                        "that a compaction had replaced: deleted keys may show again, and tables "
                        "that are missing are not listed";
            report_.losses.push_back(std::move(loss));
            return Status::ok();
        }
        report_.manifest_read = true;
        manifest_ = std::move(*contents);
        next_number_ = manifest_->counters.next_file_number;
        for (const auto& [table, added] : manifest_->files) tables_[table] = &added;
        return Status::ok();
    }

    Status make_output() {
        KV_ASSIGN_OR_RETURN(const bool exists, fs_.exists(out_));
        KV_ASSIGN_OR_RETURN(const uint64_t free,
                            fs_.free_bytes(exists ? out_ : parent_directory(out_)));
        // Merging needs the tables twice for a while.
        const uint64_t need = total_ * (manifest_ ? 1 : 2) + kSpareBytes;
        if (free < need) {
            return {Code::kNoSpace, out_ + ": repair needs about " + std::to_string(need) +
                                        " bytes, " + std::to_string(free) + " are free"};
        }
        if (!exists) KV_RETURN_IF_ERROR(fs_.create_dir(out_));
        return sync_entry(fs_, out_);  // one that was there may have been made a moment ago
    }

    Status save_tables() {
        for (const auto& [number, added] : tables_) {
            begin(table_file_name(number));
            const FileMeta* listed = added == nullptr ? nullptr : &added->meta;
            KV_ASSIGN_OR_RETURN(SalvagedTable saved,
                                salvage_table(fs_, dir_, out_, number, listed));
            report_.tables_copied += saved.how == SalvagedTable::How::kCopied;
            report_.tables_rewritten += saved.how == SalvagedTable::How::kRewritten;
            report_.tables_lost += saved.how == SalvagedTable::How::kLost;
            std::move(saved.losses.begin(), saved.losses.end(), std::back_inserter(report_.losses));
            if (listed != nullptr) done_ += listed->size_bytes;
            if (saved.meta) keep(added == nullptr ? 0 : added->level, std::move(*saved.meta));
        }
        return Status::ok();
    }

    Status save_log() {
        begin("the log");
        auto memtable = std::make_unique<Memtable>();
        const auto apply = [&](Seqno seqno, Bytes ops) -> Status {
            BatchReader reader(ops);
            for (Op op; reader.next(op); ++seqno) memtable->apply(op, seqno);
            KV_RETURN_IF_ERROR(reader.status());
            if (memtable->memory_bytes() < kMemtableBytes) return Status::ok();
            KV_RETURN_IF_ERROR(write_memtable(*memtable));
            memtable = std::make_unique<Memtable>();
            return Status::ok();
        };
        const ManifestCounters* counters = manifest_ ? &manifest_->counters : nullptr;
        KV_ASSIGN_OR_RETURN(LogSalvage log, salvage_log(fs_, dir_, segments_, counters, apply));
        report_.log_batches = log.batches;
        report_.last_seqno = std::max(report_.last_seqno, log.last_seqno);
        std::move(log.losses.begin(), log.losses.end(), std::back_inserter(report_.losses));
        std::move(log.notes.begin(), log.notes.end(), std::back_inserter(report_.notes));
        database_id_ = log.database_id;
        return memtable->empty() ? Status::ok() : write_memtable(*memtable);
    }

    Status write_memtable(const Memtable& memtable) {
        const uint64_t number = next_number_++;
        TableOptions options;
        options.reason = TableReason::kRepair;
        KV_ASSIGN_OR_RETURN(
            auto builder,
            TableBuilder::create(fs_, join_path(out_, table_file_name(number)), number, options));
        const auto it = memtable.new_flush_iterator();
        for (it->seek_to_first(); it->valid(); it->next()) {
            KV_RETURN_IF_ERROR(builder->add(it->key(), it->value()));
        }
        std::vector<RangeTombstone> tombstones;
        if (const auto set = memtable.range_tombstones()) set->append_to(tombstones);
        for (const RangeTombstone& tombstone : tombstones) {
            KV_RETURN_IF_ERROR(builder->add_range_tombstone(tombstone));
        }
        KV_ASSIGN_OR_RETURN(const TableProperties properties, builder->finish());
        keep(0, file_meta_of(properties));
        return Status::ok();
    }

    Status merge_everything() {
        begin("merging");
        KV_ASSIGN_OR_RETURN(std::vector<FileMeta> merged,
                            merge_tables(fs_, out_, levels_[0], [this] { return next_number_++; }));
        for (const FileMetaPtr& file : levels_[0]) {
            KV_RETURN_IF_ERROR(fs_.remove(join_path(out_, table_file_name(file->number))));
        }
        levels_[0].clear();
        for (FileMeta& file : merged) keep(kLevels - 1, std::move(file));
        return Status::ok();
    }

    /// What the catalog needs is written above all else.
    Status save_keyspaces() {
        std::vector<FileMetaPtr> tables;
        for (const auto& level : levels_) tables.insert(tables.end(), level.begin(), level.end());
        KV_ASSIGN_OR_RETURN(CatalogRepair catalog,
                            find_catalog_repair(fs_, out_, tables, !report_.all_saved()));
        std::move(catalog.notes.begin(), catalog.notes.end(), std::back_inserter(report_.notes));
        Seqno seqno = report_.last_seqno;
        if (manifest_) seqno = std::max(seqno, manifest_->counters.flushed_seqno);
        Memtable memtable;
        const auto put = [&](std::string_view name, const std::string& value) {
            memtable.add(db::catalog_key(name), ++seqno, Kind::kPut, value);
        };
        for (const auto& [id, name] : catalog.names) put(name, db::encode_keyspace_id(id));
        if (catalog.next_id) put("", db::encode_catalog_head(*catalog.next_id));
        return memtable.empty() ? Status::ok() : write_memtable(memtable);
    }

    Status publish() {
        KV_RETURN_IF_ERROR(check_not_open());  // since then, which would mix two states
        KV_RETURN_IF_ERROR(fs_.sync_dir(out_));
        ManifestCounters counters;
        if (manifest_) counters = manifest_->counters;
        if (counters.database_id == 0) counters.database_id = database_id_;
        if (counters.database_id == 0) counters.database_id = hash64(dir_, report_.last_seqno) | 1;
        counters.next_file_number = next_number_;
        // A store without a log: everything is in tables.
        counters.oldest_segment = 1;
        counters.last_created_segment = 0;
        counters.flushed_seqno = std::max(counters.flushed_seqno, report_.last_seqno);
        report_.last_seqno = counters.flushed_seqno;
        return Manifest::write_copy(fs_, out_, Version(levels_), counters);
    }

    Status check_result() {
        KV_ASSIGN_OR_RETURN(const VerifyReport verified, verify_directory(fs_, out_));
        if (!verified.is_clean()) {
            const VerifyReport::Damage& first = verified.damage.front();
            return first.status.with_context("the repaired copy does not verify: " + first.file);
        }
        report_.tables = verified.tables;
        report_.table_bytes = verified.table_bytes;
        report_.entries = verified.entries;
        return Status::ok();
    }

    void keep(int level, FileMeta meta) {
        report_.last_seqno = std::max(report_.last_seqno, meta.largest_seqno);
        levels_[static_cast<size_t>(level)].push_back(
            std::make_shared<const FileMeta>(std::move(meta)));
    }

    void begin(const std::string& file) const {
        if (progress_) progress_(file, done_, total_);
    }

    FileSystem& fs_;
    const std::string dir_, out_;
    const VerifyProgress& progress_;
    std::vector<DirectoryFile> files_;
    std::optional<ManifestContents> manifest_;
    std::map<uint64_t, const AddedFile*> tables_;  // null: the MANIFEST cannot say
    std::vector<uint64_t> segments_;
    uint64_t total_ = 0, done_ = 0, next_number_ = 1, database_id_ = 0;
    std::array<std::vector<FileMetaPtr>, kLevels> levels_;  // of the copy
    RepairReport report_;
};

}  // namespace

Status check_repair_output(FileSystem& fs, const std::string& dir, const std::string& out) {
    if (out.empty() || is_within(out, dir)) {
        return Status::invalid_argument(
            "--out must name a directory outside of the damaged one, which is never changed");
    }
    KV_ASSIGN_OR_RETURN(const bool exists, fs.exists(out));
    if (!exists) return Status::ok();
    const auto names = fs.list(out);
    if (names && names->empty()) return Status::ok();
    return Status::invalid_argument(out +
                                    ": is not an empty directory; repair never writes over "
                                    "anything");
}

Result<RepairReport> repair_directory(FileSystem& fs, const std::string& dir,
                                      const std::string& out, const VerifyProgress& progress) {
    KV_RETURN_IF_ERROR(check_repair_output(fs, dir, out));
    return DirectoryRepair(fs, dir, out, progress).run();
}

}  // namespace kv::tools

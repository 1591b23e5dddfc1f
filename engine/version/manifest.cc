// The durable history of the file set: version/manifest.h.
// SPDX-License-Identifier: Apache-2.0
#include "version/manifest.h"

#include <algorithm>
#include <unordered_set>

#include "kv/assert.h"
#include "record/damage_advice.h"
#include "record/file_names.h"
#include "record/log_record.h"
#include "version/current_file.h"
#include "version/order_check.h"

namespace kv {

namespace {

/// A snapshot is cut into records of about this size, so that none comes near the record limit.
constexpr size_t kSnapshotRecordBytes = 1U << 20;

size_t estimated_bytes(const FileMeta& meta) {
    return meta.smallest.size() + meta.largest.size() + 64;
}

/// The edits that bring an empty store to `version` and `counters`.
std::vector<VersionEdit> snapshot_edits(const Version& version, const ManifestCounters& counters) {
    std::vector<VersionEdit> edits(1);
    size_t bytes = 0;
    for (int level = 0; level < kLevels; ++level) {
        for (const FileMetaPtr& file : version.files(level)) {
            if (bytes >= kSnapshotRecordBytes) {
                edits.emplace_back();
                bytes = 0;
            }
            edits.back().add(level, *file);
            bytes += estimated_bytes(*file);
        }
    }
    VersionEdit& head = edits.front();
    head.format_version = kManifestFormatVersion;
    head.database_id = counters.database_id;
    head.snapshot_records = static_cast<uint32_t>(edits.size());
    head.next_file_number = counters.next_file_number;
    head.last_created_segment = counters.last_created_segment;
    head.oldest_segment = counters.oldest_segment;
    head.flushed_seqno = counters.flushed_seqno;
    return edits;
}

std::string encode_record(const VersionEdit& edit, uint64_t number, uint64_t offset,
                          uint64_t synced_offset) {
    std::string bytes;
    const size_t start = begin_log_record(bytes);
    edit.encode(bytes);
    LogRecordFields fields;
    fields.type = LogRecordType::kVersionEdit;
    fields.segment = number;
    fields.synced_offset = synced_offset;
    finish_log_record(bytes, start, offset, fields);
    return bytes;
}

}  // namespace

Manifest::Manifest(FileSystem& fs, std::string dir, const ManifestOptions& options)
    : fs_(fs),
      dir_(std::move(dir)),
      options_(options),
      current_(std::make_shared<const Version>()) {}

Manifest::~Manifest() = default;

Result<bool> Manifest::store_exists(FileSystem& fs, const std::string& dir) {
    Result<std::vector<std::string>> names = fs.list(dir);
    if (names.status().is(Code::kNotFound)) return false;
    KV_RETURN_IF_ERROR(names.status());
    std::string evidence;
    for (const std::string& name : *names) {
        const FileName parsed = parse_file_name(name);
        if (parsed.kind == FileKind::kCurrent) return true;
        // A lone MANIFEST-000001 is what an interrupted creation leaves.
        const bool is_data = parsed.kind == FileKind::kLogSegment ||
                             parsed.kind == FileKind::kTable ||
                             (parsed.kind == FileKind::kManifest && parsed.number > 1);
        if (is_data && evidence.empty()) evidence = name;
    }
    if (evidence.empty()) return false;
    return Status::corruption(
        join_path(dir, kCurrentFileName) + ": is missing, but " + evidence +
        " is there, so this is a store; move the files away to start an empty "
        "one" +
        kStoreAdvice);
}

Result<std::unique_ptr<Manifest>> Manifest::create_new(FileSystem& fs, const std::string& dir,
                                                       uint64_t database_id,
                                                       const ManifestOptions& options) {
    KV_ASSERT(database_id != 0);
    std::unique_ptr<Manifest> manifest(new Manifest(fs, dir, options));
    ManifestCounters counters;
    counters.database_id = database_id;
    const std::lock_guard lock(manifest->apply_mutex_);
    const VersionPtr empty = manifest->current_;
    KV_RETURN_IF_ERROR(manifest->roll(*empty, counters));
    manifest->install(empty, counters, {});
    return manifest;
}

Result<std::unique_ptr<Manifest>> Manifest::open(FileSystem& fs, const std::string& dir,
                                                 bool read_only, const ManifestOptions& options) {
    KV_ASSIGN_OR_RETURN(const uint64_t number, read_current(fs, dir));
    std::unique_ptr<Manifest> manifest(new Manifest(fs, dir, options));
    manifest->read_only_ = read_only;
    KV_RETURN_IF_ERROR(manifest->load(number));
    return manifest;
}

Status Manifest::load(uint64_t number) {
    Result<ManifestContents> contents = load_manifest(fs_, dir_, number);
    if (contents.status().is(Code::kNotFound)) {
        return Status::corruption(join_path(dir_, manifest_file_name(number)) +
                                  ": is missing, but CURRENT names it" + kStoreAdvice);
    }
    KV_RETURN_IF_ERROR(contents.status());
    VersionEdit everything;
    for (auto& entry : contents->files) everything.added.push_back(std::move(entry.second));
    KV_ASSIGN_OR_RETURN(VersionPtr version, current_->with_edit(everything, &files_));
    const Status order = check_order(*version);
    if (!order.is_ok()) return order.with_context(join_path(dir_, manifest_file_name(number)));
    current_ = std::move(version);
    counters_ = contents->counters;
    next_file_number_ = counters_.next_file_number;
    file_number_ = number;
    length_ = contents->end.offset;
    dropped_bytes_ = contents->end.bytes_dropped;
    opened_number_ = number;
    taken_away_ = std::move(contents->removed);
    // The last edit may be in the page cache only, or its sync may have failed just before the
    // process died. A fresh MANIFEST settles that.
    in_doubt_.store(true, std::memory_order_release);
    return Status::ok();
}

Manifest::Past Manifest::past_of_table(uint64_t number) const {
    if (taken_away_.count(number) != 0) return Past::kTakenAway;
    // Tables and MANIFESTs share one counter, so a larger number was given out later.
    const bool is_younger = opened_number_ != 0 && number > opened_number_;
    return is_younger && dropped_bytes_ == 0 ? Past::kNeverNamed : Past::kUnknown;
}

Status Manifest::check_against_tables(const VersionEdit& edit,
                                      const ManifestCounters& counters) const {
    for (const AddedFile& added : edit.added) {
        KV_RETURN_IF_ERROR(check_file_meta(added.meta));
        if (added.meta.largest_seqno > counters.flushed_seqno) {
            return Status::corruption(
                "version edit adds table " + std::to_string(added.meta.number) + " with seqno " +
                std::to_string(added.meta.largest_seqno) + ", beyond the flushed seqno " +
                std::to_string(counters.flushed_seqno));
        }
    }
    return Status::ok();
}

Status Manifest::apply(VersionEdit edit) {
    const std::lock_guard lock(apply_mutex_);
    if (read_only_) return {Code::kReadOnly, dir_ + ": the store was opened read-only"};
    const VersionPtr before = current();
    ManifestCounters counters = this->counters();
    edit.format_version.reset();
    edit.database_id.reset();
    edit.snapshot_records.reset();
    for (const AddedFile& added : edit.added) {
        // Numbers made elsewhere (a repair) must not be given out again.
        uint64_t next = next_file_number_.load();
        while (next <= added.meta.number &&
               !next_file_number_.compare_exchange_weak(next, added.meta.number + 1)) {
        }
    }
    edit.next_file_number = next_file_number_.load();
    if (edit.last_created_segment) {
        edit.last_created_segment =
            std::max(*edit.last_created_segment, counters.last_created_segment);
    }
    KV_RETURN_IF_ERROR(advance_counters(edit, counters));
    KV_RETURN_IF_ERROR(check_against_tables(edit, counters));
    KV_ASSIGN_OR_RETURN(const VersionPtr after, before->with_edit(edit, &files_));
    KV_RETURN_IF_ERROR(check_step(*before, edit, *after));

    const bool too_long = size_bytes() > std::max(options_.roll_bytes, 10 * snapshot_bytes_);
    const Status written = file_ == nullptr || too_long ? roll(*after, counters) : append(edit);
    if (!written.is_ok()) {
        file_.reset();
        in_doubt_.store(true, std::memory_order_release);
        return written;
    }
    install(after, counters, edit);
    return Status::ok();
}

Status Manifest::append(const VersionEdit& edit) {
    const uint64_t offset = size_bytes();
    const std::string record = encode_record(edit, file_number(), offset, offset);
    KV_RETURN_IF_ERROR(file_->write_at(offset, record));
    KV_RETURN_IF_ERROR(file_->sync());
    const std::lock_guard lock(mutex_);
    length_ = offset + record.size();
    return Status::ok();
}

Status Manifest::write_snapshot(WritableFile& file, uint64_t number, const Version& version,
                                const ManifestCounters& counters, uint64_t& length) const {
    length = 0;
    for (const VersionEdit& edit : snapshot_edits(version, counters)) {
        const std::string record = encode_record(edit, number, length, 0);
        KV_RETURN_IF_ERROR(file.write_at(length, record));
        length += record.size();
    }
    return file.sync();
}

/// All of a new MANIFEST that comes before CURRENT names it.
Result<std::unique_ptr<WritableFile>> Manifest::begin_file(uint64_t number, const Version& version,
                                                           const ManifestCounters& counters,
                                                           uint64_t& length) const {
    KV_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file,
                        fs_.create(join_path(dir_, manifest_file_name(number))));
    KV_RETURN_IF_ERROR(write_snapshot(*file, number, version, counters, length));
    KV_RETURN_IF_ERROR(fs_.sync_dir(dir_));
    KV_RETURN_IF_ERROR(prepare_current(fs_, dir_, number));
    return file;
}

/// Starts a new MANIFEST. Nothing below may change its order: the file is durable, then its name,
/// then CURRENT names it; only then the old one may go.
Status Manifest::roll(const Version& version, ManifestCounters& counters) {
    const uint64_t number = allocate_file_number();
    counters.next_file_number = next_file_number_.load();
    uint64_t length = 0;
    stale_manifests_.push_back(number);
    auto file = begin_file(number, version, counters, length);
    if (!file.is_ok()) {
        // It is no use to anybody: attempts on a full disk must not pile up.
        const Status removed = fs_.remove(join_path(dir_, manifest_file_name(number)));
        if (removed.is_ok() || removed.is(Code::kNotFound)) stale_manifests_.pop_back();
        return file.error();
    }
    KV_RETURN_IF_ERROR(install_current(fs_, dir_));

    stale_manifests_.pop_back();
    if (file_number() != 0) files_.retire_manifest(file_number());
    for (const uint64_t stale : stale_manifests_) files_.retire_manifest(stale);
    stale_manifests_.clear();
    file_ = std::move(*file);
    snapshot_bytes_ = length;
    const std::lock_guard lock(mutex_);
    file_number_ = number;
    length_ = length;
    return Status::ok();
}

void Manifest::install(VersionPtr version, const ManifestCounters& counters,
                       const VersionEdit& edit) {
    std::unordered_set<uint64_t> kept;
    for (const AddedFile& added : edit.added) kept.insert(added.meta.number);
    for (const RemovedFile& removed : edit.removed) {
        if (kept.count(removed.number) == 0) files_.retire(removed.number);
    }
    {
        const std::lock_guard lock(mutex_);
        // Dropped outside the lock, with everything only it still held.
        current_.swap(version);
        counters_ = counters;
    }
    in_doubt_.store(false, std::memory_order_release);
}

VersionPtr Manifest::current() const {
    const std::lock_guard lock(mutex_);
    return current_;
}

ManifestCounters Manifest::counters() const {
    const std::lock_guard lock(mutex_);
    return counters_;
}

std::pair<VersionPtr, ManifestCounters> Manifest::state() const {
    const std::lock_guard lock(mutex_);
    return {current_, counters_};
}

Status Manifest::write_copy(FileSystem& fs, const std::string& dir, const Version& version,
                            const ManifestCounters& counters) {
    Manifest copy(fs, dir, {});
    copy.next_file_number_ = counters.next_file_number;
    ManifestCounters written = counters;
    return copy.roll(version, written);
}

uint64_t Manifest::file_number() const {
    const std::lock_guard lock(mutex_);
    return file_number_;
}

uint64_t Manifest::size_bytes() const {
    const std::lock_guard lock(mutex_);
    return length_;
}

}  // namespace kv

// Reading a MANIFEST: version/manifest_reader.h.
// SPDX-License-Identifier: Apache-2.0
#include "version/manifest_reader.h"

#include <algorithm>

#include "record/damage_advice.h"
#include "record/file_names.h"

namespace kv {

namespace {

Status goes_back(const char* what, uint64_t from, uint64_t to) {
    return Status::corruption("version edit: " + std::string(what) + " goes back from " +
                              std::to_string(from) + " to " + std::to_string(to));
}

Status advance(const char* what, const std::optional<uint64_t>& to, uint64_t& counter) {
    if (!to) return Status::ok();
    if (*to < counter) return goes_back(what, counter, *to);
    counter = *to;
    return Status::ok();
}

Status apply_files(const VersionEdit& edit, std::map<uint64_t, AddedFile>& files) {
    for (const RemovedFile& removed : edit.removed) {
        const auto it = files.find(removed.number);
        if (it == files.end() || it->second.level != removed.level) {
            return Status::corruption("version edit removes table " +
                                      std::to_string(removed.number) + " from level " +
                                      std::to_string(removed.level) + ", which does not hold it");
        }
        files.erase(it);
    }
    for (const AddedFile& added : edit.added) {
        if (!files.emplace(added.meta.number, added).second) {
            return Status::corruption("version edit adds table " +
                                      std::to_string(added.meta.number) +
                                      ", which is there already");
        }
    }
    return Status::ok();
}

Status check_contents(const ManifestContents& contents, uint64_t manifest_number) {
    const ManifestCounters& counters = contents.counters;
    const uint64_t highest_table = contents.files.empty() ? 0 : contents.files.rbegin()->first;
    if (counters.next_file_number <= std::max(highest_table, manifest_number)) {
        return Status::corruption("next file number " + std::to_string(counters.next_file_number) +
                                  " is in use already");
    }
    for (const auto& [number, file] : contents.files) {
        if (file.meta.largest_seqno > counters.flushed_seqno) {
            return Status::corruption("table " + std::to_string(number) + " reaches seqno " +
                                      std::to_string(file.meta.largest_seqno) +
                                      ", beyond the flushed seqno " +
                                      std::to_string(counters.flushed_seqno));
        }
    }
    return Status::ok();
}

}  // namespace

Status advance_counters(const VersionEdit& edit, ManifestCounters& counters) {
    KV_RETURN_IF_ERROR(
        advance("next file number", edit.next_file_number, counters.next_file_number));
    KV_RETURN_IF_ERROR(
        advance("last created segment", edit.last_created_segment, counters.last_created_segment));
    KV_RETURN_IF_ERROR(advance("oldest segment", edit.oldest_segment, counters.oldest_segment));
    KV_RETURN_IF_ERROR(advance("flushed seqno", edit.flushed_seqno, counters.flushed_seqno));
    if (counters.oldest_segment > std::max<uint64_t>(counters.last_created_segment, 1)) {
        return Status::corruption(
            "version edit: oldest segment " + std::to_string(counters.oldest_segment) +
            " is beyond the last created segment " + std::to_string(counters.last_created_segment));
    }
    if (counters.flushed_seqno > kMaxSeqno) {
        return Status::corruption("version edit: flushed seqno beyond 56 bits");
    }
    return Status::ok();
}

ManifestReader::ManifestReader(std::shared_ptr<RandomAccessFile> file, std::string path,
                               uint64_t number)
    : path_(std::move(path)), records_(std::move(file), {path_, number, 0, std::nullopt}) {}

Result<ManifestReader> ManifestReader::open(FileSystem& fs, const std::string& dir,
                                            uint64_t number) {
    std::string path = join_path(dir, manifest_file_name(number));
    KV_ASSIGN_OR_RETURN(std::shared_ptr<RandomAccessFile> file, fs.open(path));
    return ManifestReader(std::move(file), std::move(path), number);
}

Status ManifestReader::fault(uint64_t offset, const Status& status) const {
    const char* advice = status.is(Code::kCorruption) ? kStoreAdvice : "";
    return {status.code(), path_ + ", offset " + std::to_string(offset) + ": " +
                               std::string(status.message()) + advice};
}

Status ManifestReader::check_head(const VersionEdit& edit) {
    if (edits_ > 0) {
        if (!edit.format_version && !edit.database_id && !edit.snapshot_records) {
            return Status::ok();
        }
        return Status::corruption("a second head in the middle");
    }
    if (!edit.format_version || edit.database_id.value_or(0) == 0 || !edit.next_file_number ||
        edit.snapshot_records.value_or(0) == 0) {
        return Status::corruption("the first edit lacks the head of a MANIFEST");
    }
    snapshot_records_ = *edit.snapshot_records;
    return Status::ok();
}

Result<bool> ManifestReader::next(VersionEdit& edit) {
    LogRecord record;
    KV_ASSIGN_OR_RETURN(const bool more, records_.next(record));
    if (!more) {
        if (edits_ > 0 && edits_ >= snapshot_records_) return false;
        return fault(end().offset,
                     Status::corruption("the file ends inside its snapshot, which was durable "
                                        "before CURRENT named the file"));
    }
    const uint64_t offset = edit_offset();
    if (record.type != LogRecordType::kVersionEdit) {
        return fault(offset, Status::corruption("record of type " +
                                                std::to_string(static_cast<int>(record.type)) +
                                                ", which does not belong into a MANIFEST"));
    }
    Status status = VersionEdit::decode(record.payload, edit);
    if (status.is_ok()) status = check_head(edit);
    if (!status.is_ok()) return fault(offset, status);
    ++edits_;
    return true;
}

Result<ManifestContents> load_manifest(FileSystem& fs, const std::string& dir, uint64_t number) {
    const std::string path = join_path(dir, manifest_file_name(number));
    KV_ASSIGN_OR_RETURN(ManifestReader reader, ManifestReader::open(fs, dir, number));
    ManifestContents contents;
    VersionEdit edit;
    while (true) {
        KV_ASSIGN_OR_RETURN(const bool more, reader.next(edit));
        if (!more) break;
        if (edit.database_id) contents.counters.database_id = *edit.database_id;
        Status status = advance_counters(edit, contents.counters);
        if (status.is_ok()) status = apply_files(edit, contents.files);
        if (!status.is_ok()) {
            return status.with_context(path + ", offset " + std::to_string(reader.edit_offset()));
        }
        for (const RemovedFile& file : edit.removed) {
            if (contents.files.count(file.number) == 0) contents.removed.insert(file.number);
        }
    }
    contents.end = reader.end();
    const Status status = check_contents(contents, number);
    if (!status.is_ok()) return status.with_context(path);
    return contents;
}

}  // namespace kv

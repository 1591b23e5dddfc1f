// Outputs of flush and compaction: see output.h.
// SPDX-License-Identifier: Apache-2.0
#include "compaction/output.h"

#include <algorithm>
#include <utility>

#include "base/coding.h"
#include "record/file_names.h"
#include "record/internal_key.h"

namespace kv {

FileMeta file_meta_of(const TableProperties& properties) {
    FileMeta meta;
    meta.number = properties.file_number;
    meta.size_bytes = properties.size_bytes;
    meta.checksum = properties.checksum;
    meta.smallest = properties.smallest;
    meta.largest = properties.largest;
    meta.smallest_seqno = properties.smallest_seqno;
    meta.largest_seqno = properties.largest_seqno;
    meta.entries = properties.entries;
    meta.tombstones = properties.tombstones;
    meta.range_tombstones = properties.range_tombstones;
    meta.earliest_expiry_ms = properties.earliest_expiry_ms;
    meta.reason = properties.reason;
    return meta;
}

OutputSet::OutputSet(FileSystem& fs, std::string dir, const TableOptions& options,
                     std::function<uint64_t()> next_number)
    : fs_(fs), dir_(std::move(dir)), options_(options), next_number_(std::move(next_number)) {}

Status OutputSet::open_output() {
    const uint64_t number = next_number_();
    std::string path = join_path(dir_, table_file_name(number));
    // Before the file exists: a create that fails half-way may have left it behind.
    paths_.push_back(path);
    KV_ASSIGN_OR_RETURN(builder_, TableBuilder::create(fs_, std::move(path), number, options_));
    expiring_ = latest_expiry_ms_ = 0;
    return Status::ok();
}

Status OutputSet::add(Bytes internal_key, Bytes value) {
    if (!builder_) KV_RETURN_IF_ERROR(open_output());
    KV_RETURN_IF_ERROR(builder_->add(internal_key, value));
    count_expiry(internal_key, value);
    return Status::ok();
}

void OutputSet::count_expiry(Bytes internal_key, Bytes value) {
    if (trailer_kind(trailer_of(internal_key)) != Kind::kPutWithExpiry) return;
    ++expiring_;
    latest_expiry_ms_ = std::max(latest_expiry_ms_, load_fixed64(value.data()));
}

Status OutputSet::add_range_tombstone(const RangeTombstone& tombstone) {
    if (!builder_) KV_RETURN_IF_ERROR(open_output());
    return builder_->add_range_tombstone(tombstone);
}

Status OutputSet::close_output() {
    if (!builder_) return Status::ok();
    KV_ASSIGN_OR_RETURN(const TableProperties properties, builder_->finish());
    builder_.reset();
    FileMeta meta = file_meta_of(properties);
    meta.expiring = expiring_;
    meta.latest_expiry_ms = latest_expiry_ms_;
    files_.push_back(std::move(meta));
    return Status::ok();
}

Status OutputSet::sync_dir() { return files_.empty() ? Status::ok() : fs_.sync_dir(dir_); }

Status OutputSet::discard() {
    builder_.reset();
    Status first;
    for (const std::string& path : paths_) {
        Status removed = fs_.remove(path);
        if (!removed.is_ok() && !removed.is(Code::kNotFound) && first.is_ok()) first = removed;
    }
    paths_.clear();
    files_.clear();
    return first;
}

uint64_t OutputSet::bytes() const {
    uint64_t bytes = 0;
    for (const FileMeta& file : files_) bytes += file.size_bytes;
    return bytes;
}

uint64_t OutputSet::entries() const {
    uint64_t entries = 0;
    for (const FileMeta& file : files_) entries += file.entries;
    return entries;
}

}  // namespace kv

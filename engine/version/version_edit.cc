// Encoding of version edits: version/version_edit.h.
// SPDX-License-Identifier: Apache-2.0
#include "version/version_edit.h"

#include "base/coding.h"
#include "kv/result.h"

namespace kv {

namespace {

void put_field(std::string& out, EditTag tag, Bytes value) {
    put_varint32(out, static_cast<uint32_t>(tag));
    put_length_prefixed(out, value);
}

template <class T>
void put_number(std::string& out, EditTag tag, const std::optional<T>& number) {
    if (!number) return;
    std::string value;
    put_varint64(value, *number);
    put_field(out, tag, value);
}

void put_added(std::string& out, const AddedFile& file) {
    const FileMeta& meta = file.meta;
    std::string value;
    put_varint32(value, static_cast<uint32_t>(file.level));
    put_varint64(value, meta.number);
    put_varint64(value, meta.size_bytes);
    put_fixed64(value, meta.checksum);
    put_length_prefixed(value, meta.smallest);
    put_length_prefixed(value, meta.largest);
    put_varint64(value, meta.smallest_seqno);
    put_varint64(value, meta.largest_seqno);
    put_varint64(value, meta.entries);
    put_varint64(value, meta.tombstones);
    put_varint64(value, meta.earliest_expiry_ms);
    value.push_back(static_cast<char>(meta.reason));
    // A table without any of these is written as before, for programs that know no others.
    const bool has_more =
        meta.range_tombstones != 0 || meta.expiring != 0 || meta.latest_expiry_ms != 0;
    if (has_more) {
        put_varint64(value, meta.range_tombstones);
        put_varint64(value, meta.expiring);
        put_varint64(value, meta.latest_expiry_ms);
    }
    put_field(out, has_more ? EditTag::kAddedFileWithMore : EditTag::kAddedFile, value);
}

void put_removed(std::string& out, const RemovedFile& file) {
    std::string value;
    put_varint32(value, static_cast<uint32_t>(file.level));
    put_varint64(value, file.number);
    put_field(out, EditTag::kRemovedFile, value);
}

Status malformed(EditTag tag, const char* what) {
    return Status::corruption("version edit: " + std::string(what) + " in the field with tag " +
                              std::to_string(static_cast<uint32_t>(tag)));
}

bool read_level(ByteReader& reader, int& level) {
    uint32_t number;
    if (!reader.read_varint32(number) || number >= static_cast<uint32_t>(kLevels)) return false;
    level = static_cast<int>(number);
    return true;
}

template <class T>
Status take_number(EditTag tag, Bytes value, std::optional<T>& number) {
    if (number) return malformed(tag, "a second value");
    ByteReader reader(value);
    uint64_t wide;
    if (!reader.read_varint64(wide) || !reader.at_end() || static_cast<T>(wide) != wide) {
        return malformed(tag, "not one number");
    }
    number = static_cast<T>(wide);
    return Status::ok();
}

Status take_added(EditTag tag, Bytes value, VersionEdit& edit) {
    ByteReader reader(value);
    AddedFile file;
    FileMeta& meta = file.meta;
    Bytes smallest, largest;
    uint8_t reason = 0;
    const bool complete =
        read_level(reader, file.level) && reader.read_varint64(meta.number) &&
        reader.read_varint64(meta.size_bytes) && reader.read_fixed64(meta.checksum) &&
        reader.read_length_prefixed(smallest) && reader.read_length_prefixed(largest) &&
        reader.read_varint64(meta.smallest_seqno) && reader.read_varint64(meta.largest_seqno) &&
        reader.read_varint64(meta.entries) && reader.read_varint64(meta.tombstones) &&
        reader.read_varint64(meta.earliest_expiry_ms) && reader.read_u8(reason);
    const bool has_more = tag == EditTag::kAddedFileWithMore;
    const bool more_complete = !has_more || (reader.read_varint64(meta.range_tombstones) &&
                                             reader.read_varint64(meta.expiring) &&
                                             reader.read_varint64(meta.latest_expiry_ms));
    if (!complete || !more_complete || !reader.at_end()) {
        return malformed(tag, "not a table's metadata");
    }
    meta.smallest = smallest;
    meta.largest = largest;
    meta.reason = static_cast<TableReason>(reason);
    KV_RETURN_IF_ERROR(check_file_meta(meta));
    edit.added.push_back(std::move(file));
    return Status::ok();
}

Status take_removed(Bytes value, VersionEdit& edit) {
    ByteReader reader(value);
    RemovedFile file;
    if (!read_level(reader, file.level) || !reader.read_varint64(file.number) || !reader.at_end()) {
        return malformed(EditTag::kRemovedFile, "not a level and a number");
    }
    edit.removed.push_back(file);
    return Status::ok();
}

Status take_field(uint32_t raw_tag, Bytes value, VersionEdit& edit) {
    const auto tag = static_cast<EditTag>(raw_tag);
    switch (tag) {
        case EditTag::kFormatVersion:
            KV_RETURN_IF_ERROR(take_number(tag, value, edit.format_version));
            if (*edit.format_version <= kManifestFormatVersion) return Status::ok();
            return {Code::kUnsupported, "MANIFEST format version " +
                                            std::to_string(*edit.format_version) +
                                            "; this program reads up to version " +
                                            std::to_string(kManifestFormatVersion) +
                                            "; use the newer program that wrote it"};
        case EditTag::kDatabaseId:
            return take_number(tag, value, edit.database_id);
        case EditTag::kSnapshotRecords:
            return take_number(tag, value, edit.snapshot_records);
        case EditTag::kNextFileNumber:
            return take_number(tag, value, edit.next_file_number);
        case EditTag::kLastCreatedSegment:
            return take_number(tag, value, edit.last_created_segment);
        case EditTag::kOldestSegment:
            return take_number(tag, value, edit.oldest_segment);
        case EditTag::kFlushedSeqno:
            return take_number(tag, value, edit.flushed_seqno);
        case EditTag::kAddedFile:
        case EditTag::kAddedFileWithMore:
            return take_added(tag, value, edit);
        case EditTag::kRemovedFile:
            return take_removed(value, edit);
    }
    return {Code::kUnsupported, "version edit: field with tag " + std::to_string(raw_tag) +
                                    ", which this program (format version " +
                                    std::to_string(kManifestFormatVersion) +
                                    ") does not know; use the newer program that wrote it"};
}

}  // namespace

void VersionEdit::encode(std::string& out) const {
    put_number(out, EditTag::kFormatVersion, format_version);
    put_number(out, EditTag::kDatabaseId, database_id);
    put_number(out, EditTag::kSnapshotRecords, snapshot_records);
    put_number(out, EditTag::kNextFileNumber, next_file_number);
    put_number(out, EditTag::kLastCreatedSegment, last_created_segment);
    put_number(out, EditTag::kOldestSegment, oldest_segment);
    put_number(out, EditTag::kFlushedSeqno, flushed_seqno);
    for (const RemovedFile& file : removed) put_removed(out, file);
    for (const AddedFile& file : added) put_added(out, file);
}

Status VersionEdit::decode(Bytes bytes, VersionEdit& edit) {
    edit = {};
    ByteReader reader(bytes);
    while (!reader.at_end()) {
        uint32_t tag;
        Bytes value;
        const size_t at = reader.offset();
        if (!reader.read_varint32(tag) || !reader.read_length_prefixed(value)) {
            return Status::corruption("version edit: malformed field at byte " +
                                      std::to_string(at));
        }
        KV_RETURN_IF_ERROR(take_field(tag, value, edit));
    }
    return Status::ok();
}

}  // namespace kv

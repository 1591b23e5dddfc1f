// Tagged fields: tag varint, length varint, then that many bytes; a number is one varint.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/properties.h"

#include "base/coding.h"
#include "record/internal_key.h"

namespace kv {

std::string_view table_reason_name(TableReason reason) {
    switch (reason) {
        case TableReason::kFlush:
            return "flush";
        case TableReason::kCompaction:
            return "compaction";
        case TableReason::kRecovery:
            return "recovery";
        case TableReason::kRepair:
            return "repair";
        case TableReason::kUnknown:
            break;
    }
    return "unknown";
}

}  // namespace kv

namespace kv::sstable {

namespace {

// Tags are stored on disk, never renumber. Numbers and keys are told apart by the tag.
struct NumberField {
    uint32_t tag;
    uint64_t TableProperties::*member;
};
constexpr NumberField kNumbers[] = {
    {1, &TableProperties::entries},
    {2, &TableProperties::tombstones},
    {5, &TableProperties::smallest_seqno},
    {6, &TableProperties::largest_seqno},
    {7, &TableProperties::earliest_expiry_ms},
    {8, &TableProperties::raw_key_bytes},
    {9, &TableProperties::raw_value_bytes},
    {10, &TableProperties::data_blocks},
    {11, &TableProperties::data_bytes},
    {14, &TableProperties::range_tombstones},
    {15, &TableProperties::content_bytes},
};
constexpr uint32_t kSmallestTag = 3;
constexpr uint32_t kLargestTag = 4;
constexpr uint32_t kReasonTag = 12;
constexpr uint32_t kCodecTag = 13;
/// The fields that a table of a version must have, as bits.
constexpr uint32_t needed_tags(uint32_t format_version) {
    return format_version == 1 ? 0x1FFE : 0xFFFE;  // 1 to 12, 1 to 15
}

void put_number(std::string& out, uint32_t tag, uint64_t value) {
    std::string bytes;
    put_varint64(bytes, value);
    put_varint32(out, tag);
    put_length_prefixed(out, bytes);
}

bool read_number(Bytes bytes, uint64_t& value) {
    ByteReader reader(bytes);
    return reader.read_varint64(value) && reader.at_end();
}

/// False when the bytes are no such field. Unknown tags are fine.
bool read_field(uint32_t tag, Bytes bytes, TableProperties& properties) {
    if (tag == kSmallestTag || tag == kLargestTag) {
        (tag == kSmallestTag ? properties.smallest : properties.largest).assign(bytes);
        return bytes.size() >= kTrailerBytes;
    }
    if (tag == kReasonTag) {
        uint64_t reason;
        if (!read_number(bytes, reason)) return false;
        // A reason that a newer kvd invented is no error: nothing depends on it.
        properties.reason = reason <= static_cast<uint64_t>(TableReason::kRepair)
                                ? static_cast<TableReason>(reason)
                                : TableReason::kUnknown;
        return true;
    }
    if (tag == kCodecTag) {
        uint64_t codec;
        if (!read_number(bytes, codec) || codec > static_cast<uint64_t>(Codec::kZstd)) return false;
        properties.codec = static_cast<Codec>(codec);
        return true;
    }
    for (const NumberField& field : kNumbers)
        if (field.tag == tag) return read_number(bytes, properties.*field.member);
    return true;
}

}  // namespace

std::string encode_properties(const TableProperties& properties) {
    std::string out;
    for (const NumberField& field : kNumbers) put_number(out, field.tag, properties.*field.member);
    put_varint32(out, kSmallestTag);
    put_length_prefixed(out, properties.smallest);
    put_varint32(out, kLargestTag);
    put_length_prefixed(out, properties.largest);
    put_number(out, kReasonTag, static_cast<uint64_t>(properties.reason));
    put_number(out, kCodecTag, static_cast<uint64_t>(properties.codec));
    return out;
}

Status decode_properties(Bytes content, uint32_t format_version, TableProperties& properties) {
    uint32_t seen = 0;
    for (ByteReader reader(content); !reader.at_end();) {
        uint32_t tag;
        Bytes bytes;
        if (!reader.read_varint32(tag) || !reader.read_length_prefixed(bytes))
            return Status::corruption("properties: cut short");
        const uint32_t bit = tag < 32 ? 1U << tag : 0;
        if ((seen & bit) != 0)
            return Status::corruption("properties: field " + std::to_string(tag) + " twice");
        seen |= bit;
        if (!read_field(tag, bytes, properties))
            return Status::corruption("properties: bad field " + std::to_string(tag));
    }
    const uint32_t needed = needed_tags(format_version);
    if ((seen & needed) != needed) return Status::corruption("properties: a field is missing");
    return Status::ok();
}

}  // namespace kv::sstable

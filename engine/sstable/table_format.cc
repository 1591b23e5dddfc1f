// Footer, trailers and checksums of table files.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/table_format.h"

#include <cstdio>

#include "base/coding.h"
#include "base/hash.h"

namespace kv::sstable {

namespace {

// Offsets inside the footer; its last 24 bytes keep their place in every future version.
constexpr size_t kVersionOffset = 64;
constexpr size_t kChecksumOffset = 72;
constexpr size_t kMagicOffset = 80;
static_assert(kMagicOffset + 8 == kFooterBytes);

}  // namespace

std::string hex64(uint64_t v) {
    char text[20];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(v));
    return text;
}

uint64_t block_checksum(Bytes content, Codec codec, uint64_t file_number, uint64_t offset) {
    // The codec goes into the seed, so that content and trailer need not lie side by side.
    return hash64(content, place_salt(file_number, offset) ^ static_cast<uint64_t>(codec) << 56);
}

void append_block_trailer(std::string& out, Codec codec, uint64_t checksum) {
    out.push_back(static_cast<char>(codec));
    put_fixed64(out, checksum);
}

void append_footer(std::string& out, const Footer& footer, uint64_t footer_offset) {
    const size_t begin = out.size();
    for (const BlockHandle& handle : {footer.index, footer.filter, footer.properties}) {
        put_fixed64(out, handle.offset);
        put_fixed64(out, handle.size);
    }
    put_fixed64(out, footer.file_number);
    put_fixed64(out, footer.table_checksum);
    put_fixed32(out, footer.format_version);
    put_fixed32(out, footer.flags);
    put_fixed64(out,
                hash64(Bytes(out).substr(begin), place_salt(footer.file_number, footer_offset)));
    put_fixed64(out, kTableMagic);
}

Result<Footer> parse_footer(Bytes bytes, uint64_t footer_offset) {
    const std::string where = "footer at offset " + std::to_string(footer_offset) + ": ";
    const uint64_t magic = load_fixed64(bytes.data() + kMagicOffset);
    if (magic != kTableMagic)
        return Status::corruption(where + "not a table file: expected magic " + hex64(kTableMagic) +
                                  ", found " + hex64(magic));
    Footer footer;
    ByteReader reader(bytes);
    for (BlockHandle* handle : {&footer.index, &footer.filter, &footer.properties})
        if (!reader.read_fixed64(handle->offset) || !reader.read_fixed64(handle->size))
            return Status::corruption(where + "too short");
    if (!reader.read_fixed64(footer.file_number) || !reader.read_fixed64(footer.table_checksum))
        return Status::corruption(where + "too short");
    const uint64_t stored = load_fixed64(bytes.data() + kChecksumOffset);
    const uint64_t computed =
        hash64(bytes.substr(0, kChecksumOffset), place_salt(footer.file_number, footer_offset));
    if (stored != computed)
        return Status::corruption(where + "checksum mismatch: expected " + hex64(stored) +
                                  ", found " + hex64(computed));
    footer.format_version = load_fixed32(bytes.data() + kVersionOffset);
    footer.flags = load_fixed32(bytes.data() + kVersionOffset + 4);
    if (footer.format_version == 0 || footer.format_version > kTableFormatVersion)
        return Status(Code::kUnsupported,
                      where + "table format version " + std::to_string(footer.format_version) +
                          ", this kvd reads up to version " + std::to_string(kTableFormatVersion) +
                          "; use a newer kvd");
    if ((footer.flags & ~kKnownTableFlags) != 0)
        return Status(Code::kUnsupported, where + "table feature flags " + hex64(footer.flags) +
                                              ", this kvd knows " + hex64(kKnownTableFlags) +
                                              "; use a newer kvd");
    return footer;
}

uint64_t table_checksum(Bytes block_checksums, uint64_t file_number) {
    return hash64(block_checksums, place_salt(file_number, 0));
}

}  // namespace kv::sstable

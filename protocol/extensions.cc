// Extension entries: walking, looking up, writing.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/extensions.h"

#include <cstdio>

#include "kv/assert.h"
#include "protocol/wire_cursor.h"

namespace kv::protocol {

bool ExtensionReader::next(Extension& out) {
    if (rest_.empty() || !ok_) return false;
    WireReader in(rest_);
    out.tag = in.u16("tag");
    const uint16_t size = in.u16("length");
    if (!in.ok() || size > in.remaining()) {
        ok_ = false;
        return false;
    }
    out.value = rest_.substr(in.offset(), size);
    rest_.remove_prefix(in.offset() + size);
    return true;
}

bool extensions_well_formed(Bytes entries) {
    if (entries.size() > kMaxExtensionBytes) return false;
    ExtensionReader reader(entries);
    Extension entry;
    while (reader.next(entry)) {
    }
    return reader.ok();
}

std::pair<Bytes, bool> find_extension(Bytes entries, uint16_t tag) {
    ExtensionReader reader(entries);
    Extension entry;
    while (reader.next(entry)) {
        if (entry.tag == tag) return {entry.value, true};
    }
    return {Bytes(), false};
}

Status refuse_critical_extensions(Bytes entries, uint16_t known) {
    ExtensionReader reader(entries);
    Extension entry;
    while (reader.next(entry)) {
        if ((entry.tag & extension_tag::kCriticalBit) == 0 || entry.tag == known) continue;
        char text[96];
        std::snprintf(text, sizeof text,
                      "extension 0x%04X is marked critical and unknown on this request",
                      unsigned{entry.tag});
        return {Code::kUnsupported, text};
    }
    return Status::ok();
}

void append_extensions(std::string& out, const std::vector<Extension>& entries) {
    std::string block;
    WireWriter writer(block);
    for (const Extension& entry : entries) {
        KV_ASSERT(entry.value.size() <= kMaxExtensionBytes);
        writer.u16(entry.tag);
        writer.u16(static_cast<uint16_t>(entry.value.size()));
        block.append(entry.value);
    }
    KV_ASSERT(block.size() <= kMaxExtensionBytes);
    WireWriter(out).bytes(block);
}

}  // namespace kv::protocol

// Extensions: tag-length-value entries between header and body when EXT is set. A newer peer adds
// what an older one has no field for; the older one skips tags it does not know.
//
// Block: u32 length of what follows, then entries `u16 tag | u16 length | value`. Tags at and above
// 0x8000 are critical: a receiver that does not know one answers `unsupported`.
// Thread rule: pure functions and values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "kv/bytes.h"
#include "kv/status.h"
#include "protocol/limits.h"

namespace kv::protocol {

namespace extension_tag {                // sent on the wire, never renumber
inline constexpr uint16_t kTraceId = 1;  ///< 16 bytes to carry into logs; no effect.
inline constexpr uint16_t kCriticalBit = 0x8000;
/// On HELLO: a KeyspaceWish. Critical: a server that skipped it would use the default keyspace.
inline constexpr uint16_t kKeyspace = kCriticalBit | 2;
}  // namespace extension_tag

struct Extension {
    uint16_t tag = 0;
    Bytes value{};
    friend bool operator==(const Extension&, const Extension&) = default;
};

/// Walks the entries of a block (its length field already removed), in the order sent.
class ExtensionReader {
  public:
    explicit ExtensionReader(Bytes entries) : rest_(entries) {}
    /// False at the end and at the first entry that does not fit.
    bool next(Extension& out);
    /// False once an entry did not fit.
    bool ok() const { return ok_; }

  private:
    Bytes rest_{};
    bool ok_ = true;
};

/// True when the entries fill the block exactly and it is within kMaxExtensionBytes.
bool extensions_well_formed(Bytes entries);
/// The value of the first entry with `tag`; `found` false when there is none.
std::pair<Bytes, bool> find_extension(Bytes entries, uint16_t tag);
/// kUnsupported naming the first critical tag other than `known`, the only one that the request may
/// have (0: none).
Status refuse_critical_extensions(Bytes entries, uint16_t known = 0);

/// Appends the block, length field included, to a frame begun with the EXT flag. Requires that the
/// block stays within kMaxExtensionBytes.
void append_extensions(std::string& out, const std::vector<Extension>& entries);

}  // namespace kv::protocol

// The properties block: what a table says about itself, as tagged fields that a later version may
// add to. Layout: engine/docs/sstable_format.md.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "kv/bytes.h"
#include "kv/status.h"
#include "sstable/table_options.h"

namespace kv::sstable {

/// The block's content. file_number, size_bytes and checksum are not part of it.
std::string encode_properties(const TableProperties& properties);

/// Fills the stored fields of `properties`. kCorruption without a file name when a field is
/// that a table of `format_version` has is missing, one is repeated or does not parse; unknown tags
/// are passed over.
Status decode_properties(Bytes content, uint32_t format_version, TableProperties& properties);

}  // namespace kv::sstable

// Ordered blocks: data blocks as the cache keeps them, with a little of every key side by side.
//
// A search in a tagged block compares keys that lie all over it, and in a block that has not been
// touched for a while each comparison waits for memory. Here the four bytes in which keys differ
// first, their ORDER KEYS, lie together in front of the entries: a search among those touches a few
// neighbouring lines, then one entry. The form is made when a block goes into the cache and never
// written anywhere.
// Thread rule: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "kv/bytes.h"

namespace kv::sstable {

/// The order key of a user key behind `common` bytes: the next four, or as many as there are and
/// zeros, so that these numbers never contradict the order of the keys. Requires common <= size.
uint32_t order_key_of(Bytes user_key, size_t common);

/// What the content of a block takes in ordered form; 0 where it has none: a plain block, a damaged
/// one, or one with so few entries that it is not worth it.
size_t ordered_size(Bytes content);
/// Writes ordered_size() bytes, not 0, to `out`. False when an entry is damaged: `out` is of no use
/// then.
bool order_block(Bytes content, char* out);

}  // namespace kv::sstable

// BlockIterator: a cursor over the entries of one block's content, both ways, and find_in_block for
// point reads. The content's checksum was verified before; even so every length is checked, so
// content that is damaged or was never valid makes the cursor stop with a problem, never read
// outside of the block.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>

#include "kv/bytes.h"
#include "sstable/block_layout.h"

namespace kv::sstable {

class BlockIterator {
  public:
    BlockIterator() = default;
    BlockIterator(const BlockIterator&) = delete;
    BlockIterator& operator=(const BlockIterator&) = delete;

    /// Starts over `content`, which must stay in place until the next reset; not valid() yet.
    void reset(Bytes content);

    bool valid() const { return valid_; }
    /// What is wrong with the content, or null. The text lives for ever.
    const char* problem() const { return problem_; }

    void seek_to_first();
    void seek_to_last();
    /// First entry >= the internal key; not valid() when there is none.
    void seek(Bytes internal_key);
    /// Requires valid().
    void next() {
        ++ordinal_;
        if (next_ == block_.end)
            valid_ = false;
        else
            parse(next_);
    }
    /// Requires valid(). In the plain form it costs a walk from the restart point.
    void prev();

    /// Internal key and stored value, until the next move.
    Bytes key() const { return key_; }
    Bytes value() const { return value_; }

  private:
    void parse(const char* p);
    void join(const BlockEntry& entry);
    void grow(size_t size);
    void go_to_restart(uint32_t index);
    void go_to(uint32_t ordinal);
    bool load_anchor(uint32_t ordinal);
    void seek_in_run(uint32_t restart, Bytes user_key, uint64_t trailer);
    void fail(const char* problem);

    BlockLayout block_;
    const char* problem_ = nullptr;
    bool valid_ = false;

    const char* current_ = nullptr;  // the current entry
    const char* next_ = nullptr;     // behind it
    uint32_t ordinal_ = 0;           // its number; tagged form
    // The key of the restart point before the entry that was last gone to by number.
    uint32_t anchor_ordinal_ = 0;
    Bytes anchor_;

    Bytes key_;  // in the block where it lies there whole, else in buffer_
    Bytes value_;
    char small_[120];
    std::unique_ptr<char[]> large_;
    char* buffer_ = small_;
    size_t capacity_ = sizeof small_;
};

/// Makes the entry at `p` current; key_ must hold the key that it shares bytes with.
inline void BlockIterator::parse(const char* p) {
    BlockEntry entry;
    if (!decode_entry(p, block_.end, entry) || entry.shared > key_.size() ||
        entry.shared + entry.unshared < kTrailerBytes) [[unlikely]]
        return fail(kBadEntry);
    if (entry.shared == 0)
        key_ = {entry.suffix, entry.unshared};
    else
        join(entry);
    value_ = entry.stored_value();
    current_ = p;
    next_ = entry.end();
    valid_ = true;
}

/// Puts the key together in the buffer.
inline void BlockIterator::join(const BlockEntry& entry) {
    constexpr size_t kShortBytes = 16;  // what one move of two registers copies
    const size_t size = size_t{entry.shared} + entry.unshared;
    if (size + kShortBytes > capacity_) [[unlikely]]
        grow(size + kShortBytes);
    if (key_.data() != buffer_) std::memcpy(buffer_, key_.data(), entry.shared);
    if (entry.unshared <= kShortBytes && block_.end - entry.suffix >= ptrdiff_t{kShortBytes})
        std::memcpy(buffer_ + entry.shared, entry.suffix, kShortBytes);
    else
        std::memcpy(buffer_ + entry.shared, entry.suffix, entry.unshared);
    key_ = {buffer_, size};
}

/// The answer of a point look-up: the first entry of that user key at or behind the trailer.
struct BlockHit {
    enum class Result : uint8_t { kFound, kNone, kProblem };
    Result result = Result::kNone;
    uint64_t trailer = 0;           ///< kFound
    Bytes value;                    ///< kFound
    const char* problem = nullptr;  ///< kProblem
};
/// `user_key_hash` is hash64(user_key). kNone: not in this block; where the separator behind the
/// block is of that user key, the next block may have it.
BlockHit find_in_block(Bytes content, Bytes user_key, uint64_t user_key_hash, uint64_t trailer);

/// What is wrong with the tags and offsets of a tagged block (a point read or a walk backwards
/// would not find what a walk forward shows), or null. Part of the full check.
const char* tagged_block_problem(Bytes content);

}  // namespace kv::sstable

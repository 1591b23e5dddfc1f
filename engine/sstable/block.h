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
    void prev() {
        // Most often the entry lies in the run of the anchor, as this one does.
        const uint32_t in_run = ordinal_ - anchor_ordinal_ - 1;
        if (block_.is_tagged() && in_run < block_.step && ordinal_ <= block_.count) [[likely]]
            go_to_in_run(ordinal_ - 1);
        else
            leave_run();
    }

    /// Internal key and stored value, until the next move.
    Bytes key() const { return key_; }
    Bytes value() const { return value_; }

  private:
    static constexpr size_t kShortBytes = 16;  // what one move of two registers copies

    void parse(const char* p);
    void join(const BlockEntry& entry);
    void copy_part(char* to, const char* from, size_t size);
    void grow(size_t size);
    void go_to_restart(uint32_t index);
    void go_to(uint32_t ordinal);
    void go_to_in_run(uint32_t ordinal);
    void leave_run();
    bool load_anchor(uint32_t ordinal);
    void seek_in_run(uint32_t restart, Bytes user_key, uint64_t trailer);
    void seek_ordered(Bytes user_key, uint64_t trailer);
    void seek_among(uint32_t begin, uint32_t end, Bytes user_key, uint64_t trailer);
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
    const size_t size = size_t{entry.shared} + entry.unshared;
    if (size + kShortBytes > capacity_) [[unlikely]]
        grow(size + kShortBytes);
    if (key_.data() != buffer_) copy_part(buffer_, key_.data(), entry.shared);
    copy_part(buffer_ + entry.shared, entry.suffix, entry.unshared);
    key_ = {buffer_, size};
}

/// Copies `size` bytes of the block into the buffer, which has kShortBytes more.
inline void BlockIterator::copy_part(char* to, const char* from, size_t size) {
    if (size <= kShortBytes && block_.end - from >= ptrdiff_t{kShortBytes}) [[likely]]
        std::memcpy(to, from, kShortBytes);
    else
        std::memcpy(to, from, size);
}

/// Tagged form: the same as go_to where anchor_ is known to be that of the entry.
inline void BlockIterator::go_to_in_run(uint32_t ordinal) {
    const uint32_t offset = block_.start(ordinal);
    if (offset >= static_cast<size_t>(block_.end - block_.entries)) [[unlikely]]
        return fail(kBadRestart);
    key_ = anchor_;
    ordinal_ = ordinal;
    parse(block_.entries + offset);
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

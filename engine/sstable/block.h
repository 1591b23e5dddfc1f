// BlockIterator: a cursor over the entries of one block's content, both ways. The content's
// checksum was verified before; even so every length is checked, so content that is damaged or was
// never valid makes the cursor stop with a problem, never read outside of the block.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kv/bytes.h"

namespace kv::sstable {

class BlockIterator {
  public:
    BlockIterator() = default;

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
    void next();
    void prev();

    /// Internal key and stored value, until the next move.
    Bytes key() const { return key_; }
    Bytes value() const { return value_; }

  private:
    /// A decoded entry of the run between two restart points, kept for walking backwards.
    struct Remembered {
        uint32_t entry_offset;
        uint32_t key_begin, key_size;  // in run_keys_
        Bytes value;
    };

    uint32_t restart_offset(uint32_t index) const;
    bool parse_at(uint32_t offset);
    void go_to_restart(uint32_t index);
    bool remember_run(uint32_t end);
    void fail(const char* problem);

    const char* data_ = nullptr;
    uint32_t entries_end_ = 0;  // where the restart array begins
    uint32_t restarts_ = 0;
    const char* problem_ = nullptr;
    bool valid_ = false;

    uint32_t offset_ = 0;       // of the current entry
    uint32_t next_offset_ = 0;  // behind it
    std::string key_;
    Bytes value_;

    std::vector<Remembered> run_;  // entries before the current one, when walking backwards
    std::string run_keys_;
};

/// Point look-up without building keys: the first entry >= (user_key, trailer).
struct BlockHit {
    enum class Result : uint8_t { kFound, kOtherKey, kPastEnd, kProblem };
    Result result = Result::kPastEnd;
    uint64_t trailer = 0;           ///< kFound
    Bytes value;                    ///< kFound
    const char* problem = nullptr;  ///< kProblem
};
/// kFound: that entry has this user key. kOtherKey: it has another. kPastEnd: there is none in
/// this block.
BlockHit find_in_block(Bytes content, Bytes user_key, uint64_t trailer);

}  // namespace kv::sstable

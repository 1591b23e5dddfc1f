// Reading blocks. Nothing here trusts a length.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/block.h"

#include <algorithm>
#include <cstring>

#include "base/coding.h"
#include "record/internal_key.h"

namespace kv::sstable {

namespace {

constexpr size_t kPrefetchBytes = 1024;
constexpr const char* kBadRestarts = "the restart array does not fit into the block";
constexpr const char* kBadRestart = "a restart point does not lead to a whole entry";
constexpr const char* kBadEntry = "an entry's lengths do not fit into the block";

/// The two regions of a block.
struct Layout {
    const char* data = nullptr;
    uint32_t entries_end = 0;
    uint32_t restarts = 0;

    bool parse(Bytes content) {
        if (content.size() < 8 || content.size() > UINT32_MAX) return false;
        const auto size = static_cast<uint32_t>(content.size());
        data = content.data();
        restarts = load_fixed32(data + size - 4);
        if (restarts == 0 || restarts > (size - 4) / 4) return false;
        entries_end = size - 4 - 4 * restarts;
        return true;
    }
    uint32_t restart_offset(uint32_t index) const {
        return load_fixed32(data + entries_end + 4 * size_t{index});
    }
};

struct RawEntry {
    uint32_t shared;
    uint32_t unshared;
    uint32_t value_size;
    const char* suffix;  // `unshared` key bytes, then the value

    const char* value() const { return suffix + unshared; }
};

/// Decodes the entry at `p`; false when it does not fit before `end`.
bool decode_entry(const char* p, const char* end, RawEntry& entry) {
    if (end - p >= 3 && ((p[0] | p[1] | p[2]) & 0x80) == 0) [[likely]] {
        entry.shared = static_cast<uint8_t>(p[0]);
        entry.unshared = static_cast<uint8_t>(p[1]);
        entry.value_size = static_cast<uint8_t>(p[2]);
        p += 3;
    } else {
        p = parse_varint32(p, end, entry.shared);
        if (p != nullptr) p = parse_varint32(p, end, entry.unshared);
        if (p != nullptr) p = parse_varint32(p, end, entry.value_size);
        if (p == nullptr) return false;
    }
    entry.suffix = p;
    return uint64_t{entry.unshared} + entry.value_size <= static_cast<uint64_t>(end - p);
}

/// The whole key at a restart point; false when there is none.
bool restart_key(const Layout& block, uint32_t index, Bytes& key) {
    const uint32_t offset = block.restart_offset(index);
    RawEntry entry;
    if (offset >= block.entries_end ||
        !decode_entry(block.data + offset, block.data + block.entries_end, entry) ||
        entry.shared != 0 || entry.unshared < kTrailerBytes)
        return false;
    key = {entry.suffix, entry.unshared};
    return true;
}

/// <0, 0, >0 as `key` sorts before, at or after (user_key, trailer).
int compare_to(Bytes key, Bytes user_key, uint64_t trailer) {
    const int order = user_key_of(key).compare(user_key);
    if (order != 0) return order;
    const uint64_t own = trailer_of(key);
    return own < trailer ? -1 : own > trailer ? 1 : 0;
}

/// The last restart point whose key sorts before the target, or 0. False when one is damaged.
bool find_restart(const Layout& block, Bytes user_key, uint64_t trailer, uint32_t& found) {
    uint32_t low = 0, high = block.restarts - 1;
    while (low < high) {
        const uint32_t middle = low + (high - low + 1) / 2;
        Bytes key;
        if (!restart_key(block, middle, key)) return false;
        if (compare_to(key, user_key, trailer) < 0)
            low = middle;
        else
            high = middle - 1;
    }
    found = low;
    return true;
}

/// A key being put together from shared and own parts, on the stack unless it is long.
class KeyBuffer {
  public:
    Bytes key() const { return {data_, size_}; }
    bool apply(const RawEntry& entry) {
        if (entry.shared > size_) return false;
        const size_t size = size_t{entry.shared} + entry.unshared;
        if (size > capacity_) grow(size);
        std::memcpy(data_ + entry.shared, entry.suffix, entry.unshared);
        size_ = size;
        return size >= kTrailerBytes;
    }

  private:
    void grow(size_t size) {
        std::string larger(2 * size, '\0');
        std::memcpy(larger.data(), data_, size_);
        large_ = std::move(larger);
        data_ = large_.data();
        capacity_ = large_.size();
    }

    char small_[256];
    std::string large_;
    char* data_ = small_;
    size_t size_ = 0;
    size_t capacity_ = sizeof small_;
};

}  // namespace

BlockHit find_in_block(Bytes content, Bytes user_key, uint64_t trailer) {
    Layout block;
    uint32_t restart = 0;
    if (!block.parse(content)) return {BlockHit::Result::kProblem, 0, {}, kBadRestarts};
    if (!find_restart(block, user_key, trailer, restart))
        return {BlockHit::Result::kProblem, 0, {}, kBadRestart};
    const uint32_t begin = block.restart_offset(restart);
    if (begin >= block.entries_end) return {BlockHit::Result::kProblem, 0, {}, kBadRestart};
    KeyBuffer buffer;
    const char* end = block.data + block.entries_end;
    // The entries to walk are contiguous, so their cache lines can all be on the way at once.
    const size_t ahead = std::min<size_t>(block.entries_end - begin, kPrefetchBytes);
    for (size_t i = 64; i < ahead; i += 64) __builtin_prefetch(block.data + begin + i);
    for (const char* p = block.data + begin; p < end;) {
        RawEntry entry;
        if (!decode_entry(p, end, entry) || !buffer.apply(entry))
            return {BlockHit::Result::kProblem, 0, {}, kBadEntry};
        const Bytes key = buffer.key();
        const int order = user_key_of(key).compare(user_key);
        if (order > 0) return {BlockHit::Result::kOtherKey, 0, {}, nullptr};
        if (order == 0 && trailer_of(key) >= trailer)
            return {BlockHit::Result::kFound,
                    trailer_of(key),
                    {entry.value(), entry.value_size},
                    nullptr};
        p = entry.value() + entry.value_size;
    }
    return {BlockHit::Result::kPastEnd, 0, {}, nullptr};
}

void BlockIterator::reset(Bytes content) {
    run_.clear();
    valid_ = false;
    problem_ = nullptr;
    Layout block;
    if (!block.parse(content)) return fail(kBadRestarts);
    data_ = block.data;
    entries_end_ = block.entries_end;
    restarts_ = block.restarts;
}

void BlockIterator::fail(const char* problem) {
    valid_ = false;
    restarts_ = 0;
    if (problem_ == nullptr) problem_ = problem;
}

uint32_t BlockIterator::restart_offset(uint32_t index) const {
    return Layout{data_, entries_end_, restarts_}.restart_offset(index);
}

/// Makes the entry at `offset` current; key_ must hold the key before it. False when it is damaged.
bool BlockIterator::parse_at(uint32_t offset) {
    RawEntry entry;
    if (!decode_entry(data_ + offset, data_ + entries_end_, entry) || entry.shared > key_.size() ||
        entry.shared + entry.unshared < kTrailerBytes) {
        fail(kBadEntry);
        return false;
    }
    key_.resize(entry.shared);
    key_.append(entry.suffix, entry.unshared);
    value_ = {entry.value(), entry.value_size};
    offset_ = offset;
    next_offset_ = static_cast<uint32_t>(entry.value() + entry.value_size - data_);
    valid_ = true;
    return true;
}

void BlockIterator::go_to_restart(uint32_t index) {
    run_.clear();
    valid_ = false;
    if (restarts_ == 0) return;
    const uint32_t offset = restart_offset(index);
    if (offset >= entries_end_) return fail(kBadRestart);
    key_.clear();
    parse_at(offset);
}

void BlockIterator::seek_to_first() { go_to_restart(0); }

void BlockIterator::seek_to_last() {
    go_to_restart(restarts_ - 1);
    while (valid_ && next_offset_ < entries_end_) parse_at(next_offset_);
}

void BlockIterator::seek(Bytes internal_key) {
    const Bytes user_key = user_key_of(internal_key);
    const uint64_t trailer = trailer_of(internal_key);
    uint32_t restart = 0;
    if (restarts_ == 0) return;
    if (!find_restart({data_, entries_end_, restarts_}, user_key, trailer, restart))
        return fail(kBadRestart);
    go_to_restart(restart);
    while (valid_ && compare_to(key_, user_key, trailer) < 0) next();
}

void BlockIterator::next() {
    run_.clear();
    if (next_offset_ >= entries_end_)
        valid_ = false;
    else
        parse_at(next_offset_);
}

void BlockIterator::prev() {
    if (run_.empty()) {
        if (offset_ == 0) {
            valid_ = false;
            return;
        }
        if (!remember_run(offset_)) return;
    }
    const Remembered& entry = run_.back();
    next_offset_ = offset_;
    offset_ = entry.entry_offset;
    key_.assign(run_keys_, entry.key_begin, entry.key_size);
    value_ = entry.value;
    run_keys_.resize(entry.key_begin);
    run_.pop_back();
}

/// Decodes the entries from the last restart point before `end` up to it into run_. False when
/// they are damaged.
bool BlockIterator::remember_run(uint32_t end) {
    uint32_t low = 0, high = restarts_ - 1;
    while (low < high) {
        const uint32_t middle = low + (high - low + 1) / 2;
        if (restart_offset(middle) < end)
            low = middle;
        else
            high = middle - 1;
    }
    go_to_restart(low);
    run_keys_.clear();
    while (valid_ && offset_ < end) {
        run_.push_back({offset_, static_cast<uint32_t>(run_keys_.size()),
                        static_cast<uint32_t>(key_.size()), value_});
        run_keys_.append(key_);
        if (next_offset_ >= end) break;
        parse_at(next_offset_);
    }
    if (valid_ && !run_.empty() && next_offset_ == end) {
        offset_ = end;
        return true;
    }
    fail(kBadRestart);
    return false;
}

}  // namespace kv::sstable

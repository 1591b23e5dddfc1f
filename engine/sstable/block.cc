// The cursor over a block.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/block.h"

#include <algorithm>

#include "sstable/ordered_block.h"

namespace kv::sstable {

bool find_restart(const BlockLayout& block, Bytes user_key, uint64_t trailer, uint32_t& index) {
    uint32_t low = 0, high = (block.count - 1) / block.step;
    while (low < high) {
        const uint32_t middle = low + (high - low + 1) / 2;
        Bytes key;
        if (!block.restart_key(middle * block.step, key)) return false;
        if (compare_to(key, user_key, trailer) < 0)
            low = middle;
        else
            high = middle - 1;
    }
    index = low * block.step;
    return true;
}

void BlockIterator::reset(Bytes content) {
    valid_ = false;
    problem_ = nullptr;
    key_ = {};
    if (!block_.parse(content)) return fail(kBadRestarts);
    anchor_ordinal_ = block_.count;  // none: no entry lies behind it
}

void BlockIterator::fail(const char* problem) {
    valid_ = false;
    block_.count = 0;
    if (problem_ == nullptr) problem_ = problem;
}

void BlockIterator::grow(size_t size) {
    const size_t capacity = std::max(2 * capacity_, size);
    std::unique_ptr<char[]> larger(new char[capacity]);
    if (key_.data() == buffer_) {
        std::memcpy(larger.get(), buffer_, key_.size());
        key_ = {larger.get(), key_.size()};
    }
    large_ = std::move(larger);
    buffer_ = large_.get();
    capacity_ = capacity;
}

/// `index` is that of a restart point's offset.
void BlockIterator::go_to_restart(uint32_t index) {
    valid_ = false;
    if (block_.count == 0) return;
    const uint32_t offset = block_.start(index);
    if (offset >= static_cast<size_t>(block_.end - block_.entries)) return fail(kBadRestart);
    key_ = {};
    ordinal_ = index;
    parse(block_.entries + offset);
}

/// Tagged form: makes anchor_ the key at the restart point before the entry.
bool BlockIterator::load_anchor(uint32_t ordinal) {
    const uint32_t restart = ordinal - ordinal % block_.step;
    if (!block_.restart_key(restart, anchor_)) {
        fail(kBadRestart);
        return false;
    }
    anchor_ordinal_ = restart;
    return true;
}

/// Tagged form: makes the entry of that number current.
void BlockIterator::go_to(uint32_t ordinal) {
    valid_ = false;
    // True for an anchor behind the entry too, as the difference wraps.
    if (ordinal - anchor_ordinal_ >= block_.step && !load_anchor(ordinal)) return;
    go_to_in_run(ordinal);
}

void BlockIterator::seek_to_first() { go_to_restart(0); }

void BlockIterator::seek_to_last() {
    valid_ = false;
    if (block_.count == 0) return;
    if (block_.is_tagged()) return go_to(block_.count - 1);
    go_to_restart(block_.count - 1);
    while (valid_ && next_ < block_.end) parse(next_);
}

void BlockIterator::seek(Bytes internal_key) {
    const Bytes user_key = user_key_of(internal_key);
    const uint64_t trailer = trailer_of(internal_key);
    valid_ = false;
    if (block_.count == 0) return;
    if (block_.is_ordered()) return seek_ordered(user_key, trailer);
    uint32_t restart = 0;
    if (!find_restart(block_, user_key, trailer, restart)) return fail(kBadRestart);
    if (block_.is_tagged()) return seek_in_run(restart, user_key, trailer);
    go_to_restart(restart);
    while (valid_ && compare_to(key_, user_key, trailer) < 0) next();
}

/// Tagged form: looks from a restart point to the next one by halves. All entries between share
/// their front with the restart point's key, so what the target has in common with that key, found
/// once, decides most comparisons without a look at the key itself.
void BlockIterator::seek_in_run(uint32_t restart, Bytes user_key, uint64_t trailer) {
    if (!load_anchor(restart)) return;
    if (compare_to(anchor_, user_key, trailer) >= 0) return go_to(restart);
    const Bytes anchor = user_key_of(anchor_);
    const size_t common = static_cast<size_t>(
        std::mismatch(anchor.begin(), anchor.end(), user_key.begin(), user_key.end()).first -
        anchor.begin());
    uint32_t low = restart + 1, high = std::min(block_.count, restart + block_.step);
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        BlockEntry entry;
        if (!block_.entry_at(middle, entry) || entry.unshared < kTrailerBytes)
            return fail(kBadEntry);
        bool before = entry.shared > common;
        if (entry.shared == common)
            before =
                compare_to({entry.suffix, entry.unshared}, user_key.substr(common), trailer) < 0;
        if (before)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < block_.count) go_to(low);
}

/// Ordered form: by order keys, which leave more than one entry only where they are equal.
void BlockIterator::seek_ordered(Bytes user_key, uint64_t trailer) {
    Bytes first;
    if (!block_.restart_key(0, first)) return fail(kBadRestart);
    first = user_key_of(first);
    if (first.size() < block_.common) return fail(kBadEntry);
    const int order = user_key.substr(0, block_.common).compare(first.substr(0, block_.common));
    if (order < 0) return go_to(0);
    if (order > 0) return;
    const uint32_t wanted = order_key_of(user_key, block_.common);
    uint32_t begin = 0;
    for (uint32_t left = block_.count; left > 1;) {  // without a branch to mispredict
        const uint32_t half = left / 2;
        begin += block_.order_key(begin + half - 1) < wanted ? half : 0;
        left -= half;
    }
    begin += block_.order_key(begin) < wanted ? 1 : 0;
    if (begin == block_.count) return;
    uint32_t end = begin;
    while (end < block_.count && block_.order_key(end) == wanted) ++end;
    seek_among(begin, end, user_key, trailer);
}

/// Ordered form: the entry before `begin` lies before the target, that at `end` behind it.
void BlockIterator::seek_among(uint32_t begin, uint32_t end, Bytes user_key, uint64_t trailer) {
    while (begin < end) {
        const uint32_t middle = begin + (end - begin) / 2;
        go_to(middle);
        if (!valid_) return;
        if (compare_to(key_, user_key, trailer) < 0)
            begin = middle + 1;
        else
            end = middle;
    }
    if (valid_ && ordinal_ == begin) return;
    valid_ = false;
    if (begin < block_.count) go_to(begin);
}

/// The rest of prev().
void BlockIterator::leave_run() {
    if (block_.is_tagged()) {
        if (ordinal_ > block_.count) return fail(kBadRestart);
        if (ordinal_ == 0)
            valid_ = false;
        else
            go_to(ordinal_ - 1);
        return;
    }
    const char* const end = current_;
    if (end == block_.entries) {
        valid_ = false;
        return;
    }
    const auto end_offset = static_cast<uint32_t>(end - block_.entries);
    uint32_t low = 0, high = block_.count - 1;
    while (low < high) {
        const uint32_t middle = low + (high - low + 1) / 2;
        if (block_.start(middle) < end_offset)
            low = middle;
        else
            high = middle - 1;
    }
    go_to_restart(low);
    while (valid_ && next_ < end) parse(next_);
    if (valid_ && next_ != end) fail(kBadRestart);
}

}  // namespace kv::sstable

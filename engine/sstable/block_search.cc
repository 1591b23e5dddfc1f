// Point look-ups in a block, and the check that they find what is there.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/hash.h"
#include "sstable/block.h"

namespace kv::sstable {

namespace {

constexpr size_t kPrefetchBytes = 1024;
constexpr size_t kLineBytes = 64;
/// Tags looked through at once; beyond it, the run between two restart points is found first.
constexpr uint32_t kMostTags = 256;

BlockHit problem_hit(const char* problem) { return {BlockHit::Result::kProblem, 0, {}, problem}; }
BlockHit found_hit(uint64_t trailer, Bytes value) {
    return {BlockHit::Result::kFound, trailer, value, nullptr};
}

/// The bytes of `word` that are `byte`, as the high bit of each.
uint64_t matching_bytes(uint64_t word, uint64_t byte) {
    constexpr uint64_t kLow = 0x7F7F7F7F7F7F7F7FULL;
    const uint64_t difference = word ^ byte * 0x0101010101010101ULL;
    return ~(((difference & kLow) + kLow) | difference | kLow);
}

/// Looks through the tags of a tagged block.
class TagSearch {
  public:
    TagSearch(const BlockLayout& block, Bytes user_key, uint64_t trailer)
        : block_(block), user_key_(user_key), trailer_(trailer) {}

    /// Asks every entry in [begin, end) with that tag, in order.
    BlockHit run(uint32_t begin, uint32_t end, uint8_t tag) {
        const char* const tags = block_.tags;
        while (begin < end && static_cast<size_t>(block_.end - tags) >= size_t{begin} + 8) {
            uint64_t matches = matching_bytes(load_fixed64(tags + begin), tag);
            for (; matches != 0; matches &= matches - 1) {
                const auto at = begin + static_cast<uint32_t>(__builtin_ctzll(matches)) / 8;
                if (at >= end) break;
                if (ask(at)) return hit_;
            }
            begin += 8;
        }
        for (; begin < end; ++begin)
            if (static_cast<uint8_t>(tags[begin]) == tag && ask(begin)) return hit_;
        return hit_;
    }

  private:
    /// True when the search is over, with the answer in hit_.
    bool ask(uint32_t at) {
        const uint32_t restart = at - at % block_.step;
        if (restart != at) {
            const uint32_t offset = block_.start(restart);
            if (offset < static_cast<size_t>(block_.end - block_.entries))
                __builtin_prefetch(block_.entries + offset);
        }
        BlockEntry entry;
        if (!block_.entry_at(at, entry) || entry.unshared < kTrailerBytes) return fail(kBadEntry);
        const Bytes suffix(entry.suffix, entry.unshared - kTrailerBytes);
        if (size_t{entry.shared} + suffix.size() != user_key_.size() ||
            suffix != user_key_.substr(entry.shared))
            return false;
        if (entry.shared > 0) {
            Bytes anchor;
            if (!block_.restart_key(restart, anchor)) return fail(kBadRestart);
            if (user_key_of(anchor).substr(0, entry.shared) != user_key_.substr(0, entry.shared))
                return false;
        }
        const uint64_t trailer = load_big_endian64(entry.value() - kTrailerBytes);
        if (trailer < trailer_) return false;
        hit_ = found_hit(trailer, entry.stored_value());
        return true;
    }
    bool fail(const char* problem) {
        hit_ = problem_hit(problem);
        return true;
    }

    const BlockLayout& block_;
    const Bytes user_key_;
    const uint64_t trailer_;
    BlockHit hit_;
};

BlockHit find_tagged(const BlockLayout& block, Bytes user_key, uint8_t tag, uint64_t trailer) {
    TagSearch search(block, user_key, trailer);
    if (block.count <= kMostTags) return search.run(0, block.count, tag);
    uint32_t restart = 0;
    if (!find_restart(block, user_key, trailer, restart)) return problem_hit(kBadRestart);
    // The answer may also be the restart point behind the run.
    return search.run(restart, std::min(block.count, restart + block.step + 1), tag);
}

/// A key being put together from shared and own parts, on the stack unless it is long.
class KeyBuffer {
  public:
    Bytes key() const { return {data_, size_}; }
    bool apply(const BlockEntry& entry) {
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

BlockHit find_plain(const BlockLayout& block, Bytes user_key, uint64_t trailer) {
    uint32_t restart = 0;
    if (!find_restart(block, user_key, trailer, restart)) return problem_hit(kBadRestart);
    const uint32_t begin = block.start(restart);
    const auto entries_bytes = static_cast<size_t>(block.end - block.entries);
    if (begin >= entries_bytes) return problem_hit(kBadRestart);
    KeyBuffer buffer;
    // The entries to walk are contiguous, so their cache lines can all be on the way at once.
    const size_t ahead = std::min<size_t>(entries_bytes - begin, kPrefetchBytes);
    for (size_t i = kLineBytes; i < ahead; i += kLineBytes)
        __builtin_prefetch(block.entries + begin + i);
    for (const char* p = block.entries + begin; p < block.end;) {
        BlockEntry entry;
        if (!decode_entry(p, block.end, entry) || !buffer.apply(entry))
            return problem_hit(kBadEntry);
        const Bytes key = buffer.key();
        const int order = user_key_of(key).compare(user_key);
        if (order > 0) break;
        if (order == 0 && trailer_of(key) >= trailer)
            return found_hit(trailer_of(key), entry.stored_value());
        p = entry.end();
    }
    return {};
}

}  // namespace

BlockHit find_in_block(Bytes content, Bytes user_key, uint64_t user_key_hash, uint64_t trailer) {
    BlockLayout block;
    if (!block.parse(content)) return problem_hit(kBadRestarts);
    return block.is_tagged() ? find_tagged(block, user_key, tag_of(user_key_hash), trailer)
                             : find_plain(block, user_key, trailer);
}

const char* tagged_block_problem(Bytes content) {
    BlockLayout block;
    if (!block.parse(content)) return kBadRestarts;
    if (!block.is_tagged()) return nullptr;
    Bytes anchor;
    const char* p = block.entries;
    for (uint32_t i = 0; i < block.count; ++i) {
        BlockEntry entry;
        if (block.start(i) != static_cast<size_t>(p - block.entries))
            return "an offset does not lead to its entry";
        if (!decode_entry(p, block.end, entry) || entry.unshared < kTrailerBytes) return kBadEntry;
        if (i % block.step == 0) anchor = {};
        if (entry.shared > anchor.size()) return kBadEntry;
        std::string user_key(anchor.substr(0, entry.shared));
        user_key.append(entry.suffix, entry.unshared - kTrailerBytes);
        const Bytes rest = Bytes(user_key).substr(entry.shared);
        if (i % block.step == 0)
            anchor = {entry.suffix, entry.unshared - kTrailerBytes};
        else if (!rest.empty() && entry.shared < anchor.size() &&
                 rest.front() == anchor[entry.shared])
            return "an entry shares less with its restart point than it could";
        if (static_cast<uint8_t>(block.tags[i]) != tag_of(hash64(user_key)))
            return "a tag is not that of its key";
        p = entry.end();
    }
    return p == block.end ? nullptr : "the entries do not end with the block";
}

}  // namespace kv::sstable

// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "memtable/range_tombstone_log.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "kv/assert.h"

namespace kv {

RangeTombstoneLog::~RangeTombstoneLog() {
    // One by one: the chain may be long, and each chunk owns the next.
    for (std::unique_ptr<Chunk> chunk = std::move(first_); chunk != nullptr;)
        chunk = std::move(chunk->next);
}

void RangeTombstoneLog::add(Bytes begin, Bytes end, Seqno seqno) {
    KV_ASSERT(begin < end);
    const size_t size = size_.load(std::memory_order_relaxed);
    size_t grown = begin.size() + end.size();
    if (size % kChunk == 0) {
        auto chunk = std::make_unique<Chunk>();
        Chunk* fresh = chunk.get();
        (last_ == nullptr ? first_ : last_->next) = std::move(chunk);
        last_ = fresh;
        grown += sizeof(Chunk);
    }
    last_->tombstones[size % kChunk] = {std::string(begin), std::string(end), seqno};
    memory_bytes_.store(memory_bytes() + grown, std::memory_order_relaxed);
    size_.store(size + 1, std::memory_order_release);
}

/// Calls `visit` with every delete from the first that `built` lacks up to number `end`.
template <class Visit>
void RangeTombstoneLog::visit_from(const Built& built, size_t end, Visit visit) const {
    const Chunk* chunk = built.count == 0 ? first_.get() : built.chunk;
    for (size_t i = built.count; i < end; ++i) {
        // A chunk that was full when the set was built may have got its successor since.
        if (i % kChunk == 0 && i != 0) chunk = chunk->next.get();
        visit(chunk->tombstones[i % kChunk], chunk);
    }
}

/// A set that lacks at most `longest_tail` of the deletes there are now.
RangeTombstoneLog::Built RangeTombstoneLog::built(size_t longest_tail) const {
    const size_t end = size();
    const std::lock_guard lock(mutex_);
    if (end <= built_.count + longest_tail) return built_;
    std::vector<RangeTombstone> tombstones;
    if (built_.set != nullptr) built_.set->append_to(tombstones);
    Built fresh;
    visit_from(built_, end, [&](const RangeTombstone& tombstone, const Chunk* chunk) {
        tombstones.push_back(tombstone);
        fresh.chunk = chunk;
    });
    fresh.set = RangeTombstoneSet::build(std::move(tombstones));
    fresh.count = end;
    return built_ = std::move(fresh);
}

Seqno RangeTombstoneLog::search(Bytes user_key, Seqno read_seqno) const {
    const size_t end = size();
    const Built known = built(kLongestTail);
    Seqno newest = known.set == nullptr ? 0 : known.set->covering(user_key, read_seqno);
    visit_from(known, end, [&](const RangeTombstone& tombstone, const Chunk*) {
        if (tombstone.seqno <= read_seqno && tombstone.begin <= user_key &&
            user_key < tombstone.end)
            newest = std::max(newest, tombstone.seqno);
    });
    return newest;
}

RangeTombstoneSetPtr RangeTombstoneLog::all() const { return empty() ? nullptr : built(0).set; }

}  // namespace kv

// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "memtable/range_tombstone_log.h"

#include <algorithm>
#include <utility>

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
    log_bytes_.store(log_bytes_.load(std::memory_order_relaxed) + grown, std::memory_order_relaxed);
    size_.store(size + 1, std::memory_order_release);
}

/// Calls `visit` with every delete from one place up to number `end`, and returns that place.
template <class Visit>
RangeTombstoneLog::Place RangeTombstoneLog::visit(Place from, size_t end, Visit visit) const {
    for (; from.index < end; ++from.index) {
        // A chunk that was full at `from` may have got its successor since.
        if (from.index % kChunk == 0)
            from.chunk = from.chunk == nullptr ? first_.get() : from.chunk->next.get();
        visit(from.chunk->tombstones[from.index % kChunk]);
    }
    return from;
}

/// Sets that lack at most `longest_tail` of the deletes there are now.
RangeTombstoneLog::BuiltPtr RangeTombstoneLog::built(size_t longest_tail) const {
    const size_t end = size();
    const std::lock_guard lock(mutex_);
    if (end <= built_->end.index + longest_tail) return built_;
    auto fresh = std::make_shared<Built>(*built_);
    Place begin = fresh->end;
    while (!fresh->pieces.empty() &&
           begin.index - fresh->pieces.back().begin.index <= end - begin.index) {
        begin = fresh->pieces.back().begin;
        fresh->pieces.pop_back();
    }
    std::vector<RangeTombstone> tombstones;
    tombstones.reserve(end - begin.index);
    fresh->end = visit(begin, end,
                       [&](const RangeTombstone& tombstone) { tombstones.push_back(tombstone); });
    fresh->pieces.push_back({begin, RangeTombstoneSet::build(std::move(tombstones))});
    size_t bytes = 0;
    for (const Piece& piece : fresh->pieces) bytes += piece.set->memory_bytes();
    set_bytes_.store(bytes, std::memory_order_relaxed);
    return built_ = std::move(fresh);
}

Seqno RangeTombstoneLog::search(Bytes user_key, Seqno read_seqno) const {
    const size_t end = size();
    const BuiltPtr known = built(kLongestTail);
    Seqno newest = 0;
    visit(known->end, end, [&](const RangeTombstone& tombstone) {
        if (tombstone.seqno <= read_seqno && tombstone.begin <= user_key &&
            user_key < tombstone.end)
            newest = std::max(newest, tombstone.seqno);
    });
    // Seqnos ascend: the first that covers the key, from the end, is the newest.
    for (size_t i = known->pieces.size(); newest == 0 && i-- > 0;)
        newest = known->pieces[i].set->covering(user_key, read_seqno);
    return newest;
}

void RangeTombstoneLog::append_sets(std::vector<RangeTombstoneSetPtr>& out) const {
    if (empty()) return;
    for (const Piece& piece : built(0)->pieces) out.push_back(piece.set);
}

RangeTombstoneSetPtr RangeTombstoneLog::all() const {
    const size_t end = size();
    if (end == 0) return nullptr;
    std::vector<RangeTombstone> tombstones;
    tombstones.reserve(end);
    visit({}, end, [&](const RangeTombstone& tombstone) { tombstones.push_back(tombstone); });
    return RangeTombstoneSet::build(std::move(tombstones));
}

}  // namespace kv

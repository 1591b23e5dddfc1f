// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "memtable/lazy_list.h"

#include <new>

namespace kv {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kAcquire = std::memory_order_acquire;
constexpr auto kRelease = std::memory_order_release;

}  // namespace

LazyList::Node& LazyList::add_key(Bytes user_key, uint64_t trailer, Bytes head, Bytes tail) {
    Node& node = list_.make(user_key, trailer, head, tail);
    const Bytes key = node.user_key();
    if (largest_key_.data() == nullptr) smallest_key_ = largest_key_ = key;
    if (key < smallest_key_) smallest_key_ = key;
    if (key > largest_key_) largest_key_ = key;
    keys_.store(keys() + 1, kRelaxed);
    if (const uint64_t prompt = prompt_keys(); prompt != 0) {
        // Who links at the moment may take long, and what waits already is not the writer's to do.
        const std::unique_lock lock(linking_, std::try_to_lock);
        if (lock.owns_lock()) {
            prompt_keys_.store(prompt - 1, kRelaxed);
            all_appended_.store(false, kRelaxed);
            list_.link(node);
            return node;
        }
    }
    append(node);
    return node;
}

void LazyList::add_version(Node& anchor, uint64_t trailer, Bytes head, Bytes tail) {
    if (trailer < anchor.trailer()) return list_.add_version(anchor, trailer, head, tail);
    // Older than the anchor: never in the life of a store. Who looks for it goes on from there.
    const std::lock_guard lock(linking_);
    link_waiting();
    all_appended_.store(false, kRelaxed);
    list_.link(list_.make(anchor.user_key(), trailer, head, tail));
}

void LazyList::prefetch_places(std::span<const Bytes> user_keys) {
    if (user_keys.empty() || prompt_keys() == 0) return;
    const std::unique_lock lock(linking_, std::try_to_lock);
    if (lock.owns_lock()) list_.prefetch_places(user_keys);
}

void LazyList::append(Node& node) {
    const uint64_t count = appended_.load(kRelaxed);
    if (count % Chunk::kNodes == 0) {
        auto* const chunk = new (arena_.allocate(sizeof(Chunk))) Chunk;
        (last_ == nullptr ? first_ : last_->next).store(chunk, kRelaxed);
        last_ = chunk;
    }
    last_->nodes[count % Chunk::kNodes] = &node;
    appended_.store(count + 1, kRelease);
}

uint64_t LazyList::waiting() const {
    // In this order: there are never fewer appended than linked.
    const uint64_t linked = linked_.load(kAcquire);
    return appended_.load(kAcquire) - linked;
}

const SkipList& LazyList::in_order() {
    if (waiting() != 0 || !is_lent_.load(kAcquire)) {
        const std::lock_guard lock(linking_);
        link_waiting();
        is_lent_.store(true, kRelease);
    }
    prompt_keys_.store(keys(), kRelaxed);
    return list_;
}

std::optional<NodeSort> LazyList::sorted() const {
    if (waiting() == 0 || !all_appended_.load(kRelaxed)) return std::nullopt;
    const Chunk* at = nullptr;
    NodeSort nodes = gather(at, 0, appended_.load(kAcquire));
    nodes.sort();
    return nodes;
}

NodeSort LazyList::gather(const Chunk*& at, uint64_t from, uint64_t to) const {
    NodeSort nodes(to - from);
    for (; from != to; ++from) {
        if (from % Chunk::kNodes == 0) at = (at == nullptr ? first_ : at->next).load(kRelaxed);
        nodes.add(*at->nodes[from % Chunk::kNodes]);
    }
    return nodes;
}

void LazyList::link_waiting() {
    const uint64_t begin = linked_.load(kRelaxed);
    const uint64_t end = appended_.load(kAcquire);
    if (begin == end) return;
    NodeSort waiting = gather(at_, begin, end);
    waiting.sort();
    const auto& places = waiting.places();
    if (places.size() >= kTellingKeys && !is_lent_.load(kRelaxed) && list_.first() == nullptr)
        list_.set_common_prefix(waiting.common_prefix());
    constexpr size_t kAhead = 16;
    for (size_t i = 0; i < places.size(); ++i) {
        if (i + kAhead < places.size()) SkipList::prefetch(*places[i + kAhead].node);
        list_.link(*places[i].node);
    }
    linked_.store(end, kRelease);
}

}  // namespace kv

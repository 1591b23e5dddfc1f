// See key_index.h.
// SPDX-License-Identifier: Apache-2.0
#include "memtable/key_index.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>
#include <random>

#include "base/hash.h"
#include "kv/assert.h"

namespace kv {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kAcquire = std::memory_order_acquire;
constexpr auto kRelease = std::memory_order_release;
constexpr uint64_t kAddressBits = 48;
constexpr uint64_t kAddressMask = (1ULL << kAddressBits) - 1;

uint64_t random_seed() {
    std::random_device random;
    return uint64_t{random()} << 32 | random();
}
const uint64_t process_seed = random_seed();

}  // namespace

void KeyIndex::FreeDeleter::operator()(Slot* slots) const { std::free(slots); }

KeyIndex::KeyIndex(uint64_t expected_keys) {
    add_table(std::max(kFirstSlots, std::bit_ceil(expected_keys * 2)));
}

KeyIndex::~KeyIndex() = default;

void KeyIndex::add_table(uint64_t slots) {
    static_assert(sizeof(Slot) == sizeof(uint64_t) && std::atomic<uint64_t>::is_always_lock_free,
                  "memory of zeros is a table of free slots");
    auto table = std::make_unique<Table>();
    table->mask = slots - 1;
    // Large ones are pages that the system zeroes when they are touched.
    table->slots.reset(static_cast<Slot*>(std::calloc(slots, sizeof(Slot))));
    if (table->slots == nullptr) throw std::bad_alloc();
    table->older = std::move(owner_);
    owner_ = std::move(table);
    memory_bytes_.store(memory_bytes() + slots * sizeof(Slot), kRelaxed);
    newest_.store(owner_.get(), kRelease);
}

uint64_t KeyIndex::hash_of(Bytes user_key) { return hash64(user_key, process_seed); }

uint64_t KeyIndex::packed(uint64_t hash, const SkipList::Node* node) {
    const auto address = reinterpret_cast<uintptr_t>(node);
    KV_ASSERT((address & ~kAddressMask) == 0);
    return (hash & ~kAddressMask) | address;
}

SkipList::Node* KeyIndex::node_of(uint64_t slot) {
    return reinterpret_cast<SkipList::Node*>(slot & kAddressMask);
}

bool KeyIndex::same_tag(uint64_t slot, uint64_t hash) {
    return ((slot ^ hash) & ~kAddressMask) == 0;
}

void KeyIndex::prefetch_slot(uint64_t hash) const {
    const Table& table = *newest_.load(kAcquire);
    __builtin_prefetch(&table.slots[hash & table.mask]);
}

const SkipList::Node* KeyIndex::guess(uint64_t hash) const {
    const uint64_t slot = owner_->slots[hash & owner_->mask].load(kAcquire);
    return same_tag(slot, hash) ? node_of(slot) : nullptr;
}

void KeyIndex::put(uint64_t hash, SkipList::Node* node) {
    if (owner_->used * 2 > owner_->mask) add_table((owner_->mask + 1) * 4);
    Table& table = *owner_;
    uint64_t i = hash & table.mask;
    while (table.slots[i].load(kRelaxed) != 0) i = (i + 1) & table.mask;
    table.slots[i].store(packed(hash, node), kRelease);
    ++table.used;
}

SkipList::Node* KeyIndex::find(uint64_t hash, Bytes user_key) const {
    for (const Table* table = newest_.load(kAcquire); table != nullptr;
         table = table->older.get()) {
        for (uint64_t i = hash & table->mask;; i = (i + 1) & table->mask) {
            const uint64_t slot = table->slots[i].load(kAcquire);
            if (slot == 0) break;
            if (same_tag(slot, hash) && node_of(slot)->user_key() == user_key) return node_of(slot);
        }
    }
    return nullptr;
}

}  // namespace kv

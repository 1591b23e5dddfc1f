// BlockRef: a counted reference to a block's bytes, whether the block stands for itself or lies in
// the block cache.
//
// A reference counts on a word that lies either in the header of a block of its own or in a slot of
// the cache; letting go costs one atomic subtraction, and more only where the last reference frees
// something. Thread rule: one object by one thread at a time; copies are independent of each other.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "kv/bytes.h"

namespace kv {

class BlockMemory;

class BlockRef {
  public:
    BlockRef() = default;
    /// A new block of `size` uninitialised bytes, for the caller to fill before it shares it; in
    /// `memory`, which must outlive it, if that is given and has room, else on the heap.
    static BlockRef allocate(size_t size, BlockMemory* memory = nullptr);
    /// The same for bytes that go again soon: in memory that this thread let go just before, which
    /// its processor still holds close. It takes more of it than the size says.
    static BlockRef scratch(size_t size);

    BlockRef(const BlockRef& other)
        : word_(other.word_), data_(other.data_), size_(other.size_), charge_(other.charge_) {
        if (word_ != nullptr) word_->fetch_add(1, std::memory_order_relaxed);
    }
    BlockRef(BlockRef&& other) noexcept
        : word_(std::exchange(other.word_, nullptr)),
          data_(std::exchange(other.data_, nullptr)),
          size_(other.size_),
          charge_(other.charge_) {}
    BlockRef& operator=(BlockRef other) noexcept {
        std::swap(word_, other.word_);
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(charge_, other.charge_);
        return *this;
    }
    ~BlockRef() { reset(); }

    /// The same block without a count of its own: valid as long as this reference is.
    BlockRef borrow() const { return {nullptr, data_, size_, charge_}; }

    void reset() {
        data_ = nullptr;
        if (word_ == nullptr) return;
        unpin(*std::exchange(word_, nullptr));
    }
    explicit operator bool() const { return data_ != nullptr; }
    /// Requires a non-empty reference, as do all below.
    Bytes bytes() const { return {data_, size_}; }
    /// For filling, while this is the only reference.
    char* mutable_data() { return data_; }
    /// Forgets the bytes behind `size` (a trailer already checked); requires size <= the current
    /// one and that this is the only reference.
    void shrink(size_t size) { size_ = static_cast<uint32_t>(size); }
    /// Heap bytes that the block takes, whoever holds it.
    size_t charge_bytes() const { return charge_; }

  private:
    friend class CacheShard;
    using Word = std::atomic<uint64_t>;

    // The word: number of references below, state above. A slot of the cache that is free has none
    // of these bits; references to it may come and go for a moment (see cache_shard.h).
    static constexpr uint64_t kOwn = 1ULL << 60;      // a block of its own: the last one frees it
    static constexpr uint64_t kVisible = 1ULL << 61;  // in the cache, and found there
    static constexpr uint64_t kErased = 1ULL << 62;   // taken out: the last one frees the slot
    static constexpr uint64_t kCount = (1ULL << 32) - 1;

    BlockRef(Word* word, char* data, uint32_t size, uint32_t charge)
        : word_(word), data_(data), size_(size), charge_(charge) {}

    static void unpin(Word& word) {
        const uint64_t old = word.fetch_sub(1, std::memory_order_acq_rel);
        if ((old & (kOwn | kErased)) != 0 && (old & kCount) == 1) release(word, old);
    }
    static void release(Word& word, uint64_t old);
    /// Gives back the memory of a block of its own.
    static void free_data(char* data);

    Word* word_ = nullptr;  // null: empty or borrowed
    char* data_ = nullptr;  // null: empty
    uint32_t size_ = 0;
    uint32_t charge_ = 0;
};

}  // namespace kv

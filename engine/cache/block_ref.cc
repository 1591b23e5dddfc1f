// Memory of blocks that stand for themselves, and the scratch buffers that each thread keeps for
// blocks that go again at once: a read that the cache does not keep then neither asks the allocator
// nor waits for memory that is far from the processor.
// SPDX-License-Identifier: Apache-2.0
#include "cache/block_ref.h"

#include <new>

#include "cache/block_memory.h"
#include "cache/cache_shard.h"
#include "kv/assert.h"

namespace kv {

namespace {

/// Where a block's memory goes back to, but for a BlockMemory, whose address it may be too.
constexpr uintptr_t kHeap = 0;
constexpr uintptr_t kScratch = 1;

/// What lies before the bytes of a block of its own.
struct BlockHeader {
    std::atomic<uint64_t> word;
    uintptr_t home;
};
static_assert(sizeof(BlockHeader) == 16);

// Room for a block of the usual size several times over, so that all blocks of a thread share its
// buffers; what is not touched takes no memory.
constexpr size_t kScratchBytes = 16U << 10;
// A get needs two; a walk holds one for each table that it merges.
constexpr size_t kMostScratch = 8;

/// The buffers of this thread. Trivial, so that a block may be let go while the thread ends.
struct ScratchStack {
    void* buffers[kMostScratch];
    size_t count;
    bool is_closed;
};
thread_local constinit ScratchStack scratch_stack{};

/// Empties the stack of a thread that ends.
struct ScratchOwner {
    ~ScratchOwner() {
        scratch_stack.is_closed = true;
        while (scratch_stack.count > 0)
            ::operator delete(scratch_stack.buffers[--scratch_stack.count]);
    }
    void touch() {}
};
thread_local ScratchOwner scratch_owner;

// AddressSanitizer has to see each block come and go.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kKeepsScratch = false;
#else
constexpr bool kKeepsScratch = true;
#endif

void* take_scratch() {
    if (scratch_stack.count > 0) return scratch_stack.buffers[--scratch_stack.count];
    scratch_owner.touch();  // from now on there may be something to give back
    return ::operator new(kScratchBytes);
}

}  // namespace

BlockRef BlockRef::allocate(size_t size, BlockMemory* memory) {
    KV_ASSERT(size <= UINT32_MAX - sizeof(BlockHeader));
    const size_t bytes = sizeof(BlockHeader) + size;
    auto home = reinterpret_cast<uintptr_t>(memory);
    void* place = memory == nullptr ? nullptr : memory->take(bytes);
    if (place == nullptr) {
        place = ::operator new(bytes);
        home = kHeap;
    }
    auto* header = new (place) BlockHeader{kOwn + 1, home};
    return {&header->word, reinterpret_cast<char*>(header + 1), static_cast<uint32_t>(size),
            static_cast<uint32_t>(sizeof(BlockHeader) + size)};
}

BlockRef BlockRef::scratch(size_t size) {
    if (!kKeepsScratch || size > kScratchBytes - sizeof(BlockHeader)) return allocate(size);
    auto* header = new (take_scratch()) BlockHeader{kOwn + 1, kScratch};
    return {&header->word, reinterpret_cast<char*>(header + 1), static_cast<uint32_t>(size),
            static_cast<uint32_t>(kScratchBytes)};
}

void BlockRef::release(Word& word, uint64_t old) {
    if ((old & kOwn) != 0)
        free_data(reinterpret_cast<char*>(&word) + sizeof(BlockHeader));
    else
        CacheShard::free_erased(*reinterpret_cast<CacheShard::Slot*>(&word));
}

void BlockRef::free_data(char* data) {
    auto* header = reinterpret_cast<BlockHeader*>(data) - 1;
    const uintptr_t home = header->home;
    header->~BlockHeader();
    if (home > kScratch) return reinterpret_cast<BlockMemory*>(home)->give_back(header);
    ScratchStack& stack = scratch_stack;
    if (home == kScratch && stack.count < kMostScratch && !stack.is_closed) {
        scratch_owner.touch();
        stack.buffers[stack.count++] = header;
    } else {
        ::operator delete(header);
    }
}

}  // namespace kv

// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "cache/block_memory.h"

#include <sys/mman.h>

#include <boost/interprocess/mem_algo/rbtree_best_fit.hpp>
#include <boost/interprocess/sync/mutex_family.hpp>
#include <new>

#include "kv/assert.h"

namespace kv {

namespace {

namespace ipc = boost::interprocess;

constexpr size_t kHugePageBytes = 2U << 20;
/// Below this, huge pages would round up more than they speed up.
constexpr uint64_t kSmallestCapacityBytes = 8U << 20;
/// Blocks come before the cache lets others go for them, and each has a few bytes in front.
constexpr uint64_t kSlackPart = 16;

size_t whole_huge_pages(uint64_t bytes) {
    return (bytes + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
}

// AddressSanitizer has to see each block come and go.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kHasRange = false;
#else
constexpr bool kHasRange = true;
#endif

}  // namespace

/// Reserved address space, of which the front is handed to the allocator.
class BlockMemory::Range {
  public:
    /// Null when the system gives no address space.
    static std::unique_ptr<Range> reserve(size_t bytes) {
        const size_t reserved = bytes + kHugePageBytes;  // to begin at a huge page
        void* base = ::mmap(nullptr, reserved, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (base == MAP_FAILED) return nullptr;
        return std::unique_ptr<Range>(new Range(base, reserved, bytes));
    }
    ~Range() {
        KV_ASSERT(heap_->all_memory_deallocated() && "a block outlives its cache");
        heap_->~Heap();
        ::munmap(base_, reserved_bytes_);
    }

    void* take(size_t bytes) {
        void* memory = heap_->allocate(bytes);
        while (memory == nullptr && mapped_bytes_ + kHugePageBytes <= end_bytes_ &&
               bytes <= end_bytes_ - mapped_bytes_) {
            heap_->grow(kHugePageBytes);
            mapped_bytes_ += kHugePageBytes;
            memory = heap_->allocate(bytes);
        }
        return memory;
    }
    void give_back(void* memory) { heap_->deallocate(memory); }
    uint64_t mapped_bytes() const { return mapped_bytes_; }

  private:
    using Heap = ipc::rbtree_best_fit<ipc::null_mutex_family, void*>;

    Range(void* base, size_t reserved_bytes, size_t bytes)
        : base_(base), reserved_bytes_(reserved_bytes), end_bytes_(bytes) {
        char* const begin =
            static_cast<char*>(base) + -reinterpret_cast<uintptr_t>(base) % kHugePageBytes;
        // Only advice: without huge pages all works, a little slower.
        (void)::madvise(begin, bytes, MADV_HUGEPAGE);
        heap_ = new (begin) Heap(kHugePageBytes, 0);
    }

    void* const base_;
    const size_t reserved_bytes_;
    Heap* heap_ = nullptr;    // lies at the beginning of what it manages
    uint64_t end_bytes_ = 0;  // of what it may manage
    uint64_t mapped_bytes_ = kHugePageBytes;
};

BlockMemory::BlockMemory(uint64_t capacity_bytes) {
    if (kHasRange && capacity_bytes >= kSmallestCapacityBytes)
        range_ = Range::reserve(whole_huge_pages(capacity_bytes + capacity_bytes / kSlackPart));
}

BlockMemory::~BlockMemory() = default;

void* BlockMemory::take(size_t bytes) {
    const std::lock_guard lock(mutex_);
    return range_ == nullptr ? nullptr : range_->take(bytes);
}

void BlockMemory::give_back(void* memory) {
    const std::lock_guard lock(mutex_);
    range_->give_back(memory);
}

uint64_t BlockMemory::mapped_bytes() const {
    const std::lock_guard lock(mutex_);
    return range_ == nullptr ? 0 : range_->mapped_bytes();
}

}  // namespace kv

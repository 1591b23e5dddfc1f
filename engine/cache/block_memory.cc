// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "cache/block_memory.h"

#include <boost/interprocess/mem_algo/rbtree_best_fit.hpp>
#include <boost/interprocess/sync/mutex_family.hpp>
#include <new>
#include <utility>

#include "base/huge_range.h"
#include "kv/assert.h"

namespace kv {

namespace {

namespace ipc = boost::interprocess;

/// Below this, huge pages would round up more than they speed up.
constexpr uint64_t kSmallestCapacityBytes = 8U << 20;
/// Blocks come before the cache lets others go for them, and each has a few bytes in front.
constexpr uint64_t kSlackPart = 16;

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
    explicit Range(std::unique_ptr<HugeRange> range)
        : range_(std::move(range)), heap_(new (range_->begin()) Heap(kStepBytes, 0)) {}
    ~Range() {
        KV_ASSERT(heap_->all_memory_deallocated() && "a block outlives its cache");
        heap_->~Heap();
    }
    Range(const Range&) = delete;
    Range& operator=(const Range&) = delete;

    void* take(size_t bytes) {
        void* memory = heap_->allocate(bytes);
        while (memory == nullptr && bytes <= range_->size() - mapped_bytes_ &&
               kStepBytes <= range_->size() - mapped_bytes_) {
            heap_->grow(kStepBytes);
            mapped_bytes_ += kStepBytes;
            memory = heap_->allocate(bytes);
        }
        return memory;
    }
    void give_back(void* memory) { heap_->deallocate(memory); }
    uint64_t mapped_bytes() const { return mapped_bytes_; }

  private:
    using Heap = ipc::rbtree_best_fit<ipc::null_mutex_family, void*>;
    static constexpr size_t kStepBytes = HugeRange::kPageBytes;

    const std::unique_ptr<HugeRange> range_;
    Heap* const heap_;  // lies at the beginning of what it manages
    size_t mapped_bytes_ = kStepBytes;
};

BlockMemory::BlockMemory(uint64_t capacity_bytes) {
    if (!kHasRange || capacity_bytes < kSmallestCapacityBytes) return;
    auto range = HugeRange::reserve(capacity_bytes + capacity_bytes / kSlackPart);
    if (range != nullptr) range_ = std::make_unique<Range>(std::move(range));
}

BlockMemory::~BlockMemory() = default;

void* BlockMemory::take(size_t bytes) {
    if (range_ == nullptr) return nullptr;
    const std::lock_guard lock(mutex_);
    return range_->take(bytes);
}

void BlockMemory::give_back(void* memory) {
    const std::lock_guard lock(mutex_);
    range_->give_back(memory);
}

uint64_t BlockMemory::mapped_bytes() const {
    if (range_ == nullptr) return 0;
    const std::lock_guard lock(mutex_);
    return range_->mapped_bytes();
}

}  // namespace kv

// BlockPool: large blocks of memory that go from one arena to the next. A memtable that is freed
// leaves its blocks to the one after the next, so that a store under load neither maps fresh memory
// nor waits for the kernel to clear it. Blocks lie on huge pages where the system has them: a
// search through a memtable touches a page a step, and misses in the TLB are half of its cost.
// Thread rule: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <mutex>
#include <vector>

namespace kv {

class BlockPool {
  public:
    /// The size of a huge page, and of every block.
    static constexpr size_t kBlockBytes = 2U << 20;

    /// Keeps free blocks of up to `spare_bytes` in all.
    explicit BlockPool(size_t spare_bytes) : most_spare_(spare_bytes / kBlockBytes) {}
    ~BlockPool();
    BlockPool(const BlockPool&) = delete;
    BlockPool& operator=(const BlockPool&) = delete;

    /// kBlockBytes of uninitialised memory, for give_back.
    char* take();
    void give_back(char* block);
    size_t spare_bytes() const;

  private:
    const size_t most_spare_;
    mutable std::mutex mutex_;
    std::vector<char*> spare_;  // guarded by mutex_
};

}  // namespace kv

// BlockPool: large blocks of memory that go from one arena to the next. A memtable that is freed
// leaves its blocks to the one after the next, so that a store under load neither maps fresh memory
// nor waits for the kernel to clear it. Blocks lie on huge pages where the system has them: a
// search through a memtable touches a page a step, and misses in the TLB are half of its cost. To
// clear one takes the kernel 0.1 ms, and several where the machine is a guest that must get it from
// its host first, so a few are made ready before they are wanted.
// Thread rule: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace kv {

class BlockPool {
  public:
    /// The size of a huge page, and of every block.
    static constexpr size_t kBlockBytes = 2U << 20;

    /// So many are kept ready, if the pool may keep as many.
    static constexpr size_t kReadyBlocks = 4;

    /// Keeps free blocks of up to `spare_bytes` in all.
    explicit BlockPool(size_t spare_bytes) : most_spare_(spare_bytes / kBlockBytes) {}
    ~BlockPool();
    BlockPool(const BlockPool&) = delete;
    BlockPool& operator=(const BlockPool&) = delete;

    /// kBlockBytes of uninitialised memory, for give_back.
    char* take();
    void give_back(char* block);
    size_t spare_bytes() const;
    /// Of blocks that were taken and not given back.
    size_t used_bytes() const;

    /// From now on take() calls `run` when fewer than kReadyBlocks are left, once until refill();
    /// `run` sees to it that somebody who may take his time calls that soon. Null: blocks are made
    /// when they are taken. Not beside take(). refill() stops where there is no memory: it only
    /// makes what may never be needed.
    void on_low(std::function<void()> run) { on_low_ = std::move(run); }
    void refill();

  private:
    static char* new_block();  // null: there is no memory
    void keep_or_free(char* block);
    size_t ready_blocks() const { return std::min(kReadyBlocks, most_spare_); }

    const size_t most_spare_;
    mutable std::mutex mutex_;
    std::function<void()> on_low_;
    // Guarded by mutex_.
    std::vector<char*> spare_;
    size_t used_ = 0;
    bool is_low_ = false;  // on_low_ has been called, and refill() not yet
};

}  // namespace kv

// RequestTable: the requests of one connection that have no final answer yet, by id.
//
// Open addressing with at most half of the slots taken, so that a write in flight costs no
// allocation. Ids are chosen by the client; a bad choice only makes its own look-ups longer.
// Thread rule: the connection's network thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/answer.h"

namespace kv::server {

class PoolTask;

/// Where a request is on its way.
enum class Stage : uint8_t {
    kHeld,     ///< Behind a FENCE; nothing has begun.
    kWriting,  ///< With the engine, or waiting for its turn there.
    kReading,  ///< A task in the read pool.
    kScanning  ///< An open scan.
};

struct PendingRequest {
    RequestInfo info;
    Stage stage = Stage::kHeld;
    uint32_t deletes = 0;      ///< kWriting: how many of the mutations.
    PoolTask* task = nullptr;  ///< kReading: alive until the request is erased.
    size_t bytes = 0;          ///< What it holds in memory, for the budget.
};

class RequestTable {
  public:
    /// False when a request with this id is there already. Invalidates pointers from find().
    bool insert(const PendingRequest& request);
    /// Null when there is none. Valid until the next insert or erase.
    PendingRequest* find(uint64_t id);
    /// Does nothing when there is none.
    void erase(uint64_t id);

    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }

    template <class Visit>
    void for_each(Visit visit) {
        for (PendingRequest& slot : slots_) {
            if (slot.info.id != 0) visit(slot);
        }
    }

  private:
    size_t home(uint64_t id) const;
    void grow();

    std::vector<PendingRequest> slots_;  // id 0: free
    size_t size_ = 0;
};

}  // namespace kv::server

// DerivedState: something worked out from the present state of the store and kept where others look
// it up: how hard writes are pressed, how large the block cache may be.
//
// Whoever changes the store refreshes it afterwards. Refreshes never overlap: a thread that looked
// before a change, and was held up, would store its outdated result over that of the thread that
// made the change, and on a store at rest nobody comes by to correct it.
// Thread rule: any thread; `derive` must not refresh its own object.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <mutex>
#include <utility>

namespace kv::db {

class DerivedState {
  public:
    /// `derive` looks at the store and keeps what follows from it.
    explicit DerivedState(std::function<void()> derive) : derive_(std::move(derive)) {}
    DerivedState(const DerivedState&) = delete;
    DerivedState& operator=(const DerivedState&) = delete;

    /// On return, what is kept is no older than the call.
    void refresh() {
        const std::lock_guard lock(mutex_);
        derive_();
    }

  private:
    const std::function<void()> derive_;
    std::mutex mutex_;  // held while derive_ looks and keeps
};

}  // namespace kv::db

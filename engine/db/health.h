// Health: whether the store takes writes, and if not, why and since when. Each cause is raised and
// cleared by the part that met it; the state is that of the worst cause.
// Thread rule: any thread; state() is one atomic load.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <mutex>
#include <string>

#include "db/store_context.h"
#include "kv/db.h"

namespace kv::db {

class Health {
  public:
    enum class Cause : uint8_t {
        kLogWrite,    ///< A log write or sync failed: what it covered is in doubt.
        kLogSegment,  ///< No next log segment can be made.
        kFlush,       ///< A memtable cannot be written out.
        kManifest,    ///< A version edit is in doubt.
        kCompaction,  ///< Compaction cannot read a table; writes go on.
        kLevel0Full,  ///< Level 0 is full, and damage or the disk keeps it from being merged.
    };
    static constexpr size_t kCauses = 6;

    explicit Health(const StoreContext& context) : context_(context) {}

    /// Records (or updates) a cause and logs the change. kNoSpace statuses make the state kNoSpace,
    /// others kReadOnly; kCompaction never stops writes.
    void raise(Cause cause, const Status& status);
    /// Takes a cause back, if it was raised, and logs that.
    void clear(Cause cause);

    StoreState state() const { return state_.load(std::memory_order_acquire); }
    /// The answer for a write while state() is not kOk: kNoSpace or kReadOnly, not applied.
    Status refusal() const;
    /// For people; empty when all is well.
    std::string reason() const;

  private:
    struct Problem {
        bool raised = false;
        bool no_space = false;
        uint64_t since_ms = 0;
        std::string text;
    };
    void update_state();

    const StoreContext& context_;
    std::atomic<StoreState> state_{StoreState::kOk};
    mutable std::mutex mutex_;
    std::array<Problem, kCauses> problems_;  // guarded by mutex_
};

}  // namespace kv::db

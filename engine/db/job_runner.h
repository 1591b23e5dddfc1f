// JobRunner: carries compaction jobs through the compaction lane, part by part and slice by slice.
//
// A lane job merges for some milliseconds and then queues up again behind whatever else the lane
// was given meanwhile. It always takes on the most urgent part that waits, so a merge of level 0
// goes ahead of a big one further down that is under way, even with a single thread.
// Thread rule: start from any thread; the rest happens on the compaction lane.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "compaction/job.h"
#include "db/store_context.h"

namespace kv::db {

class JobRunner {
  public:
    using Done = std::function<void(Result<CompactionResult>)>;

    /// `threads`: lane jobs side by side, and parts that a job is split into at most.
    JobRunner(StoreContext& context, uint32_t threads) : context_(context), threads_(threads) {}

    /// Runs the job; `done` is called once, on the lane. False: the store is closing, the job was
    /// not begun and `done` will not be called.
    bool start(std::shared_ptr<CompactionJob> job, Done done);

  private:
    /// Lane jobs let others in after this many slices.
    static constexpr int kSlicesPerTurn = 8;
    struct Running {
        std::shared_ptr<CompactionJob> job;
        Done done;
        uint64_t sequence = 0;
        // Guarded by mutex_.
        size_t parts_left = 0;  // not complete; 0 before it is prepared
        Status status;          // the first error
    };
    /// A part that waits for its next slices, or the preparation of a job.
    struct Task {
        std::shared_ptr<Running> running;
        bool is_preparation = false;
        size_t part = 0;
    };

    bool add_turn();
    bool take_turn();
    bool take(Task& task);
    bool goes_before(const Task& a, const Task& b) const;
    void prepare(const Task& task);
    void run_slices(const Task& task);
    void finish(Running& running);

    StoreContext& context_;
    const uint32_t threads_;

    std::mutex mutex_;
    // Guarded by mutex_.
    std::vector<Task> waiting_;
    uint32_t turns_ = 0;  // lane jobs of ours, queued or running; never 0 while a task waits
    uint64_t started_ = 0;
    std::atomic<bool> urgent_waits_{false};  // an urgent task is in waiting_
};

}  // namespace kv::db

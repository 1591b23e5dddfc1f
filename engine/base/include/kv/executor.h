// Executor: who runs the engine's jobs. The engine never starts a thread itself; it posts jobs to
// lanes. Production uses ThreadExecutor (a thread a lane, several for compaction);
// tests use DeterministicExecutor, in which one seed replays one schedule exactly.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

namespace kv {

/// A lane is serial and first-in-first-out, except kCompaction, which may run several jobs at once.
/// Different lanes run side by side.
enum class Lane : uint8_t {
    kCommit,   ///< Orders and applies writes. Waits for the disk only where a submitter must not: a
               ///< missing log segment, a block that a precondition needs, a failed log.
    kLog,      ///< Writes and syncs the WAL, then publishes and completes.
    kLogCare,  ///< What of the WAL nobody waits for: next segments, syncs and seals beside the
               ///< writes; memory for memtables.
    kFlush,    ///< Memtables to level 0, at low CPU priority.
    kCompaction,  ///< Merges and deletion of dead files, at low CPU and I/O priority.
};
inline constexpr int kLaneCount = 5;

class Executor {
  public:
    using Job = std::function<void()>;
    virtual ~Executor() = default;

    /// Queues `job` on `lane`. Any thread. Jobs must not throw.
    virtual void post(Lane lane, Job job) = 0;
    /// Queues `job` once `delay_ms` have passed on the executor's clock. Any thread. Delayed jobs
    /// that are still waiting when the executor is destroyed are dropped.
    virtual void post_after(Lane lane, uint64_t delay_ms, Job job) = 0;
    /// Returns once `word` is not `value` any more. The side that changes it then calls wake(word).
    /// Production sleeps; the deterministic executor runs other jobs meanwhile. Never called from
    /// inside a job of a lane that the change depends on.
    virtual void wait_while(const std::atomic<uint32_t>& word, uint32_t value) = 0;
    /// The same, but returns after about `most_us` microseconds at the latest; the deterministic
    /// executor as soon as no other job can run.
    virtual void wait_while_for(const std::atomic<uint32_t>& word, uint32_t value,
                                uint64_t most_us) = 0;
    /// Wakes everybody in wait_while(word) and wait_while_for(word). Uses no more than the word's
    /// address: the waiter it was changed for may have destroyed it meanwhile.
    virtual void wake(const std::atomic<uint32_t>& word) = 0;

    /// Returns once `flag` is not zero.
    void wait(const std::atomic<uint32_t>& flag) { wait_while(flag, 0); }
    /// Sets `flag` to 1 and wakes its waiters. The flag may be gone as soon as the waiter sees 1.
    void signal(std::atomic<uint32_t>& flag) {
        flag.store(1, std::memory_order_release);
        wake(flag);
    }
};

/// Real threads, named after their lanes. The destructor finishes the jobs already queued, then
/// joins. `compaction_threads` >= 1.
/// Threads that this machine runs at once; at least 1.
unsigned hardware_threads();

std::unique_ptr<Executor> make_thread_executor(int compaction_threads = 1);

}  // namespace kv

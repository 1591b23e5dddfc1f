// CrashWorld: a store under random writes on a crashable disk, and the oracle of what may be left
// of it: the recovered state must be a prefix of the history of batches, no shorter than what was
// acknowledged as durable and no longer than what was submitted.
//
// Every batch writes its own number to the key "#", which tells which prefix a recovered store
// claims to be; the whole state is then compared with that prefix.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "kv/clock.h"
#include "kv/db.h"
#include "kv/deterministic_executor.h"
#include "support/crash_file_system.h"

namespace kv::test {

using State = std::map<std::string, std::string>;

/// What happened to the batches submitted so far, in order.
class History {
  public:
    struct Change {
        enum class What : uint8_t { kPut, kDelete, kDeleteRange, kAdd } what;
        std::string key;
        std::string value;  // kPut; of kDeleteRange the end, empty for none
        int64_t by = 0;     // kAdd
    };
    struct Batch {
        std::vector<Change> changes;
        Durability level = Durability::kDisk;
        bool acknowledged = false;
        bool refused = false;  ///< Surely not applied.
    };

    size_t size() const { return batches_.size(); }
    Batch& operator[](size_t i) { return batches_[i]; }
    void add(Batch batch) { batches_.push_back(std::move(batch)); }
    /// The state after the first `count` batches, those refused left out.
    State after(size_t count) const;
    /// Batches that must survive a power failure now: all up to the last durable acknowledgement.
    size_t durable() const { return last_acknowledged(Durability::kDisk); }
    /// The same for a killed process, which loses only what was acknowledged from memory.
    size_t written() const { return last_acknowledged(Durability::kOs); }

  private:
    size_t last_acknowledged(Durability at_least) const;
    std::vector<Batch> batches_;
};

/// Options small enough that a few hundred batches flush, compact and change segments many times.
Options small_store_options();

struct Verdict {
    bool ok = true;
    std::string text;   ///< What is wrong, for people.
    size_t prefix = 0;  ///< How many batches the recovered store holds.
};

/// Opens the store on `disk` and compares it with `history`, of which at least the first `at_least`
/// batches have to be there; then writes, and opens it once more.
Verdict check_recovery(CrashFileSystem& disk, const History& history, size_t at_least,
                       uint64_t seed);

class CrashWorld final : public WriteObserver {
  public:
    explicit CrashWorld(uint64_t seed) : random_(seed), executor_(seed, &clock_) {}
    ~CrashWorld() override;

    /// Opens the store; not ok if a fault hits the opening.
    Status open();
    /// Submits `count` random batches, running the lanes in random order in between.
    void run(size_t count);
    /// Finishes what is under way.
    void settle() { executor_.run_until_idle(); }
    /// Lets time pass until what was put off (retries after a fault) has been done.
    void let_time_pass();

    CrashFileSystem& disk() { return *disk_; }
    History& history() { return history_; }
    Db& db() { return *db_; }
    uint64_t trace() const { return executor_.trace(); }
    uint64_t in_doubt() const { return in_doubt_; }
    uint64_t refused() const { return refused_; }

    void on_written(std::unique_ptr<WriteRequest> request) override;

  private:
    std::unique_ptr<WriteRequest> random_batch();

    Random random_;
    FakeClock clock_;
    DeterministicExecutor executor_;
    std::unique_ptr<CrashFileSystem> disk_ = std::make_unique<CrashFileSystem>();
    History history_;
    uint64_t in_doubt_ = 0;
    uint64_t refused_ = 0;
    std::vector<SnapshotPtr> snapshots_;
    std::unique_ptr<Db> db_;
};

}  // namespace kv::test

// A store for experiments, filled with the keys of kvtool bench and of a shape that nothing changes
// behind the experiment's back.
// Thread rule: one thread, beside that of KeptAwake.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "base/random.h"
#include "kv/db.h"
#include "kv/result.h"
#include "tools/bench_data.h"

namespace kv::bench {

inline constexpr uint32_t kKeyBytes = 16;
inline constexpr uint32_t kValueBytes = 100;

class ExperimentStore {
  public:
    static Result<ExperimentStore> open(const Options& options, const std::string& path,
                                        uint64_t seed, uint32_t value_bytes = kValueBytes) {
        KV_ASSIGN_OR_RETURN(std::unique_ptr<Db> db, Db::open(options, path));
        return ExperimentStore(std::move(db), seed, value_bytes);
    }

    Db& db() { return *db_; }
    Random& random() { return random_; }
    Bytes key(uint64_t number) {
        tools::make_bench_key(number, kKeyBytes, key_);
        return key_;
    }
    /// Follows key(number) at once and is nowhere in the store.
    Bytes missing_key(uint64_t number) {
        tools::make_bench_key(number, kKeyBytes, missing_key_);
        missing_key_ += '.';
        return missing_key_;
    }

    /// Writes keys 0 to `count` - 1.
    Status put_in_order(uint64_t count) {
        for (uint64_t i = 0; i < count; ++i) KV_RETURN_IF_ERROR(put(i));
        return commit();
    }
    /// Writes `count` keys drawn from 0 to `num` - 1.
    Status put_random(uint64_t count, uint64_t num) {
        for (uint64_t i = 0; i < count; ++i) KV_RETURN_IF_ERROR(put(random_.below(num)));
        return commit();
    }

  private:
    static constexpr size_t kBatchPuts = 1000;

    ExperimentStore(std::unique_ptr<Db> db, uint64_t seed, uint32_t value_bytes)
        : db_(std::move(db)), random_(seed), values_(value_bytes, 0.5) {}

    Status put(uint64_t number) {
        batch_.put(key(number), values_.next());
        return batch_.count() < kBatchPuts ? Status::ok() : commit();
    }
    Status commit() {
        if (batch_.count() == 0) return Status::ok();
        Status status = db_->write(std::move(batch_), Durability::kMemory).status;
        batch_ = WriteBatch();
        return status;
    }

    std::unique_ptr<Db> db_;
    Random random_;
    tools::ValueSource values_;
    WriteBatch batch_;
    std::string key_, missing_key_;
};

/// Writes to a store now and then as long as it lives: one without a write for a while is at rest,
/// and merges level 0 unasked. That no write failed shows in the shape that the store still has.
class KeptAwake {
  public:
    explicit KeptAwake(Db& db)
        : writer_([&db](const std::stop_token& stop) {
              std::mutex mutex;
              std::unique_lock lock(mutex);
              std::condition_variable_any never;
              std::string key;
              tools::make_bench_key(0, kKeyBytes, key);
              const std::string value(kValueBytes, 'v');
              while (!stop.stop_requested()) {
                  static_cast<void>(db.put(key, value, Durability::kMemory));
                  never.wait_for(lock, stop, std::chrono::milliseconds(300), [] { return false; });
              }
          }) {}

  private:
    std::jthread writer_;
};

}  // namespace kv::bench

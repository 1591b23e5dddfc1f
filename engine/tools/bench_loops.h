// The loops of `kvtool bench`: what one thread of one benchmark does to an open store.
//
// A template over the store, so that nothing stands between the loop and the engine measured.
// Store has: put(key, value) and del(key), collected until commit(durability); get(key, found,
// bytes) and multi_get(keys, found, bytes); new_iterator(), whose moves are those of kv/iterator.h.
// Callers: bench_kvd.cc and the drivers in tests/bench. Thread rule: one object a thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "kv/result.h"
#include "tools/bench_data.h"
#include "tools/bench_keys.h"
#include "tools/bench_thread.h"

namespace kv::tools {

template <class Store>
class BenchLoops final : public BenchThread {
  public:
    BenchLoops(Store store, const WorkerSeat& seat)
        : BenchThread(seat),
          store_(std::move(store)),
          keys_(seat.options, seat.options.seed + 1000003 * seat.stream),
          values_(seat.options.value_size, seat.options.compression_ratio),
          durability_(seat.options.sync || seat.spec.sync ? Durability::kDisk
                                                          : seat.options.durability) {}

  private:
    static constexpr uint32_t kMixedScanSteps = 50;

    Status run_workload() override {
        switch (spec_.workload) {
            case Workload::kWriteSequential:
                return write_keys(false, false);
            case Workload::kWriteRandom:
                return write_keys(true, false);
            case Workload::kDeleteSequential:
                return write_keys(false, true);
            case Workload::kDeleteRandom:
                return write_keys(true, true);
            case Workload::kReadRandom:
                return read_random(false);
            case Workload::kReadMissing:
                return read_random(true);
            case Workload::kMultiReadRandom:
                return multi_read_random();
            case Workload::kReadSequential:
                return read_in_order(false);
            case Workload::kReadReverse:
                return read_in_order(true);
            case Workload::kSeekRandom:
                return seek_random();
            case Workload::kReadWhileWriting:
                return read_while_writing();
            case Workload::kMixed:
                return mixed();
        }
        return Status::ok();
    }

    Status write_batch(bool random, bool deletes, uint64_t& position) {
        for (uint32_t i = 0; i < options_.batch_size; ++i) {
            const uint64_t number = random ? keys_.next() : position++ % options_.num;
            make_bench_key(number, options_.key_size, key_);
            deletes ? store_.del(key_) : store_.put(key_, values_.next());
        }
        KV_RETURN_IF_ERROR(store_.commit(durability_));
        const uint64_t each = uint64_t{options_.key_size} + (deletes ? 0 : options_.value_size);
        stats_.written_bytes += each * options_.batch_size;
        return Status::ok();
    }

    Status write_keys(bool random, bool deletes) {
        const uint64_t bytes = deletes ? 0 : uint64_t{options_.key_size} + options_.value_size;
        const uint64_t limit = writes();
        uint64_t position = 0;
        while (goes_on(limit)) {
            KV_RETURN_IF_ERROR(write_batch(random, deletes, position));
            finish_operation(options_.batch_size, bytes * options_.batch_size, Operation::kWrite);
        }
        return Status::ok();
    }

    /// The last thread writes as long as one of the others reads.
    Status read_while_writing() {
        if (index_ < options_.threads) {
            Status status = read_random(false);
            control_.readers.fetch_sub(1);
            return status;
        }
        uint64_t position = 0;
        while (control_.readers.load() > 0 && !control_.stop.load()) {
            KV_RETURN_IF_ERROR(write_batch(true, false, position));
        }
        return Status::ok();
    }

    Status get_one(bool missing, uint64_t& bytes) {
        make_bench_key(keys_.next(), options_.key_size, key_);
        // One byte more than any key that was written.
        if (missing) key_.push_back('.');
        bool found = false;
        size_t value_bytes = 0;
        KV_RETURN_IF_ERROR(store_.get(key_, found, value_bytes));
        stats_.found += found;
        bytes = found ? key_.size() + value_bytes : 0;
        if (missing) key_.pop_back();
        return Status::ok();
    }

    Status read_random(bool missing) {
        const uint64_t limit = reads();
        while (goes_on(limit)) {
            uint64_t bytes = 0;
            KV_RETURN_IF_ERROR(get_one(missing, bytes));
            finish_operation(1, bytes, Operation::kRead);
        }
        return Status::ok();
    }

    /// As db_bench does: each key counts as an operation.
    Status multi_read_random() {
        const uint64_t limit = reads();
        std::vector<std::string> names(options_.batch_size);
        while (goes_on(limit)) {
            for (std::string& name : names) make_bench_key(keys_.next(), options_.key_size, name);
            const std::vector<Bytes> keys(names.begin(), names.end());
            uint64_t found = 0, bytes = 0;
            KV_RETURN_IF_ERROR(store_.multi_get(keys, found, bytes));
            stats_.found += found;
            bytes += found * options_.key_size;
            finish_operation(keys.size(), bytes, Operation::kRead);
        }
        return Status::ok();
    }

    Status read_in_order(bool reverse) {
        const uint64_t limit = reads();
        auto it = store_.new_iterator();
        reverse ? it.seek_to_last() : it.seek_to_first();
        while (it.valid() && goes_on(limit)) {
            finish_operation(1, it.key().size() + it.value().size(), Operation::kRead);
            reverse ? it.prev() : it.next();
        }
        return it.status();
    }

    /// As db_bench does: every seek begins with a new view of the store.
    Status seek_one(uint32_t steps, uint64_t& bytes) {
        auto it = store_.new_iterator();
        make_bench_key(keys_.next(), options_.key_size, key_);
        it.seek(key_);
        if (it.valid() && it.key() == Bytes(key_)) ++stats_.found;
        for (uint32_t i = 0; i < steps && it.valid(); ++i) {
            bytes += it.key().size() + it.value().size();
            it.next();
        }
        return it.status();
    }

    Status seek_random() {
        const uint64_t limit = reads();
        while (goes_on(limit)) {
            uint64_t bytes = 0;
            KV_RETURN_IF_ERROR(seek_one(options_.seek_nexts, bytes));
            finish_operation(1, bytes, Operation::kRead);
        }
        return Status::ok();
    }

    /// Of a hundred operations 45 put, 5 delete, 45 get and 5 scan.
    Status mixed() {
        uint64_t position = 0;
        while (goes_on(options_.num)) {
            const uint64_t choice = keys_.random().below(100);
            uint64_t bytes = 0;
            if (choice < 50) {
                KV_RETURN_IF_ERROR(write_batch(true, choice < 5, position));
            } else if (choice < 95) {
                KV_RETURN_IF_ERROR(get_one(false, bytes));
            } else {
                KV_RETURN_IF_ERROR(seek_one(kMixedScanSteps, bytes));
            }
            finish_operation(1, bytes, choice < 50 ? Operation::kWrite : Operation::kRead);
        }
        return Status::ok();
    }

    Store store_;
    KeyChooser keys_;
    ValueSource values_;
    const Durability durability_;
    std::string key_;
};

}  // namespace kv::tools

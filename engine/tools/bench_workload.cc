// The loops of `kvtool bench`: see bench_workload.h.
// SPDX-License-Identifier: Apache-2.0
#include "tools/bench_workload.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace kv::tools {

uint64_t bench_now_ns() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

BenchThread::BenchThread(Db& db, const BenchOptions& options, const BenchSpec& spec, uint32_t index,
                         uint64_t stream, BenchControl& control)
    : db_(db),
      options_(options),
      spec_(spec),
      index_(index),
      control_(control),
      random_(options.seed + 1000003 * stream),
      values_(options.value_size, options.compression_ratio) {}

Status BenchThread::run() {
    started_ns_ = operation_started_ns_ = bench_now_ns();
    Status status;
    switch (spec_.workload) {
        case Workload::kWriteSequential:
            status = write_keys(false, false);
            break;
        case Workload::kWriteRandom:
            status = write_keys(true, false);
            break;
        case Workload::kDeleteSequential:
            status = write_keys(false, true);
            break;
        case Workload::kDeleteRandom:
            status = write_keys(true, true);
            break;
        case Workload::kReadRandom:
            status = read_random(false);
            break;
        case Workload::kReadMissing:
            status = read_random(true);
            break;
        case Workload::kReadSequential:
            status = read_in_order(false);
            break;
        case Workload::kReadReverse:
            status = read_in_order(true);
            break;
        case Workload::kSeekRandom:
            status = seek_random();
            break;
        case Workload::kReadWhileWriting:
            if (index_ == options_.threads) {
                status = write_while_reading();
            } else {
                status = read_random(false);
                control_.readers.fetch_sub(1);
            }
            break;
    }
    stats_.seconds = static_cast<double>(bench_now_ns() - started_ns_) / 1e9;
    if (!status.is_ok()) control_.stop.store(true);
    return status;
}

uint64_t BenchThread::reads() const {
    return options_.reads < 0 ? options_.num : static_cast<uint64_t>(options_.reads);
}

bool BenchThread::goes_on(uint64_t limit) {
    if (control_.stop.load(std::memory_order_relaxed)) return false;
    if (options_.duration == 0) return stats_.done < limit;
    // Reading the clock costs as much as a cached read: look once in a while.
    if (stats_.done % 64 != 0) return true;
    return bench_now_ns() - started_ns_ < options_.duration * 1'000'000'000;
}

void BenchThread::finish_operation(uint64_t operations, uint64_t bytes) {
    stats_.done += operations;
    stats_.bytes += bytes;
    if (!options_.histogram) return;
    const uint64_t now = bench_now_ns();
    stats_.latency.add(now - operation_started_ns_);
    operation_started_ns_ = now;
}

Status BenchThread::write_batch(bool random, bool deletes, uint64_t& position) {
    WriteBatch batch;
    for (uint32_t i = 0; i < options_.batch_size; ++i) {
        const uint64_t number = random ? random_.below(options_.num) : position++ % options_.num;
        make_bench_key(number, options_.key_size, key_);
        if (deletes) {
            batch.del(key_);
        } else {
            batch.put(key_, values_.next());
        }
    }
    const bool sync = options_.sync || spec_.sync;
    const Durability durability = sync ? Durability::kDisk : options_.durability;
    return db_.write(std::move(batch), durability).status;
}

Status BenchThread::write_keys(bool random, bool deletes) {
    const uint64_t limit = std::max<uint64_t>(options_.num, 1);
    const uint64_t bytes = deletes ? 0 : uint64_t{options_.key_size} + options_.value_size;
    uint64_t position = 0;
    while (goes_on(limit)) {
        KV_RETURN_IF_ERROR(write_batch(random, deletes, position));
        finish_operation(options_.batch_size, bytes * options_.batch_size);
    }
    return Status::ok();
}

Status BenchThread::write_while_reading() {
    uint64_t position = 0;
    while (control_.readers.load() > 0 && !control_.stop.load()) {
        KV_RETURN_IF_ERROR(write_batch(true, false, position));
    }
    return Status::ok();
}

Status BenchThread::read_random(bool missing) {
    const uint64_t limit = reads();
    while (goes_on(limit)) {
        // One byte more than any key that was written.
        make_bench_key(random_.below(options_.num), options_.key_size, key_);
        if (missing) key_.push_back('.');
        auto entry = db_.get(key_);
        if (!entry) return entry.error();
        uint64_t bytes = 0;
        if (entry->has_value()) {
            ++stats_.found;
            bytes = key_.size() + (*entry)->value.size();
        }
        finish_operation(1, bytes);
    }
    return Status::ok();
}

Status BenchThread::read_in_order(bool reverse) {
    const uint64_t limit = reads();
    const auto it = db_.new_iterator();
    reverse ? it->seek_to_last() : it->seek_to_first();
    while (it->valid() && goes_on(limit)) {
        finish_operation(1, it->key().size() + it->value().size());
        reverse ? it->prev() : it->next();
    }
    return it->status();
}

Status BenchThread::seek_random() {
    const uint64_t limit = reads();
    std::unique_ptr<Iterator> it;
    while (goes_on(limit)) {
        // As db_bench does: every seek begins with a new view of the store.
        it = db_.new_iterator();
        make_bench_key(random_.below(options_.num), options_.key_size, key_);
        it->seek(key_);
        uint64_t bytes = 0;
        if (it->valid() && it->key() == key_) ++stats_.found;
        for (uint32_t i = 0; i < options_.seek_nexts && it->valid(); ++i) {
            bytes += it->key().size() + it->value().size();
            it->next();
        }
        KV_RETURN_IF_ERROR(it->status());
        finish_operation(1, bytes);
    }
    return Status::ok();
}

}  // namespace kv::tools

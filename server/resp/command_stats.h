// CommandStats: how often each RESP command was called, for how long, and how it went (INFO
// commandstats, LATENCY HISTOGRAM). One set a network thread, written by that thread alone and
// summed when asked for. ErrorStats counts error answers by their first word, for all threads.
// Thread rule: CommandStats: record() and reject() by the owning thread, the rest by any.
// ErrorStats: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "kv/bytes.h"
#include "server/commands/command.h"
#include "server/commands/command_table.h"

namespace kv::server {

/// Calls by their time: bucket i counts those of [2^(i-1), 2^i) microseconds, 0 those below one.
inline constexpr size_t kLatencyBuckets = 28;

struct CommandTotals {
    uint64_t calls = 0;
    uint64_t time_us = 0;
    uint64_t failed = 0;    ///< Ran, and answered an error.
    uint64_t rejected = 0;  ///< Answered an error without being run: wrong arity, not allowed.
    std::array<uint64_t, kLatencyBuckets> buckets{};
};

class CommandStats {
  public:
    CommandStats() : cells_(std::make_unique<Cell[]>(command_count())) {}

    void record(const Command& command, uint64_t time_us, bool failed) {
        record_many(command, 1, time_us, failed);
    }
    /// Calls that were made at once, whose shares of the time are taken for equal.
    void record_many(const Command& command, uint32_t calls, uint64_t time_us, bool failed) {
        Cell& cell = cells_[command_index(command)];
        add(cell.calls, calls);
        add(cell.time_us, time_us);
        if (failed) add(cell.failed, calls);
        const auto bucket = static_cast<size_t>(std::bit_width(time_us / calls));
        add(cell.buckets[bucket < kLatencyBuckets ? bucket : kLatencyBuckets - 1], calls);
    }
    void reject(const Command& command) { add(cells_[command_index(command)].rejected, 1); }

    /// Adds this thread's numbers of the command to `totals`.
    void add_to(CommandTotals& totals, const Command& command) const;
    /// CONFIG RESETSTAT. A call that is being recorded meanwhile may survive it.
    void reset();

  private:
    struct Cell {
        std::atomic<uint64_t> calls{0}, time_us{0}, failed{0}, rejected{0};
        std::array<std::atomic<uint64_t>, kLatencyBuckets> buckets{};
    };
    // One writer: a plain load and store beats a locked add.
    static void add(std::atomic<uint64_t>& cell, uint64_t by) {
        cell.store(cell.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
    }

    const std::unique_ptr<Cell[]> cells_;
};

/// The command's numbers over all threads.
CommandTotals totals_of(const std::deque<CommandStats>& threads, const Command& command);
/// Calls of all commands over all threads.
uint64_t calls_of(const std::deque<CommandStats>& threads);

class ErrorStats {
  public:
    /// `answer`: the error as sent, with or without its "-"; its first word is what counts.
    void record(Bytes answer);
    std::map<std::string, uint64_t> by_code() const;
    uint64_t total() const { return total_.load(std::memory_order_relaxed); }
    void reset();

  private:
    // A client that can make up codes must not make us keep them all.
    static constexpr size_t kMostCodes = 128;

    std::atomic<uint64_t> total_{0};
    mutable std::mutex mutex_;
    std::map<std::string, uint64_t, std::less<>> counts_;  // guarded by mutex_
};

}  // namespace kv::server

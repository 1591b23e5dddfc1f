// RowCache: small values that point reads found in tables, each with its key in one piece of
// memory.
//
// A block in the cache still takes a get through a filter, an index and the block, a dozen places
// in memory one after the other; a row takes one. Rows are copies of what was verified when it was
// read. They do not outlive what they were found in: a row counts for one CONTENT only, a number
// that its users change whenever the tables come to say something new.
//
// Where keys do not come back, rows cost time and save none. So every sixteenth key is watched:
// only while those return often enough are rows kept and looked for at all, and only then is there
// memory for them.
// Thread rule: everything from any thread. Nothing takes a lock but the first use of the memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "base/huge_range.h"
#include "base/thread_number.h"
#include "kv/bytes.h"

namespace kv {

class RowCache {
  public:
    /// Of a row's key and value together.
    static constexpr size_t kMostBytes = 208;

    /// A copy of a row. `value` points into it.
    struct Row {
        uint64_t seqno;
        uint64_t expiry_ms;  ///< 0: none.
        Bytes value;
        uint64_t words[kMostBytes / 8];
    };

    /// Of at most `capacity_bytes`. `on_memory` is called when it has taken them, once, by whoever
    /// kept a row then.
    RowCache(uint64_t capacity_bytes, std::function<void()> on_memory);
    RowCache(const RowCache&) = delete;
    RowCache& operator=(const RowCache&) = delete;

    /// Whether rows should be looked for.
    bool is_on() const { return is_on_.load(std::memory_order_acquire); }
    /// Begins to bring what find() asks into the processor's cache. Only while is_on().
    void prefetch(uint64_t key_hash) const;
    /// The row of a key in `content`, which is not 0. `key_hash`: hash64(key).
    bool find(Bytes key, uint64_t key_hash, uint64_t content, Row& row);
    /// What was found in tables since find() has not got it, or was not asked. Kept if it is_on()
    /// and the row fits.
    void keep(Bytes key, uint64_t key_hash, uint64_t content, uint64_t seqno, uint64_t expiry_ms,
              Bytes value);

    uint64_t hits() const { return hits_.sum(0); }
    /// Memory that it has taken, or will as rows come.
    uint64_t memory_bytes() const;

  private:
    class Slot;

    uint64_t* set_of(uint64_t key_hash) const;
    bool has_returned(uint64_t key_hash, uint64_t content);
    void count_look(bool returned);
    void judge(uint32_t returns);
    bool have_memory();

    const size_t sets_;     // a power of two
    const size_t watched_;  // places in seen_, a power of two
    const std::function<void()> on_memory_;
    std::atomic<bool> is_on_{false};
    std::atomic<uint64_t*> slots_{nullptr};                // of all sets, in memory_
    const std::unique_ptr<std::atomic<uint32_t>[]> seen_;  // the last watched key at each place
    std::atomic<uint32_t> looks_{0};    // for watched keys, since the last judgement
    std::atomic<uint32_t> returns_{0};  // of those, the ones that a row answered or would have
    ThreadCounters<1> hits_;

    std::mutex memory_mutex_;
    // Guarded by memory_mutex_.
    std::unique_ptr<HugeRange> memory_;
};

}  // namespace kv

// Batch: mutations that the server applies together or not at all, with what must hold for it.
//
// Built by the application, sent with kv::Client::write. It checks nothing but shape; the server
// refuses oversize keys, values and batches. Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kv/bytes.h"

namespace kv::client {

class Batch {
  public:
    void put(Bytes key, Bytes value);
    /// The entry vanishes once the server's clock reaches `expiry_ms` (Unix epoch).
    void put_with_expiry(Bytes key, Bytes value, uint64_t expiry_ms);
    void del(Bytes key);
    /// Adds `by` to the decimal signed 64-bit integer stored at `key`; a missing key counts as 0.
    /// The new values come back in WriteReceipt::counters, in order.
    void increment(Bytes key, int64_t by);

    /// Preconditions, checked at the moment the batch takes its place in history. One that fails
    /// makes the whole batch fail with kConflict, and nothing of it is applied. An expired entry
    /// counts as absent.
    void require_absent(Bytes key);
    void require_present(Bytes key);
    void require_value(Bytes key, Bytes expected);
    /// The live entry was written exactly at `seqno` (Entry::seqno of an earlier read).
    void require_seqno(Bytes key, uint64_t seqno);
    /// No put or delete of `key` is newer than `seqno`, such as that of a snapshot.
    void require_not_newer(Bytes key, uint64_t seqno);

    void clear();
    bool empty() const { return items_.empty(); }
    /// Mutations so far.
    uint32_t count() const { return count_; }
    /// Size on the wire, rounded up.
    size_t size_bytes() const { return bytes_.size() + items_.size() * kItemOverheadBytes; }

  private:
    friend class BatchEncoder;

    // At least the fixed-width fields of any item on the wire.
    static constexpr size_t kItemOverheadBytes = 25;

    struct Item {
        bool is_precondition;
        uint8_t kind;     // the wire's number
        uint64_t number;  // expiry, increment or seqno
        size_t key_bytes;
        size_t value_bytes;
    };
    void add(Item item, Bytes key, Bytes value);

    std::string bytes_;  // keys and values one after another, in the order of items_
    std::vector<Item> items_;
    uint32_t count_ = 0;
};

}  // namespace kv::client

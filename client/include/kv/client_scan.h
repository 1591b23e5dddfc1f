// Scan and Snapshot: the two things a kv::Client hands out that live on the server as well.
//
// A Scan streams: the server runs ahead of the reader by at most ScanOptions::window_bytes, and a
// lost connection or a long pause is bridged with the server's resume token (ScanOptions::resume).
// Both must be gone before their Client.
// Thread rule: a Scan, one thread at a time; a Snapshot, any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>

#include "kv/client_types.h"
#include "kv/result.h"

namespace kv::client {

class Session;
class ScanStream;

/// The entries of a key range, in order, all from one state of the store.
///
///     for (const KeyedEntry& entry : *scan) use(entry);
///     if (!scan->status().is_ok()) ...
class Scan {
  public:
    explicit Scan(std::shared_ptr<ScanStream> stream);
    /// Stops the server, without waiting for it.
    ~Scan();
    Scan(Scan&&) noexcept;
    Scan& operator=(Scan&&) noexcept;

    /// Moves to the next entry, waiting for the server if need be. False at the end and on an
    /// error: ask status() which.
    bool next();
    /// Requires that the last next() returned true. Valid until the next one.
    const KeyedEntry& entry() const;
    /// Ok unless the scan was cut short: kDeadline when the server was silent for the timeout,
    /// kCancelled after cancel(), or when the server stopped it (ScanOptions::resume),
    /// kUnavailable when the connection is gone and the scan cannot go on.
    Status status() const;
    /// Ends the scan: a next() that waits returns false. The one method for any thread.
    void cancel();

    class Iterator {
      public:
        using value_type = KeyedEntry;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag;

        Iterator() = default;
        explicit Iterator(Scan* scan) : scan_(scan) { ++*this; }
        const KeyedEntry& operator*() const { return scan_->entry(); }
        const KeyedEntry* operator->() const { return &scan_->entry(); }
        Iterator& operator++() {
            if (!scan_->next()) scan_ = nullptr;
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(std::default_sentinel_t) const { return scan_ == nullptr; }

      private:
        Scan* scan_ = nullptr;
    };
    /// Starts with the entry after the current one.
    Iterator begin() { return Iterator(this); }
    std::default_sentinel_t end() const { return {}; }

  private:
    std::shared_ptr<ScanStream> stream_;
};

/// A fixed point in history that the server keeps while its lease lasts, whatever becomes of the
/// connection. Afterwards reads at it fail with kNotFound.
class Snapshot {
  public:
    Snapshot(std::shared_ptr<Session> session, uint64_t id, uint64_t seqno, uint32_t lease_ms);
    /// Closes it, without waiting for the answer.
    ~Snapshot();
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

    uint64_t id() const { return id_; }
    uint64_t seqno() const { return seqno_; }
    /// As granted by the server when it was opened.
    uint32_t lease_ms() const { return lease_ms_; }
    /// Starts the lease anew. kNotFound: too late.
    Status renew();
    /// Closes it and waits for the answer. Harmless when already closed. Not beside other methods.
    Status close();

  private:
    std::shared_ptr<Session> session_;
    const uint64_t id_;
    const uint64_t seqno_;
    const uint32_t lease_ms_;
    bool open_ = true;
};

}  // namespace kv::client

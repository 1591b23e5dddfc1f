// WriteProgram: a write whose mutations depend on what is stored. The store runs it at the moment
// the write takes its place in history, so it needs no lock and no second try: whatever it reads is
// the newest state, everything ordered before it included, and nothing comes between.
//
// A program that only reads is a read in that order. Thread rule: run() is called on an engine lane
// or the submitting thread, one program at a time for the whole store: be short, do not block, do
// not call the store.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "kv/bytes.h"
#include "kv/db.h"
#include "kv/iterator.h"
#include "kv/result.h"
#include "kv/write_batch.h"

namespace kv {

/// The newest state of the store. Good until run() returns.
class CommitView {
  public:
    virtual ~CommitView() = default;
    /// nullopt when the key has no live entry. kWouldBlock: it takes the disk, which this thread
    /// must not wait for; return it from run(). kCorruption, kIoError.
    virtual Result<std::optional<Entry>> get(Bytes key) = 0;
    /// The same without the value, which is not copied.
    virtual Result<std::optional<EntryHead>> get_head(Bytes key) = 0;
    /// Without a snapshot, whatever `options` say. Does wait for the disk: first see that
    /// may_block().
    virtual std::unique_ptr<Iterator> new_iterator(const ScanOptions& options) = 0;
    /// As Db::approximate_count. Does wait for the disk too.
    virtual uint64_t approximate_count(const ScanOptions& options) = 0;
    /// False: return kWouldBlock from run() instead of waiting for the disk.
    virtual bool may_block() const = 0;
    /// The time that decides what has expired.
    virtual uint64_t wall_ms() const = 0;
};

class WriteProgram {
  public:
    virtual ~WriteProgram() = default;
    /// Adds mutations to `batch`, which is empty. Its own mutations do not show in `view`. Only the
    /// last run counts: after kWouldBlock it is called again where waiting is allowed, and it may
    /// be called again when the log has no room. Any other error refuses the write: nothing is
    /// applied and the error is its answer.
    virtual Status run(CommitView& view, WriteBatch& batch) = 0;
    /// Memory that it holds while it waits, for the store's limit. Must not change meanwhile.
    virtual size_t held_bytes() const = 0;
};

}  // namespace kv

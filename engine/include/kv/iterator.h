// Iterator: an ordered walk, both ways, over one unchanging view of the store.
//
// It shows the entries that are live at its snapshot and at its creation time (TTL), within its
// bounds. It keeps its view alive (memtables and tables included), so do not hold one for hours.
// Thread rule: one thread at a time. Views from key() and value() last until the next move.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kv/bytes.h"
#include "kv/status.h"
#include "kv/types.h"

namespace kv {

class Iterator {
  public:
    virtual ~Iterator() = default;
    virtual bool valid() const = 0;
    /// Why valid() is false when it is not simply the end: kCorruption or kIoError. Ask it after
    /// every walk.
    virtual Status status() const = 0;

    virtual void seek_to_first() = 0;
    virtual void seek_to_last() = 0;
    /// First entry at or after `key`.
    virtual void seek(Bytes key) = 0;
    /// Last entry at or before `key`.
    virtual void seek_for_prev(Bytes key) = 0;
    /// Requires valid().
    virtual void next() = 0;
    virtual void prev() = 0;

    virtual Bytes key() const = 0;
    virtual Bytes value() const = 0;
    virtual Seqno seqno() const = 0;
    /// 0 when the entry never expires.
    virtual uint64_t expiry_ms() const = 0;

    /// Entries passed over since the last seek: hidden versions, tombstones, what ranges hide.
    virtual uint64_t skipped() const = 0;
    /// True when valid() is false because ScanOptions::max_skipped entries were passed over since
    /// the last seek: nothing is wrong, and there may be more. The walk goes on where it stopped
    /// with seek(resume_key()), or seek_for_prev(resume_key()) if it went backwards, on this
    /// iterator or on another one with the same options and snapshot. Every such seek decides on
    /// one key at least, so repeating it comes to an end.
    virtual bool budget_exhausted() const { return false; }
    /// Empty unless budget_exhausted(); lasts until the next move. The caller copies it.
    virtual Bytes resume_key() const { return {}; }
};

}  // namespace kv

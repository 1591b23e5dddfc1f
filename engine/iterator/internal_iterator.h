// InternalIterator: an ordered walk over internal keys (record/internal_key.h), every version and
// tombstone included. Memtables, tables, levels and merges of them all look like this.
// Thread rule: one thread at a time. key() and value() last until the next move, or, a value that
// prev() or prev_entry() leaves, until the move after that: who walks back knows that a version is
// the newest of its key only when he has left it. The source (memtable, table) must outlive the
// iterator unless its factory says that it is pinned.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kv/bytes.h"
#include "kv/status.h"
#include "kv/types.h"

namespace kv {

/// What an iterator stands on: internal key and stored value, views until its next move.
struct InternalEntry {
    Bytes key;
    Bytes value;
};

class InternalIterator {
  public:
    virtual ~InternalIterator() = default;
    virtual bool valid() const = 0;
    /// Not ok once a source failed; valid() is false from then on until the next seek.
    virtual Status status() const = 0;
    virtual void seek_to_first() = 0;
    virtual void seek_to_last() = 0;
    /// First entry >= `internal_key`.
    virtual void seek(Bytes internal_key) = 0;
    /// Last entry <= `internal_key`.
    virtual void seek_for_prev(Bytes internal_key) = 0;
    virtual void next() = 0;
    virtual void prev() = 0;
    virtual Bytes key() const = 0;
    virtual Bytes value() const = 0;

    /// The entry that the iterator stands on; false when it is not valid().
    virtual bool current(InternalEntry& out) const {
        if (!valid()) return false;
        out = {key(), value()};
        return true;
    }
    /// next() and prev() that say at once where they led to, as current() does. Walks made of walks
    /// use these: one virtual call an entry instead of four.
    virtual bool next_entry(InternalEntry& out) {
        next();
        return current(out);
    }
    virtual bool prev_entry(InternalEntry& out) {
        prev();
        return current(out);
    }

    /// Passes over older versions of this entry's user key that come right behind it and have a
    /// seqno above `floor`, those at least that are passed cheaper together than one by one, and
    /// returns how many. It then stands on the last of them. Doing nothing is right as well.
    /// Requires valid().
    virtual uint64_t pass_versions(Seqno /*floor*/) { return 0; }

    /// Hints during a walk in that direction: of tables, entries with a seqno below `below` are not
    /// wanted until `target`. The iterator may move on towards the first entry >= `target`
    /// (skip_back: the last <= it), but passes over nothing else. Doing nothing is right as well;
    /// memtables do that. Requires valid().
    virtual void skip_forward(Bytes /*target*/, Seqno /*below*/) {}
    virtual void skip_back(Bytes /*target*/, Seqno /*below*/) {}
};

}  // namespace kv

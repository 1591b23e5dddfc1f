// LevelIterator: a walk over the sorted, disjoint tables of one level; at most one table is open at
// a time.
//
// What it walks over, a RUN, lies in the iterator itself: there is one for each scan of a store.
// Callers: the walk over a view, and merging_iterator.h for a list of bounds.
// Thread rule: that of InternalIterator, one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <memory>
#include <utility>

#include "iterator/internal_iterator.h"
#include "kv/result.h"
#include "record/internal_key.h"

namespace kv {

/// The tables of a level, in order. `find`: index of the first table whose largest internal key is
/// >= the one given, size() if there is none. `smallest`: the smallest internal key of a table.
/// `largest_seqno`: no entry of the table has a larger one.
template <class Run>
concept TableRun = requires(const Run& run, size_t index, Bytes internal_key) {
    { run.size() } -> std::same_as<size_t>;
    { run.find(internal_key) } -> std::same_as<size_t>;
    { run.smallest(index) } -> std::same_as<Bytes>;
    { run.largest_seqno(index) } -> std::same_as<Seqno>;
    { run.open(index) } -> std::same_as<Result<std::unique_ptr<InternalIterator>>>;
};

/// One walk over a run of tables. A table is opened when the walk reaches it and closed when the
/// walk leaves it. A failure to open one surfaces in status().
template <TableRun Run>
class LevelIterator final : public InternalIterator {
  public:
    template <class... Args>
    explicit LevelIterator(Args&&... args)
        : run_(std::forward<Args>(args)...), size_(run_.size()), position_(size_) {}

    bool valid() const override { return table_ != nullptr && table_->valid(); }
    Status status() const override {
        return status_.is_ok() && table_ != nullptr ? table_->status() : status_;
    }
    Bytes key() const override { return table_->key(); }
    Bytes value() const override { return table_->value(); }
    bool current(InternalEntry& out) const override {
        return table_ != nullptr && table_->current(out);
    }

    void seek_to_first() override {
        if (enter(0)) table_->seek_to_first();
        settle_forward();
    }
    void seek_to_last() override {
        if (enter(size_ - 1)) table_->seek_to_last();
        settle_back();
    }
    void seek(Bytes internal_key) override {
        if (enter(run_.find(internal_key))) table_->seek(internal_key);
        settle_forward();
    }
    void seek_for_prev(Bytes internal_key) override {
        size_t position = run_.find(internal_key);
        // Unless that table begins at or before the key, the last one before it is where to look;
        // wraps to "none" at the front.
        if (position == size_ || compare_internal_keys(run_.smallest(position), internal_key) > 0)
            --position;
        if (enter(position)) table_->seek_for_prev(internal_key);
        settle_back();
    }
    bool next_entry(InternalEntry& out) override {
        if (table_->next_entry(out)) [[likely]]
            return true;
        settle_forward();
        return LevelIterator::current(out);
    }
    bool prev_entry(InternalEntry& out) override {
        if (table_->prev_entry(out)) [[likely]]
            return true;
        settle_back();
        return LevelIterator::current(out);
    }
    void next() override {
        table_->next();
        settle_forward();
    }
    void prev() override {
        table_->prev();
        settle_back();
    }

    void skip_forward(Bytes target, Seqno below) override {
        const size_t found = run_.find(target);
        size_t next = position_;
        while (next < found && run_.largest_seqno(next) < below) ++next;
        if (next == position_) {
            table_->skip_forward(target, below);
        } else if (enter(next)) {
            const bool may_seek = next == found && run_.largest_seqno(next) < below;
            may_seek ? table_->seek(target) : table_->seek_to_first();
        }
        settle_forward();
    }
    void skip_back(Bytes target, Seqno below) override {
        // The table in which to look may be any before the one that ends at or behind the target.
        size_t next = position_;
        while (next < size_ && run_.largest_seqno(next) < below &&
               compare_internal_keys(run_.smallest(next), target) > 0)
            --next;  // wraps to "none" at the front
        if (next == position_) {
            table_->skip_back(target, below);
        } else if (enter(next)) {
            run_.largest_seqno(next) < below ? table_->seek_for_prev(target)
                                             : table_->seek_to_last();
        }
        settle_back();
    }

  private:
    /// Makes `position` the current table, kept open when it already is. False when there is no
    /// such table or it cannot be opened.
    bool enter(size_t position) {
        status_ = Status::ok();
        if (position == position_ && table_ != nullptr) return true;
        table_ = nullptr;
        position_ = position;
        if (position >= size_) return false;
        auto opened = run_.open(position);
        if (!opened.is_ok()) {
            status_ = opened.status();
            return false;
        }
        table_ = std::move(*opened);
        return true;
    }

    bool at_end_of_table() const {
        return table_ != nullptr && !table_->valid() && table_->status().is_ok();
    }
    void settle_forward() {
        while (at_end_of_table())
            if (enter(position_ + 1)) table_->seek_to_first();
    }
    void settle_back() {
        if (!at_end_of_table()) return;
        left_table_ = std::move(table_);
        do {
            if (enter(position_ - 1)) table_->seek_to_last();
        } while (at_end_of_table());
    }

    const Run run_;
    const size_t size_;
    size_t position_;  // size_ or beyond: none
    std::unique_ptr<InternalIterator> table_;
    std::unique_ptr<InternalIterator> left_table_;  // going back: its last value may be read still
    Status status_;
};

}  // namespace kv

// A walk over the sorted, disjoint tables of one level; at most one table is open at a time.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "iterator/merging_iterator.h"
#include "record/internal_key.h"

namespace kv {

namespace {

class BoundsRun final : public TableRun {
  public:
    BoundsRun(std::vector<TableBounds> bounds, TableIteratorFactory open)
        : bounds_(std::move(bounds)), open_(std::move(open)) {}
    size_t size() const override { return bounds_.size(); }
    size_t find(Bytes internal_key) const override {
        const auto it =
            std::partition_point(bounds_.begin(), bounds_.end(), [&](const TableBounds& table) {
                return compare_internal_keys(table.largest, internal_key) < 0;
            });
        return static_cast<size_t>(it - bounds_.begin());
    }
    Bytes smallest(size_t index) const override { return bounds_[index].smallest; }
    Seqno largest_seqno(size_t) const override { return kMaxSeqno; }
    Result<std::unique_ptr<InternalIterator>> open(size_t index) const override {
        return open_(index);
    }

  private:
    const std::vector<TableBounds> bounds_;
    const TableIteratorFactory open_;
};

class LevelIterator final : public InternalIterator {
  public:
    explicit LevelIterator(std::unique_ptr<const TableRun> run)
        : run_(std::move(run)), size_(run_->size()), position_(size_) {}

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
        if (enter(run_->find(internal_key))) table_->seek(internal_key);
        settle_forward();
    }
    void seek_for_prev(Bytes internal_key) override {
        size_t position = run_->find(internal_key);
        // Unless that table begins at or before the key, the last one before it is where to look;
        // wraps to "none" at the front.
        if (position == size_ || compare_internal_keys(run_->smallest(position), internal_key) > 0)
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
        const size_t found = run_->find(target);
        size_t next = position_;
        while (next < found && run_->largest_seqno(next) < below) ++next;
        if (next == position_) {
            table_->skip_forward(target, below);
        } else if (enter(next)) {
            const bool may_seek = next == found && run_->largest_seqno(next) < below;
            may_seek ? table_->seek(target) : table_->seek_to_first();
        }
        settle_forward();
    }
    void skip_back(Bytes target, Seqno below) override {
        // The table in which to look may be any before the one that ends at or behind the target.
        size_t next = position_;
        while (next < size_ && run_->largest_seqno(next) < below &&
               compare_internal_keys(run_->smallest(next), target) > 0)
            --next;  // wraps to "none" at the front
        if (next == position_) {
            table_->skip_back(target, below);
        } else if (enter(next)) {
            run_->largest_seqno(next) < below ? table_->seek_for_prev(target)
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
        auto opened = run_->open(position);
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

    const std::unique_ptr<const TableRun> run_;
    const size_t size_;
    size_t position_;  // size_ or beyond: none
    std::unique_ptr<InternalIterator> table_;
    std::unique_ptr<InternalIterator> left_table_;  // going back: its last value may be read still
    Status status_;
};

}  // namespace

std::unique_ptr<InternalIterator> new_level_iterator(std::unique_ptr<const TableRun> run) {
    if (run->size() == 0) return new_empty_iterator();
    return std::make_unique<LevelIterator>(std::move(run));
}

std::unique_ptr<InternalIterator> new_level_iterator(std::vector<TableBounds> bounds,
                                                     TableIteratorFactory open) {
    return new_level_iterator(std::make_unique<BoundsRun>(std::move(bounds), std::move(open)));
}

}  // namespace kv

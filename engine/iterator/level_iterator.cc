// A walk over the sorted, disjoint tables of one level; at most one table is open at a time.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "iterator/merging_iterator.h"
#include "record/internal_key.h"

namespace kv {

namespace {

class LevelIterator final : public InternalIterator {
  public:
    LevelIterator(std::vector<TableBounds> bounds, TableIteratorFactory open)
        : bounds_(std::move(bounds)), open_(std::move(open)), position_(bounds_.size()) {}

    bool valid() const override { return table_ != nullptr && table_->valid(); }
    Status status() const override {
        return status_.is_ok() && table_ != nullptr ? table_->status() : status_;
    }
    Bytes key() const override { return table_->key(); }
    Bytes value() const override { return table_->value(); }

    void seek_to_first() override {
        if (enter(0)) table_->seek_to_first();
        skip_forward();
    }
    void seek_to_last() override {
        if (enter(bounds_.size() - 1)) table_->seek_to_last();
        skip_back();
    }
    void seek(Bytes internal_key) override {
        const auto it =
            std::partition_point(bounds_.begin(), bounds_.end(), [&](const TableBounds& table) {
                return compare_internal_keys(table.largest, internal_key) < 0;
            });
        if (enter(static_cast<size_t>(it - bounds_.begin()))) table_->seek(internal_key);
        skip_forward();
    }
    void seek_for_prev(Bytes internal_key) override {
        const auto it =
            std::partition_point(bounds_.begin(), bounds_.end(), [&](const TableBounds& table) {
                return compare_internal_keys(table.smallest, internal_key) <= 0;
            });
        // The one before the first table that begins beyond the key; wraps to "none" at the front.
        if (enter(static_cast<size_t>(it - bounds_.begin()) - 1))
            table_->seek_for_prev(internal_key);
        skip_back();
    }
    void next() override {
        table_->next();
        skip_forward();
    }
    void prev() override {
        table_->prev();
        skip_back();
    }

  private:
    /// Makes `position` the current table, kept open when it already is. False when there is no
    /// such table or it cannot be opened.
    bool enter(size_t position) {
        status_ = Status::ok();
        if (position == position_ && table_ != nullptr) return true;
        table_ = nullptr;
        position_ = position;
        if (position >= bounds_.size()) return false;
        auto opened = open_(position);
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
    void skip_forward() {
        while (at_end_of_table())
            if (enter(position_ + 1)) table_->seek_to_first();
    }
    void skip_back() {
        while (at_end_of_table())
            if (enter(position_ - 1)) table_->seek_to_last();
    }

    const std::vector<TableBounds> bounds_;
    const TableIteratorFactory open_;
    size_t position_;  // bounds_.size() or beyond: none
    std::unique_ptr<InternalIterator> table_;
    Status status_;
};

}  // namespace

std::unique_ptr<InternalIterator> new_level_iterator(std::vector<TableBounds> bounds,
                                                     TableIteratorFactory open) {
    if (bounds.empty()) return new_empty_iterator();
    return std::make_unique<LevelIterator>(std::move(bounds), std::move(open));
}

}  // namespace kv

// The walk over a level whose tables are given as a list of bounds.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "iterator/level_iterator.h"
#include "iterator/merging_iterator.h"
#include "record/internal_key.h"

namespace kv {

namespace {

class BoundsRun {
  public:
    BoundsRun(std::vector<TableBounds> bounds, TableIteratorFactory open)
        : bounds_(std::move(bounds)), open_(std::move(open)) {}
    size_t size() const { return bounds_.size(); }
    size_t find(Bytes internal_key) const {
        const auto it =
            std::partition_point(bounds_.begin(), bounds_.end(), [&](const TableBounds& table) {
                return compare_internal_keys(table.largest, internal_key) < 0;
            });
        return static_cast<size_t>(it - bounds_.begin());
    }
    Bytes smallest(size_t index) const { return bounds_[index].smallest; }
    Seqno largest_seqno(size_t) const { return kMaxSeqno; }
    Result<std::unique_ptr<InternalIterator>> open(size_t index) const { return open_(index); }

  private:
    const std::vector<TableBounds> bounds_;
    const TableIteratorFactory open_;
};

}  // namespace

std::unique_ptr<InternalIterator> new_level_iterator(std::vector<TableBounds> bounds,
                                                     TableIteratorFactory open) {
    if (bounds.empty()) return new_empty_iterator();
    return std::make_unique<LevelIterator<BoundsRun>>(std::move(bounds), std::move(open));
}

}  // namespace kv

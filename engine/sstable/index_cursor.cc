// The walk over data blocks, across partitions.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/index_cursor.h"

#include "sstable/table_reader.h"

namespace kv {

size_t IndexCursor::partitions() const {
    const sstable::Index& index = table_.index();
    return index.is_partitioned() ? index.view().blocks() : 1;
}

void IndexCursor::leave() {
    partition_ = kNone;
    view_ = {};
    pin_.reset();
}

/// Makes the blocks of a partition those of view_; none when there is no such partition.
Status IndexCursor::enter(size_t partition, const ReadMode& mode) {
    if (partition == partition_) return Status::ok();
    leave();
    if (partition >= partitions()) return Status::ok();
    const sstable::Index& index = table_.index();
    if (index.is_partitioned()) {
        KV_ASSIGN_OR_RETURN(pin_, table_.read_index_partition(partition, mode));
        view_ = sstable::IndexView(pin_.bytes());
    } else {
        view_ = index.view();
    }
    partition_ = partition;
    return Status::ok();
}

Status IndexCursor::seek(Bytes user_key, uint64_t trailer, const ReadMode& mode) {
    const sstable::Index& index = table_.index();
    const size_t partition = index.is_partitioned() ? index.view().find(user_key, trailer) : 0;
    KV_RETURN_IF_ERROR(enter(partition, mode));
    at_ = view_.find(user_key, trailer);
    return Status::ok();
}

Status IndexCursor::seek_to_first(const ReadMode& mode) {
    at_ = 0;
    return enter(0, mode);
}

Status IndexCursor::seek_to_last(const ReadMode& mode) {
    KV_RETURN_IF_ERROR(enter(partitions() - 1, mode));
    at_ = view_.blocks() - 1;  // of an empty index: wraps to "none"
    return Status::ok();
}

Status IndexCursor::next(const ReadMode& mode) {
    if (++at_ < view_.blocks()) return Status::ok();
    at_ = 0;
    return enter(partition_ + 1, mode);
}

Status IndexCursor::prev(const ReadMode& mode) {
    if (at_-- > 0) return Status::ok();
    KV_RETURN_IF_ERROR(enter(partition_ - 1, mode));  // before the first: wraps to "none"
    at_ = view_.blocks() - 1;
    return Status::ok();
}

}  // namespace kv

// The walk over a table: a position in the index and a cursor in that data block.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "sstable/block.h"
#include "sstable/table_reader.h"

namespace kv {

namespace {

using sstable::BlockHandle;
using sstable::kBlockTrailerBytes;

class TableIterator final : public InternalIterator {
  public:
    TableIterator(std::shared_ptr<const TableReader> table, const ReadMode& mode)
        : table_(std::move(table)), mode_(mode), position_(table_->index().blocks()) {}

    bool valid() const override { return valid_; }
    Status status() const override { return status_; }
    Bytes key() const override { return cursor_.key(); }
    Bytes value() const override { return cursor_.value(); }
    bool current(InternalEntry& out) const override {
        if (!valid_) return false;
        out = {cursor_.key(), cursor_.value()};
        return true;
    }
    bool next_entry(InternalEntry& out) override {
        TableIterator::next();
        return TableIterator::current(out);
    }
    bool prev_entry(InternalEntry& out) override {
        TableIterator::prev();
        return TableIterator::current(out);
    }
    void skip_forward(Bytes target, Seqno below) override {
        if (table_->properties().largest_seqno < below) TableIterator::seek(target);
    }
    void skip_back(Bytes target, Seqno below) override {
        if (table_->properties().largest_seqno < below) TableIterator::seek_for_prev(target);
    }

    void seek_to_first() override {
        if (enter(0)) cursor_.seek_to_first();
        settle_forward();
    }
    void seek_to_last() override {
        if (enter(table_->index().blocks() - 1)) cursor_.seek_to_last();
        settle_back();
    }
    void seek(Bytes internal_key) override {
        const size_t position =
            table_->index().find(user_key_of(internal_key), trailer_of(internal_key));
        if (enter(position)) cursor_.seek(internal_key);
        settle_forward();
    }
    void seek_for_prev(Bytes internal_key) override {
        seek(internal_key);
        if (!status_.is_ok() || (valid_ && key() == internal_key)) return;
        if (valid_)
            prev();
        else
            seek_to_last();
    }
    void next() override {
        cursor_.next();
        if (!cursor_.valid()) settle_forward();
        check_entry();
    }
    void prev() override {
        cursor_.prev();
        if (!cursor_.valid()) settle_back();
        check_entry();
    }

  private:
    /// Makes `position` the current block. False when there is none or it cannot be read.
    bool enter(size_t position) {
        valid_ = false;
        status_ = Status::ok();
        if (position == position_ && block_ && cursor_.problem() == nullptr) return true;
        const bool is_next = position == position_ + 1;
        position_ = position;
        if (position >= table_->index().blocks()) {
            block_.reset();
            return false;
        }
        bool from_cache = false;
        auto read =
            is_next && mode_.readahead_bytes > 0
                ? read_ahead(position, from_cache)
                : table_->read_data_block(position, mode_, BlockCache::Use::kScan, &from_cache);
        if (mode_.counts != nullptr && read.is_ok())
            ++(from_cache ? mode_.counts->cached : mode_.counts->from_disk);
        if (!read.is_ok()) {
            block_.reset();
            status_ = read.status();
            return false;
        }
        block_ = std::move(*read);
        cursor_.reset(block_.bytes());
        return true;
    }

    /// Takes the block from the run of blocks read last, reading the next run when it is not there.
    Result<BlockRef> read_ahead(size_t position, bool& from_cache) {
        const BlockHandle handle = table_->index().handle(position);
        const size_t stored_bytes = handle.size + kBlockTrailerBytes;
        if (handle.end() > run_begin_ + run_.size() || handle.offset < run_begin_) {
            ReadMode peek = mode_;
            peek.cache_only = true;
            auto cached = table_->read_data_block(position, peek, BlockCache::Use::kScan);
            from_cache = cached.is_ok();
            if (cached.is_ok() || mode_.cache_only) return cached;
            const uint64_t data_end = table_->data_end();
            run_begin_ = handle.offset;
            run_.resize(std::min<uint64_t>(std::max<uint64_t>(stored_bytes, mode_.readahead_bytes),
                                           data_end - handle.offset));
            if (Status read = table_->read_range(run_begin_, run_.size(), run_.data());
                !read.is_ok()) {
                run_.clear();
                return read;
            }
        }
        const Bytes stored = Bytes(run_).substr(handle.offset - run_begin_, stored_bytes);
        return table_->unpack_block(stored, handle.offset);
    }

    bool past_block() const {
        return block_ && status_.is_ok() && !cursor_.valid() && cursor_.problem() == nullptr;
    }
    void settle_forward() {
        while (past_block())
            if (enter(position_ + 1)) cursor_.seek_to_first();
        check_entry();
    }
    void settle_back() {
        while (past_block())
            if (enter(position_ - 1)) cursor_.seek_to_last();
        check_entry();
    }

    /// Decides valid() from where the cursor stands.
    void check_entry() {
        valid_ = block_ && cursor_.valid();
        const char* problem = cursor_.problem();
        if (valid_) problem = TableReader::entry_problem(trailer_of(key()), value());
        if (problem == nullptr || !block_) return;
        valid_ = false;
        if (status_.is_ok())
            status_ = table_->corruption(table_->index().handle(position_).offset, problem);
    }

    const std::shared_ptr<const TableReader> table_;
    const ReadMode mode_;
    size_t position_;  // in the index; beyond its end: none
    BlockRef block_;
    sstable::BlockIterator cursor_;
    bool valid_ = false;
    Status status_;
    std::string run_;  // stored bytes from run_begin_ on, read ahead
    uint64_t run_begin_ = 0;
};

}  // namespace

std::unique_ptr<InternalIterator> TableReader::new_iterator(const ReadMode& mode) const {
    return std::make_unique<TableIterator>(shared_from_this(), mode);
}

}  // namespace kv

// The walk over a table: a place among its data blocks and a cursor in that block.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/prefetch.h"
#include "sstable/block.h"
#include "sstable/index_cursor.h"
#include "sstable/table_reader.h"

namespace kv {

namespace {

using sstable::BlockHandle;
using sstable::kBlockTrailerBytes;

/// What the first read ahead takes; each one after it twice as much, up to the limit of the mode. A
/// short scan reads little more than it shows, a long one in few requests.
constexpr uint32_t kFirstReadaheadBytes = 16U << 10;
/// Of a block in the cache, what is fetched into the processor's before a walk gets there.
constexpr size_t kMostAheadBytes = 16U << 10;

class TableIterator final : public InternalIterator {
  public:
    TableIterator(std::shared_ptr<const TableReader> table, const ReadMode& mode)
        : table_(std::move(table)), mode_(mode), index_(*table_) {}

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
        if (arrive(index_.seek_to_first(mode_))) cursor_.seek_to_first();
        settle_forward();
    }
    void seek_to_last() override {
        if (arrive(index_.seek_to_last(mode_))) cursor_.seek_to_last();
        settle_back();
    }
    void seek(Bytes internal_key) override {
        if (arrive(index_.seek(user_key_of(internal_key), trailer_of(internal_key), mode_)))
            cursor_.seek(internal_key);
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
        if (cursor_.valid()) [[likely]]
            return check_entry();
        settle_forward();
    }
    void prev() override {
        cursor_.prev();
        if (cursor_.valid()) [[likely]]
            return check_entry();
        settle_back();
    }

  private:
    enum class Move : uint8_t { kSeek, kNext, kPrev };

    /// What the cache said about the block that comes next.
    struct Ahead {
        bool is_known = false;
        uint64_t offset = 0;
        BlockRef block;  // empty: the cache does not hold it
    };

    /// After the index moved by a seek: makes its block the current one. False when there is none
    /// or it cannot be read.
    bool arrive(Status moved) {
        status_ = std::move(moved);
        if (status_.is_ok() && index_.valid() && block_ &&
            index_.handle().offset == block_offset_ && cursor_.problem() == nullptr)
            return true;
        readahead_bytes_ = 0;
        ahead_ = {};
        return enter(Move::kSeek);
    }

    /// Makes the block that the index stands on the current one.
    bool enter(Move by) {
        valid_ = false;
        block_.reset();
        if (!status_.is_ok() || !index_.valid()) return false;
        const BlockHandle handle = index_.handle();
        bool from_cache = false;
        auto read =
            by != Move::kSeek && mode_.readahead_bytes > 0
                ? read_ahead(handle, by, from_cache)
                : table_->read_data_block(handle, mode_, BlockCache::Use::kScan, &from_cache);
        if (mode_.counts != nullptr && read.is_ok())
            ++(from_cache ? mode_.counts->cached : mode_.counts->from_disk);
        if (!read.is_ok()) {
            status_ = read.status();
            return false;
        }
        block_ = std::move(*read);
        block_offset_ = handle.offset;
        if (by != Move::kSeek && from_cache)
            look_ahead(by);
        else
            prefetch_front(block_.bytes());
        cursor_.reset(block_.bytes());
        return true;
    }

    /// In front an ordered block has all that a search asks but the entry that is found, and a
    /// walk begins there. Better those lines come together than one by one.
    static void prefetch_front(Bytes block) {
        constexpr size_t kFrontPart = 4;  // of the block; with what a walk shows first
        constexpr size_t kMostBytes = 1024;
        prefetch_lines(block.data(), std::min(block.size() / kFrontPart, kMostBytes));
    }

    /// A walk through the cache goes from one place in memory to another. The next one is fetched
    /// while the entries here are shown.
    void look_ahead(Move by) {
        ahead_ = {};
        BlockHandle handle;
        if (!index_.neighbour(by == Move::kNext, handle)) return;
        const TablePart part = TablePart::data_block(handle, BlockCache::Use::kScan);
        ahead_ = {true, handle.offset, table_->find_part(part)};
        const Bytes next = ahead_.block.bytes();
        prefetch_far(next.data(), std::min(next.size(), kMostAheadBytes));
    }

    /// Takes the block from the run of blocks read last, reading the next run in the direction of
    /// the walk when it is not there.
    Result<BlockRef> read_ahead(const BlockHandle& handle, Move by, bool& from_cache) {
        const uint64_t stored_bytes = handle.size + kBlockTrailerBytes;
        if (handle.end() > run_begin_ + run_.size() || handle.offset < run_begin_) {
            const TablePart part = TablePart::data_block(handle, BlockCache::Use::kScan);
            const bool is_known = ahead_.is_known && ahead_.offset == handle.offset;
            BlockRef cached = is_known ? std::move(ahead_.block) : table_->find_part(part);
            from_cache = static_cast<bool>(cached);
            if (from_cache) return cached;
            if (mode_.cache_only) return table_->part_is_missing(part);
            readahead_bytes_ = std::min(mode_.readahead_bytes,
                                        std::max(kFirstReadaheadBytes, 2 * readahead_bytes_));
            const uint64_t wanted = std::max<uint64_t>(stored_bytes, readahead_bytes_);
            const uint64_t end = by == Move::kNext
                                     ? std::min(handle.offset + wanted, table_->data_end())
                                     : handle.end();
            run_begin_ = by == Move::kNext ? handle.offset : end - std::min(end, wanted);
            run_.resize(end - run_begin_);
            Status read = table_->read_range(run_begin_, run_.size(), run_.data());
            if (!read.is_ok() && run_.size() > stored_bytes) {
                // A place that cannot be read may lie ahead of this block.
                readahead_bytes_ = 0;
                run_begin_ = handle.offset;
                run_.resize(stored_bytes);
                read = table_->read_range(run_begin_, run_.size(), run_.data());
            }
            if (!read.is_ok()) {
                run_.clear();
                return read;
            }
        }
        const Bytes stored = Bytes(run_).substr(handle.offset - run_begin_, stored_bytes);
        return table_->unpack_block(stored, handle.offset);
    }

    bool past_block() const { return block_ && !cursor_.valid() && cursor_.problem() == nullptr; }
    void settle_forward() {
        while (past_block()) {
            status_ = index_.next(mode_);
            if (enter(Move::kNext)) cursor_.seek_to_first();
        }
        check_entry();
    }
    void settle_back() {
        BlockRef left;
        while (past_block()) {
            status_ = index_.prev(mode_);
            if (!left) left = std::move(block_);
            if (enter(Move::kPrev)) cursor_.seek_to_last();
        }
        if (left) left_block_ = std::move(left);
        check_entry();
    }

    /// Decides valid() from where the cursor stands.
    void check_entry() {
        valid_ = block_ && cursor_.valid();
        if (!block_) return;
        const char* problem = valid_
                                  ? TableReader::entry_problem(trailer_of(key()), cursor_.value())
                                  : cursor_.problem();
        if (problem == nullptr) [[likely]]
            return;
        valid_ = false;
        if (status_.is_ok()) status_ = table_->corruption(block_offset_, problem);
    }

    const std::shared_ptr<const TableReader> table_;
    const ReadMode mode_;
    IndexCursor index_;  // stands on the block in block_, if there is one
    BlockRef block_;
    Ahead ahead_;          // of a walk through the cache
    BlockRef left_block_;  // going back: its last value may be read still
    uint64_t block_offset_ = 0;
    sstable::BlockIterator cursor_;
    bool valid_ = false;
    Status status_;
    std::string run_;  // stored bytes from run_begin_ on, read ahead
    uint64_t run_begin_ = 0;
    uint32_t readahead_bytes_ = 0;  // of the last read ahead since a seek
};

}  // namespace

std::unique_ptr<InternalIterator> TableReader::new_iterator(const ReadMode& mode) const {
    return std::make_unique<TableIterator>(shared_from_this(), mode);
}

}  // namespace kv

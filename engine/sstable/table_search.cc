// Point reads, step by step.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/table_search.h"

#include <utility>

#include "sstable/block.h"

namespace kv {

using sstable::BlockHit;

void TableSearch::begin(TableGet& out) {
    out.found = false;
    const sstable::Filter& filter = table_->filter();
    if (filter.empty() || table_->hit_streak().is_long()) return seek_index();
    ++out.filter_checks;
    if (filter.is_partitioned()) {
        const size_t piece = filter.piece_of(hash_);
        wanted_ = TablePart::filter_piece(filter.piece(piece, table_->data_end()), piece);
    } else if (filter.may_contain(hash_)) {
        seek_index();
    } else {
        ++out.filter_skips;
        miss();
    }
}

Status TableSearch::take(BlockRef part, TableGet& out) {
    switch (wanted_.kind) {
        case TablePart::Kind::kDataBlock:
            return take_data_block(std::move(part), out);
        case TablePart::Kind::kIndexPartition:
            enter_partition(std::move(part));
            break;
        case TablePart::Kind::kFilterPiece:
            take_filter_piece(part, out);
            break;
        case TablePart::Kind::kNone:
            break;
    }
    return Status::ok();
}

void TableSearch::take_filter_piece(const BlockRef& part, TableGet& out) {
    const Bytes lines = TableReader::filter_lines(part, wanted_);
    if (table_->filter().piece_may_contain(lines, hash_)) return seek_index();
    ++out.filter_skips;
    miss();
}

void TableSearch::miss() {
    table_->hit_streak().miss();
    stop();
}

void TableSearch::seek_index() {
    const sstable::Index& index = table_->index();
    if (!index.is_partitioned()) {
        view_ = index.view();
        at_ = view_.find(user_key_, trailer_);
        return want_block();
    }
    partition_ = index.view().find(user_key_, trailer_);
    if (partition_ >= index.view().blocks()) return miss();
    wanted_ = TablePart::index_partition(index.view().handle(partition_), partition_);
}

void TableSearch::enter_partition(BlockRef part) {
    pin_ = std::move(part);
    view_ = sstable::IndexView(pin_.bytes());
    at_ = goes_on_ ? 0 : view_.find(user_key_, trailer_);
    want_block();
}

void TableSearch::want_block() {
    if (at_ >= view_.blocks()) return miss();
    wanted_ = TablePart::data_block(view_.handle(at_));
}

void TableSearch::next_block() {
    const sstable::Index& index = table_->index();
    if (++at_ < view_.blocks() || !index.is_partitioned()) return want_block();
    if (++partition_ >= index.view().blocks()) return miss();
    goes_on_ = true;
    wanted_ = TablePart::index_partition(index.view().handle(partition_), partition_);
}

Status TableSearch::take_data_block(BlockRef block, TableGet& out) {
    const uint64_t offset = wanted_.handle.offset;
    const BlockHit hit = sstable::find_in_block(block.bytes(), user_key_, hash_, trailer_);
    const char* problem = hit.problem;
    if (hit.result == BlockHit::Result::kFound)
        problem = TableReader::entry_problem(hit.trailer, hit.value);
    if (problem != nullptr) [[unlikely]] {
        stop();
        return table_->corruption(offset, problem);
    }
    if (hit.result == BlockHit::Result::kFound) {
        out.found = true;
        out.kind = trailer_kind(hit.trailer);
        out.seqno = trailer_seqno(hit.trailer);
        out.value = hit.value;
        out.pin = std::move(block);
        table_->hit_streak().hit();
        stop();
    } else if (user_key_of(view_.separator(at_)) == user_key_) {
        next_block();
    } else {
        // The key goes on in the next block only if it is that of the separator.
        miss();
    }
    return Status::ok();
}

Status TableReader::get(Bytes user_key, uint64_t user_key_hash, Seqno seqno, const ReadMode& mode,
                        TableGet& out) const {
    TableSearch search(*this, user_key, user_key_hash, seqno);
    search.begin(out);
    while (search.wants_part()) {
        bool from_cache = false;
        KV_ASSIGN_OR_RETURN(BlockRef part, read_part(search.wanted(), mode, &from_cache));
        if (search.wanted().kind == TablePart::Kind::kDataBlock)
            ++(from_cache ? out.cache_hits : out.disk_reads);
        KV_RETURN_IF_ERROR(search.take(std::move(part), out));
    }
    return Status::ok();
}

}  // namespace kv

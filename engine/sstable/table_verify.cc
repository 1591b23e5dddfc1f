// The full check of a table, for kvtool verify.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include "base/coding.h"
#include "base/hash.h"
#include "sstable/block.h"
#include "sstable/index_cursor.h"
#include "sstable/range_tombstone_block.h"
#include "sstable/table_reader.h"

namespace kv {

namespace {

using sstable::BlockHandle;
using sstable::kBlockTrailerBytes;

/// What the entries say, to be held against the properties.
struct Tally {
    TableProperties found;
    std::string last_key;

    void count(Bytes key, Bytes value) {
        const uint64_t trailer = trailer_of(key);
        const Seqno seqno = trailer_seqno(trailer);
        found.raw_key_bytes += key.size();
        found.raw_value_bytes += value.size();
        if (found.entries++ == 0) {
            found.smallest.assign(key);
            found.smallest_seqno = seqno;
        }
        found.smallest_seqno = std::min(found.smallest_seqno, seqno);
        found.largest_seqno = std::max(found.largest_seqno, seqno);
        if (trailer_kind(trailer) == Kind::kDelete) ++found.tombstones;
        if (trailer_kind(trailer) == Kind::kPutWithExpiry) {
            const uint64_t expiry_ms = load_fixed64(value.data());
            if (found.earliest_expiry_ms == 0 || expiry_ms < found.earliest_expiry_ms)
                found.earliest_expiry_ms = expiry_ms;
        }
        last_key.assign(key);
    }

    /// The first property that does not tell the truth, or null.
    const char* difference(const TableProperties& p) const {
        if (p.entries != found.entries) return "entries";
        if (p.tombstones != found.tombstones) return "tombstones";
        if (p.range_tombstones != found.range_tombstones) return "range tombstones";
        if (p.smallest != found.smallest) return "smallest key";
        if (p.largest != found.largest) return "largest key";
        if (p.smallest_seqno != found.smallest_seqno || p.largest_seqno != found.largest_seqno)
            return "seqno range";
        if (p.earliest_expiry_ms != found.earliest_expiry_ms) return "earliest expiry";
        if (p.raw_key_bytes != found.raw_key_bytes) return "bytes of keys";
        if (p.raw_value_bytes != found.raw_value_bytes) return "bytes of values";
        if (p.content_bytes != 0 && p.content_bytes != found.content_bytes) return "content bytes";
        return nullptr;
    }
};

class Verifier {
  public:
    explicit Verifier(const TableReader& table) : table_(table) {}

    Status run() {
        KV_RETURN_IF_ERROR(load_filter());
        KV_RETURN_IF_ERROR(check_data_blocks());
        for (size_t i = 0; i < table_.filter().pieces(); ++i)
            KV_RETURN_IF_ERROR(read(table_.filter().piece(i, table_.data_end())));
        const sstable::Index& index = table_.index();
        for (size_t i = 0; index.is_partitioned() && i < index.view().blocks(); ++i)
            KV_RETURN_IF_ERROR(read(index.view().handle(i)));
        tally_.found.largest = tally_.last_key;
        const sstable::Footer& footer = table_.footer();
        const BlockHandle tombstones = table_.range_tombstone_handle();
        for (const BlockHandle& handle : {footer.filter, tombstones}) {
            if (handle.size == 0) continue;
            KV_RETURN_IF_ERROR(read(handle));
        }
        if (tombstones.size != 0) KV_RETURN_IF_ERROR(count_range_tombstones(tombstones));
        for (const BlockHandle& handle : {footer.properties, footer.index})
            KV_RETURN_IF_ERROR(read(handle));
        if (const char* what = tally_.difference(table_.properties()); what != nullptr)
            return table_.corruption(
                footer.properties.offset,
                std::string("the properties and the entries disagree about: ") + what);
        if (sstable::table_checksum(checksums_, table_.file_number()) != footer.table_checksum)
            return table_.corruption(footer.index.end(),
                                     "the table checksum does not match the blocks");
        return Status::ok();
    }

  private:
    /// Reads the block past every cache into stored_ and verifies its checksum.
    Status read(const BlockHandle& handle) {
        stored_.resize(handle.size + kBlockTrailerBytes);
        KV_RETURN_IF_ERROR(table_.read_range(handle.offset, stored_.size(), stored_.data()));
        KV_RETURN_IF_ERROR(table_.verify_block(stored_, handle.offset));
        checksums_.append(stored_, handle.size + 1, 8);
        return Status::ok();
    }

    /// Puts the pieces of a partitioned filter together, so that every key can be asked for.
    Status load_filter() {
        const sstable::Filter& filter = table_.filter();
        if (!filter.is_partitioned()) return Status::ok();
        std::string lines;
        for (size_t i = 0; i < filter.pieces(); ++i) {
            const BlockHandle handle = filter.piece(i, table_.data_end());
            KV_RETURN_IF_ERROR(read(handle));
            lines.append(stored_, 0, handle.size);
        }
        checksums_.clear();
        return whole_filter_.load(filter.whole(lines));
    }

    Status check_data_blocks() {
        ReadMode mode;
        mode.fill_cache = false;
        IndexCursor cursor(table_);
        std::string before;
        KV_RETURN_IF_ERROR(cursor.seek_to_first(mode));
        while (cursor.valid()) {
            const BlockHandle handle = cursor.handle();
            KV_RETURN_IF_ERROR(read(handle));
            KV_RETURN_IF_ERROR(check_entries(handle, before, cursor.separator()));
            before.assign(cursor.separator());
            KV_RETURN_IF_ERROR(cursor.next(mode));
        }
        return Status::ok();
    }

    /// Of the block in stored_.
    Status count_range_tombstones(const BlockHandle& handle) {
        std::vector<RangeTombstone> tombstones;
        const Status decoded =
            sstable::decode_range_tombstones(Bytes(stored_).substr(0, handle.size), tombstones);
        if (!decoded.is_ok()) return table_.corruption(handle.offset, decoded.message());
        sstable::count_range_tombstones(tombstones, tally_.found);
        return Status::ok();
    }

    /// `before` and `separator` enclose what the index says the block holds.
    Status check_entries(const BlockHandle& handle, Bytes before, Bytes separator) {
        KV_ASSIGN_OR_RETURN(const BlockRef block, table_.unpack_block(stored_, handle.offset));
        if (sstable::stored_codec(stored_) == Codec::kPadded &&
            (table_.footer().flags & sstable::kPaddedBlocksFlag) == 0)
            return table_.corruption(handle.offset, "a block is padded, and the footer denies it");
        const Bytes content = block.bytes();
        tally_.found.content_bytes += content.size();
        if (const char* problem = form_problem(content); problem != nullptr)
            return table_.corruption(handle.offset, problem);
        sstable::BlockIterator it;
        it.reset(content);
        for (it.seek_to_first(); it.valid(); it.next()) {
            const char* problem = entry_problem(it.key(), it.value());
            if (problem == nullptr &&
                (compare_internal_keys(it.key(), separator) > 0 ||
                 (!before.empty() && compare_internal_keys(it.key(), before) <= 0)))
                problem = "an entry lies outside of the range that the index gives its block";
            if (problem != nullptr)
                return table_.corruption(
                    handle.offset,
                    std::string(problem) + ", key " + escape_bytes(user_key_of(it.key()), 64));
            tally_.count(it.key(), it.value());
        }
        if (it.problem() != nullptr) return table_.corruption(handle.offset, it.problem());
        return Status::ok();
    }

    const char* form_problem(Bytes content) const {
        const bool is_plain = !content.empty() && content[0] == char(sstable::BlockForm::kPlain);
        if (is_plain && table_.footer().format_version >= 2)
            return "a data block is plain, which those of this version of tables are not";
        return sstable::tagged_block_problem(content);
    }

    const char* entry_problem(Bytes key, Bytes value) const {
        const char* problem = TableReader::entry_problem(trailer_of(key), value);
        if (problem != nullptr) return problem;
        if (tally_.found.entries > 0 && compare_internal_keys(tally_.last_key, key) >= 0)
            return "entries are out of order";
        const sstable::Filter& filter =
            table_.filter().is_partitioned() ? whole_filter_ : table_.filter();
        if (!filter.may_contain(hash64(user_key_of(key))))
            return "the filter denies a key that is there";
        return nullptr;
    }

    const TableReader& table_;
    sstable::Filter whole_filter_;  // of a table whose filter is partitioned
    std::string stored_;
    std::string checksums_;
    Tally tally_;
};

}  // namespace

Status TableReader::verify() const { return Verifier(*this).run(); }

}  // namespace kv

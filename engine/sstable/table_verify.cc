// The full check of a table, for kvtool verify.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include "base/coding.h"
#include "base/hash.h"
#include "sstable/block.h"
#include "sstable/table_reader.h"

namespace kv {

namespace {

using sstable::BlockHandle;
using sstable::kBlockTrailerBytes;

/// What the entries say, to be held against the properties.
struct Tally {
    uint64_t entries = 0;
    uint64_t tombstones = 0;
    Seqno smallest_seqno = kMaxSeqno;
    Seqno largest_seqno = 0;
    uint64_t earliest_expiry_ms = 0;
    std::string first_key;
    std::string last_key;

    void count(Bytes key, Bytes value) {
        const uint64_t trailer = trailer_of(key);
        const Seqno seqno = trailer_seqno(trailer);
        smallest_seqno = std::min(smallest_seqno, seqno);
        largest_seqno = std::max(largest_seqno, seqno);
        if (trailer_kind(trailer) == Kind::kDelete) ++tombstones;
        if (trailer_kind(trailer) == Kind::kPutWithExpiry) {
            const uint64_t expiry_ms = load_fixed64(value.data());
            if (earliest_expiry_ms == 0 || expiry_ms < earliest_expiry_ms)
                earliest_expiry_ms = expiry_ms;
        }
        if (entries++ == 0) first_key.assign(key);
        last_key.assign(key);
    }

    /// The first property that does not tell the truth, or null.
    const char* difference(const TableProperties& p) const {
        if (p.entries != entries) return "entries";
        if (p.tombstones != tombstones) return "tombstones";
        if (p.smallest != first_key) return "smallest key";
        if (p.largest != last_key) return "largest key";
        if (p.smallest_seqno != smallest_seqno || p.largest_seqno != largest_seqno)
            return "seqno range";
        if (p.earliest_expiry_ms != earliest_expiry_ms) return "earliest expiry";
        return nullptr;
    }
};

class Verifier {
  public:
    explicit Verifier(const TableReader& table, const sstable::Filter& filter)
        : table_(table), filter_(filter) {}

    Status run() {
        for (size_t i = 0; i < table_.index().blocks(); ++i) {
            const BlockHandle handle = table_.index().handle(i);
            KV_RETURN_IF_ERROR(read(handle));
            KV_RETURN_IF_ERROR(check_entries(i, handle));
        }
        const sstable::Footer& footer = table_.footer();
        for (const BlockHandle& handle : {footer.filter, footer.properties, footer.index})
            if (handle.size != 0) KV_RETURN_IF_ERROR(read(handle));
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

    Status check_entries(size_t position, const BlockHandle& handle) {
        sstable::BlockIterator it;
        it.reset(Bytes(stored_).substr(0, handle.size));
        for (it.seek_to_first(); it.valid(); it.next()) {
            const char* problem = TableReader::entry_problem(trailer_of(it.key()), it.value());
            if (problem == nullptr && tally_.entries > 0 &&
                compare_internal_keys(tally_.last_key, it.key()) >= 0)
                problem = "entries are out of order";
            if (problem == nullptr && !belongs(position, it.key()))
                problem = "an entry lies outside of the range that the index gives its block";
            if (problem == nullptr && !filter_.may_contain(hash64(user_key_of(it.key()))))
                problem = "the filter denies a key that is there";
            if (problem != nullptr)
                return table_.corruption(
                    handle.offset,
                    std::string(problem) + ", key " + escape_bytes(user_key_of(it.key()), 64));
            tally_.count(it.key(), it.value());
        }
        if (it.problem() != nullptr) return table_.corruption(handle.offset, it.problem());
        return Status::ok();
    }

    bool belongs(size_t position, Bytes key) const {
        const sstable::Index& index = table_.index();
        return compare_internal_keys(key, index.separator(position)) <= 0 &&
               (position == 0 || compare_internal_keys(key, index.separator(position - 1)) > 0);
    }

    const TableReader& table_;
    const sstable::Filter& filter_;
    std::string stored_;
    std::string checksums_;
    Tally tally_;
};

}  // namespace

Status TableReader::verify() const { return Verifier(*this, filter_).run(); }

}  // namespace kv

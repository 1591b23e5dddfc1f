// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/db_iterator.h"

#include <algorithm>

#include "base/coding.h"
#include "iterator/merging_iterator.h"
#include "record/internal_key.h"

namespace kv::db {

namespace {

/// Bytes read ahead once a scan is sequential.
constexpr uint32_t kScanReadaheadBytes = 128U << 10;

/// After every version of `user_key`, before the next user key.
std::string behind_all_versions(Bytes user_key) {
    return make_internal_key(user_key, 0, static_cast<Kind>(0));
}

}  // namespace

std::unique_ptr<InternalIterator> new_view_source(const ReadView& view, TableCache& tables,
                                                  const ReadOptions& options) {
    const ReadMode mode{.cache_only = options.cache_only,
                        .fill_cache = options.fill_cache,
                        .readahead_bytes = kScanReadaheadBytes};
    const auto open = [&tables,
                       mode](TableSlot& slot) -> Result<std::unique_ptr<InternalIterator>> {
        if (slot.reader() == nullptr && mode.cache_only) {
            return Status(Code::kWouldBlock, "a table is not open yet");
        }
        KV_ASSIGN_OR_RETURN(const auto reader, tables.open(slot));
        return reader->new_iterator(mode);
    };
    std::vector<std::unique_ptr<InternalIterator>> children;
    children.push_back(view.active->new_iterator());
    for (const auto& memtable : view.immutables) children.push_back(memtable->new_iterator());
    for (const TableSet::Table& table : view.tables->tables(0)) {
        auto child = open(*table.slot);
        children.push_back(child.is_ok() ? std::move(*child) : new_empty_iterator(child.error()));
    }
    for (int level = 1; level < view.tables->levels(); ++level) {
        const auto& level_tables = view.tables->tables(level);
        if (level_tables.empty()) continue;
        std::vector<TableBounds> bounds;
        bounds.reserve(level_tables.size());
        for (const TableSet::Table& table : level_tables) {
            bounds.push_back({table.file->smallest, table.file->largest});
        }
        children.push_back(new_level_iterator(
            std::move(bounds),
            [&level_tables, open](size_t index) { return open(*level_tables[index].slot); }));
    }
    return new_merging_iterator(std::move(children));
}

DbIterator::DbIterator(ViewLease view, std::unique_ptr<InternalIterator> source,
                       SnapshotPtr snapshot, Seqno seqno, uint64_t now_ms,
                       const ScanOptions& options)
    : view_(std::move(view)),
      source_(std::move(source)),
      snapshot_(std::move(snapshot)),
      snapshot_seqno_(seqno),
      now_ms_(now_ms),
      lower_(options.lower),
      upper_(options.upper) {
    if (options.prefix.empty()) return;
    if (!lower_ || *lower_ < options.prefix) lower_ = options.prefix;
    std::string behind = prefix_successor(options.prefix);
    if (!behind.empty() && (!upper_ || behind < *upper_)) upper_ = std::move(behind);
}

Bytes DbIterator::value() const {
    const Bytes stored = forward_ ? source_->value() : Bytes(value_);
    return expiry_ms_ != 0 ? stored.substr(kExpiryBytes) : stored;
}

DbIterator::Sight DbIterator::look(Bytes internal_key, Bytes internal_value, uint64_t& expiry_ms) {
    const uint64_t trailer = trailer_of(internal_key);
    expiry_ms = 0;
    if (trailer_seqno(trailer) > snapshot_seqno_) return Sight::kHidden;
    switch (trailer_kind(trailer)) {
        case Kind::kPut:
            return Sight::kLive;
        case Kind::kDelete:
            return Sight::kDead;
        case Kind::kPutWithExpiry:
            if (internal_value.size() >= kExpiryBytes) {
                expiry_ms = load_fixed64(internal_value.data());
                return expiry_ms > now_ms_ ? Sight::kLive : Sight::kDead;
            }
            break;
        default:
            break;
    }
    status_ = Status::corruption(
        "key \"" + escape_bytes(user_key_of(internal_key), 64) + "\" at seqno " +
        std::to_string(trailer_seqno(trailer)) + " has kind " +
        std::to_string(static_cast<int>(trailer_kind(trailer))) + " and a value of " +
        std::to_string(internal_value.size()) + " bytes, which this version cannot read");
    return Sight::kDead;
}

void DbIterator::find_forward(bool skip_current) {
    // Invariant: every version of key_ is decided when skip_current is set.
    valid_ = false;
    forward_ = true;
    for (; source_->valid(); source_->next()) {
        const Bytes internal_key = source_->key();
        const Bytes user_key = user_key_of(internal_key);
        if (skip_current && user_key == key_) continue;
        if (!is_before_upper(user_key)) return;
        uint64_t expiry_ms;
        const Sight sight = look(internal_key, source_->value(), expiry_ms);
        if (!status_.is_ok()) return;
        if (sight == Sight::kLive) {
            seqno_of_entry_ = trailer_seqno(trailer_of(internal_key));
            expiry_ms_ = expiry_ms;
            valid_ = true;
            return;
        }
        if (sight == Sight::kDead) {
            key_.assign(user_key);
            skip_current = true;
        }
    }
}

void DbIterator::find_backward() {
    // Versions come oldest first: the last visible one met decides for its key.
    valid_ = false;
    forward_ = false;
    Sight decided = Sight::kHidden;
    for (; source_->valid(); source_->prev()) {
        const Bytes internal_key = source_->key();
        const Bytes user_key = user_key_of(internal_key);
        if (decided != Sight::kHidden && user_key != key_) {
            if (decided == Sight::kLive) break;
            decided = Sight::kHidden;
        }
        if (!is_within_lower(user_key)) return;
        uint64_t expiry_ms;
        const Sight sight = look(internal_key, source_->value(), expiry_ms);
        if (!status_.is_ok()) return;
        if (sight == Sight::kHidden) continue;
        decided = sight;
        key_.assign(user_key);
        if (sight == Sight::kLive) {
            value_.assign(source_->value());
            seqno_of_entry_ = trailer_seqno(trailer_of(internal_key));
            expiry_ms_ = expiry_ms;
        }
    }
    valid_ = decided == Sight::kLive && source_->status().is_ok();
}

void DbIterator::seek_to_first() {
    status_ = Status::ok();
    if (lower_) {
        source_->seek(make_seek_key(*lower_, snapshot_seqno_));
    } else {
        source_->seek_to_first();
    }
    find_forward(false);
}

void DbIterator::seek_to_last() {
    status_ = Status::ok();
    if (upper_) {
        source_->seek_for_prev(make_seek_key(*upper_, kMaxSeqno));
    } else {
        source_->seek_to_last();
    }
    find_backward();
}

void DbIterator::seek(Bytes key) {
    if (lower_ && key < *lower_) {
        seek_to_first();
        return;
    }
    status_ = Status::ok();
    source_->seek(make_seek_key(key, snapshot_seqno_));
    find_forward(false);
}

void DbIterator::seek_for_prev(Bytes key) {
    if (upper_ && key >= *upper_) {
        seek_to_last();
        return;
    }
    status_ = Status::ok();
    source_->seek_for_prev(behind_all_versions(key));
    find_backward();
}

void DbIterator::next() {
    if (forward_) {
        key_.assign(user_key_of(source_->key()));
    } else {
        source_->seek(behind_all_versions(key_));
    }
    find_forward(true);
}

void DbIterator::prev() {
    if (forward_) {
        key_.assign(user_key_of(source_->key()));
        source_->seek_for_prev(make_seek_key(key_, kMaxSeqno));
    }
    find_backward();
}

}  // namespace kv::db

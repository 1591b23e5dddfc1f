// See store_view.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/resp/store_view.h"

#include <tuple>
#include <utility>

#include "kv/assert.h"
#include "server/stored_keys.h"

namespace kv::server {
namespace {

class StoreWalk final : public KeyWalk {
  public:
    StoreWalk(const Keyspace& space, std::unique_ptr<Iterator> entries, bool reverse)
        : space_(space), entries_(std::move(entries)), reverse_(reverse) {
        reverse_ ? entries_->seek_to_last() : entries_->seek_to_first();
    }
    bool valid() const override { return entries_->valid(); }
    void next() override { reverse_ ? entries_->prev() : entries_->next(); }
    Bytes key() const override { return space_.user_key(entries_->key(), scratch_); }
    Bytes value() const override { return entries_->value(); }
    uint64_t expiry_ms() const override { return entries_->expiry_ms(); }
    Status status() const override { return entries_->status(); }

  private:
    const Keyspace space_;
    const std::unique_ptr<Iterator> entries_;
    const bool reverse_;
    mutable std::string scratch_;
};

}  // namespace

ScanOptions stored_bounds(const Keyspace& space, const WalkBounds& bounds) {
    ScanOptions options;
    std::tie(options.lower, options.upper) =
        stored_range(space, bounds.lower, bounds.upper, bounds.prefix);
    options.fill_cache = false;
    return options;
}

std::unique_ptr<KeyWalk> make_store_walk(const Keyspace& space, std::unique_ptr<Iterator> entries,
                                         bool reverse) {
    return std::make_unique<StoreWalk>(space, std::move(entries), reverse);
}

ReadOptions StoreView::read_options() const {
    ReadOptions options;
    options.snapshot = snapshot_;
    options.cache_only = reach_ == Reach::kMemory;
    return options;
}

void StoreView::count_read(const Keyspace& space, bool found) {
    if (tally_ != nullptr) return tally_->count_read(space, found);
    keyspaces_.numbered(space.id())->count_reads(1, found ? 1 : 0);
}

Result<std::optional<Entry>> StoreView::get(const Keyspace& space, Bytes key) {
    auto entry = db_.get(space.stored(key, scratch_), read_options());
    if (entry.is_ok()) count_read(space, entry->has_value());
    return entry;
}

Result<bool> StoreView::get_into(const Keyspace& space, Bytes key, Entry& entry) {
    const auto found = db_.get_into(space.stored(key, scratch_), read_options(), entry);
    if (found.is_ok()) count_read(space, *found);
    return found;
}

Result<std::optional<EntryHead>> StoreView::get_head(const Keyspace& space, Bytes key) {
    const auto head = db_.get_head(space.stored(key, scratch_), read_options());
    if (head.is_ok()) count_read(space, head->has_value());
    return head;
}

std::unique_ptr<KeyWalk> StoreView::walk(const Keyspace& space, const WalkBounds& bounds) {
    if (reach_ == Reach::kMemory) return nullptr;
    ScanOptions options = stored_bounds(space, bounds);
    options.snapshot = snapshot_;
    return make_store_walk(space, db_.new_iterator(options), bounds.reverse);
}

uint64_t StoreView::approximate_count(const Keyspace& space) {
    return db_.approximate_count(stored_bounds(space, {}));
}

void StoreView::put(const Keyspace&, Bytes, Bytes, uint64_t) {
    KV_ASSERT(!"a command that writes ran outside of a script");
}
void StoreView::del(const Keyspace&, Bytes) {
    KV_ASSERT(!"a command that writes ran outside of a script");
}
void StoreView::del_range(const Keyspace&, Bytes, std::optional<Bytes>) {
    KV_ASSERT(!"a command that writes ran outside of a script");
}

}  // namespace kv::server

// See script_view.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/resp/script_view.h"

#include <algorithm>
#include <iterator>

#include "server/resp/store_view.h"

namespace kv::server {
namespace {

/// The range that the key is in; null: none.
const ScriptView::Emptied::value_type* emptied_range(const ScriptView::Emptied& emptied,
                                                     Bytes stored) {
    const auto behind = emptied.upper_bound(stored);
    if (behind == emptied.begin() || stored >= std::prev(behind)->second) return nullptr;
    return &*std::prev(behind);
}

/// As varint32.
size_t length_bytes(size_t length) {
    size_t bytes = 1;
    for (; length >= 0x80; length >>= 7) ++bytes;
    return bytes;
}
size_t prefixed_bytes(Bytes bytes) { return length_bytes(bytes.size()) + bytes.size(); }

/// What an operation takes in a batch.
size_t op_bytes(Bytes stored, const ScriptView::Change& change) {
    const size_t head_bytes = 1 + prefixed_bytes(stored);
    if (change.deleted) return head_bytes;
    return head_bytes + prefixed_bytes(change.value()) +
           (change.expiry_ms != 0 ? sizeof change.expiry_ms : 0);
}

size_t range_bytes(const ScriptView::Emptied::value_type& range) {
    // An empty begin is stored as the first key there can be, which has one byte.
    const size_t begin_bytes = range.first.empty() ? 2 : prefixed_bytes(range.first);
    return 1 + begin_bytes + prefixed_bytes(range.second);
}

/// Entries of the store and changes of the script, merged. Both stay as they are meanwhile, so they
/// are walked where they are.
class ScriptWalk final : public KeyWalk {
  public:
    ScriptWalk(const Keyspace& space, std::unique_ptr<Iterator> entries,
               const ScriptView::Changes& changes, const ScriptView::Emptied& emptied,
               const ScanOptions& bounds, bool reverse, ScriptWork* work)
        : space_(space),
          entries_(std::move(entries)),
          emptied_(emptied),
          reverse_(reverse),
          work_(work),
          first_(changes.lower_bound(*bounds.lower)),
          end_(*bounds.lower < *bounds.upper ? changes.lower_bound(*bounds.upper) : first_) {
        reverse_ ? entries_->seek_to_last() : entries_->seek_to_first();
        note_seek();
        settle();
    }
    bool valid() const override { return (on_change_ || entries_->valid()) && goes_on(); }
    void next() override {
        on_change_ ? leave_change() : step();
        settle();
    }
    Bytes key() const override {
        return space_.user_key(on_change_ ? Bytes(change()->first) : entries_->key(), scratch_);
    }
    Bytes value() const override {
        const Bytes value = on_change_ ? change()->second.value() : entries_->value();
        if (work_ != nullptr) work_->copy(value.size());
        return value;
    }
    uint64_t expiry_ms() const override {
        return on_change_ ? change()->second.expiry_ms : entries_->expiry_ms();
    }
    Status status() const override { return goes_on() ? entries_->status() : work_->status(); }

  private:
    bool goes_on() const { return work_ == nullptr || !work_->is_over(); }
    void note(uint64_t visits) {
        if (work_ == nullptr) return;
        // What the store has passed over counts as well.
        work_->visit(visits + entries_->skipped() - skipped_);
        skipped_ = entries_->skipped();
    }
    void note_seek() {
        skipped_ = 0;
        note(ScriptWork::kWalkVisits);
    }
    void step() {
        reverse_ ? entries_->prev() : entries_->next();
        note(1);
    }
    /// The next one, if there is any, in the direction of the walk.
    ScriptView::Changes::const_iterator change() const {
        return reverse_ ? std::prev(end_) : first_;
    }
    void leave_change() {
        reverse_ ? --end_ : ++first_;
        note(1);
    }
    /// Entries that the script has deleted by range, a range at a time.
    void pass_emptied() {
        while (entries_->valid() && goes_on()) {
            const auto* const range = emptied_range(emptied_, entries_->key());
            if (range == nullptr) return;
            reverse_ ? entries_->seek_for_prev(range->first) : entries_->seek(range->second);
            note_seek();
            if (reverse_ && entries_->valid() && entries_->key() == range->first) step();
        }
    }
    /// Stands on the nearer of the two sides; a change hides the store's entry of its key.
    void settle() {
        on_change_ = false;
        while (goes_on()) {
            pass_emptied();
            if (first_ == end_) return;
            const auto& [stored, state] = *change();
            if (entries_->valid()) {
                const int order = Bytes(stored).compare(entries_->key()) * (reverse_ ? -1 : 1);
                if (order > 0) return;
                if (order == 0) step();
            }
            on_change_ = !state.deleted;
            if (on_change_) return;
            leave_change();
        }
    }

    const Keyspace space_;
    const std::unique_ptr<Iterator> entries_;
    const ScriptView::Emptied& emptied_;
    const bool reverse_;
    ScriptWork* const work_;
    ScriptView::Changes::const_iterator first_, end_;  // of the changes that are still to come
    bool on_change_ = false;
    uint64_t skipped_ = 0;  // by the entries since their last seek, as far as it was noted
    mutable std::string scratch_;
};

}  // namespace

/// What the script has made of a key; null: nothing.
const ScriptView::Change* ScriptView::own_state(Bytes stored) const {
    static const Change kDeleted;
    if (const auto at = changes_.find(stored); at != changes_.end()) return &at->second;
    return emptied_range(emptied_, stored) != nullptr ? &kDeleted : nullptr;
}

Result<std::optional<Entry>> ScriptView::get(const Keyspace& space, Bytes key) {
    const Bytes stored = space.stored(key, scratch_);
    std::optional<Entry> found;
    if (const Change* const own = own_state(stored); own == nullptr) {
        KV_ASSIGN_OR_RETURN(found, store_.get(stored));
    } else if (!own->deleted) {
        found = Entry{std::string(own->value()), 0, own->expiry_ms};
    }
    if (work_ != nullptr && found) {
        work_->copy(found->value.size());
        KV_RETURN_IF_ERROR(work_->status());
    }
    tally_.count_read(space, found.has_value());
    return found;
}

Result<std::optional<EntryHead>> ScriptView::get_head(const Keyspace& space, Bytes key) {
    const Bytes stored = space.stored(key, scratch_);
    std::optional<EntryHead> found;
    if (const Change* const own = own_state(stored); own == nullptr) {
        KV_ASSIGN_OR_RETURN(found, store_.get_head(stored));
    } else if (!own->deleted) {
        found = EntryHead{own->value().size(), 0, own->expiry_ms};
    }
    tally_.count_read(space, found.has_value());
    return found;
}

std::unique_ptr<KeyWalk> ScriptView::walk(const Keyspace& space, const WalkBounds& bounds) {
    if (!store_.may_block()) return nullptr;
    ScanOptions options = stored_bounds(space, bounds);
    // 0 would be no limit.
    if (work_ != nullptr) options.max_skipped = work_->visits_left() + 1;
    return std::make_unique<ScriptWalk>(space, store_.new_iterator(options), changes_, emptied_,
                                        options, bounds.reverse, work_);
}

uint64_t ScriptView::approximate_count(const Keyspace& space) {
    return store_.approximate_count(stored_bounds(space, {}));
}

Status ScriptView::allow_work(uint64_t visits) {
    if (work_ == nullptr) return Status::ok();
    work_->visit(visits);
    return work_->status();
}

void ScriptView::put(const Keyspace& space, Bytes key, Bytes value, uint64_t expiry_ms) {
    if (expiry_ms != 0 && expiry_ms <= now_ms()) return del(space, key);
    tally_.count_put(space);
    Change to;
    to.deleted = false;
    to.expiry_ms = expiry_ms;
    if (words_ != nullptr && words_->holds(value)) {
        to.in_words = value;
    } else {
        to.own = value;
    }
    change(space.stored(key, scratch_), std::move(to));
}

void ScriptView::del(const Keyspace& space, Bytes key) {
    tally_.count_delete(space);
    change(space.stored(key, scratch_), Change());
}

void ScriptView::change(Bytes stored, Change to) {
    if (const auto at = changes_.find(stored); at != changes_.end()) {
        return replace(at, std::move(to));
    }
    batch_bytes_ += op_bytes(stored, to);
    const auto added = changes_.emplace(std::string(stored), std::move(to)).first;
    undo_.push_back({added, std::nullopt});
    note_live(added);
}

void ScriptView::replace(Changes::iterator at, Change to) {
    batch_bytes_ += op_bytes(at->first, to);
    batch_bytes_ -= op_bytes(at->first, at->second);
    undo_.push_back({at, std::exchange(at->second, std::move(to))});
    note_live(at);
}

void ScriptView::note_live(Changes::iterator at) {
    if (!live_) return;
    if (at->second.deleted) {
        live_->erase(at->first);
    } else {
        live_->insert(at->first);
    }
}

void ScriptView::keep_last() {
    undo_.clear();
    undo_emptied_.clear();
    kept_bytes_ = batch_bytes_;
}

void ScriptView::drop_last() {
    for (; !undo_.empty(); undo_.pop_back()) {
        Undo& last = undo_.back();
        if (last.before) {
            last.at->second = std::move(*last.before);
            note_live(last.at);
        } else {
            if (live_) live_->erase(last.at->first);
            changes_.erase(last.at);
        }
    }
    for (; !undo_emptied_.empty(); undo_emptied_.pop_back()) {
        emptied_.erase(undo_emptied_.back().begin);
        for (auto& range : undo_emptied_.back().before) emptied_.insert(std::move(range));
    }
    batch_bytes_ = kept_bytes_;
}

void ScriptView::del_range(const Keyspace& space, Bytes begin, std::optional<Bytes> end) {
    std::string last_scratch;
    std::string first = begin.empty() ? space.first() : std::string(space.stored(begin, scratch_));
    std::string last = end ? std::string(space.stored(*end, last_scratch)) : space.end();
    if (last <= first) return;
    tally_.count_delete(space);
    // Deletes of their own, so that those who watch the keys hear that something was there.
    if (!live_) {
        live_.emplace();
        for (auto at = changes_.begin(); at != changes_.end(); ++at) note_live(at);
    }
    for (auto at = live_->lower_bound(first); at != live_->end() && *at < last;) {
        const auto changed = changes_.find(*at++);  // which takes it out of there
        replace(changed, Change());
    }
    empty(std::move(first), std::move(last));
}

/// Adds a range, joined with those that it meets.
void ScriptView::empty(std::string first, std::string last) {
    auto at = emptied_.upper_bound(first);
    if (at != emptied_.begin() && std::prev(at)->second >= first) --at;
    if (at != emptied_.end() && at->first <= first && at->second >= last) return;
    UndoEmptied undo;
    while (at != emptied_.end() && at->first <= last) {
        first = std::min(first, at->first);
        last = std::max(last, at->second);
        batch_bytes_ -= range_bytes(*at);
        undo.before.emplace_back(*at);
        at = emptied_.erase(at);
    }
    undo.begin = first;
    const auto added = emptied_.emplace(std::move(first), std::move(last)).first;
    batch_bytes_ += range_bytes(*added);
    undo_emptied_.push_back(std::move(undo));
}

void ScriptView::write_to(WriteBatch& batch) const {
    for (const auto& [first, last] : emptied_) batch.delete_range(first, last);
    for (const auto& [stored, change] : changes_) {
        if (change.deleted) {
            batch.del(stored);
        } else if (change.expiry_ms == 0) {
            batch.put(stored, change.value());
        } else {
            batch.put_with_expiry(stored, change.value(), change.expiry_ms);
        }
    }
}

}  // namespace kv::server

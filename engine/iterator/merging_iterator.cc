// A merge of several sources: a binary heap of children ordered by their current keys. The first 8
// bytes of each current user key are kept in the heap as an integer, so that most comparisons touch
// the heap alone. The runner-up's place is remembered: as long as one child leads, a step costs one
// comparison.
// SPDX-License-Identifier: Apache-2.0
#include "iterator/merging_iterator.h"

#include <algorithm>
#include <utility>

#include "kv/assert.h"
#include "record/internal_key.h"
#include "record/key_prefix.h"

namespace kv {

namespace {

class MergingIterator final : public InternalIterator {
  public:
    explicit MergingIterator(std::span<std::unique_ptr<InternalIterator>> children) {
        children_.reserve(children.size());
        heap_.reserve(children.size());
        for (auto& child : children) {
            KV_ASSERT(child != nullptr);
            children_.push_back({std::move(child), {}});
        }
    }

    bool valid() const override { return !heap_.empty(); }
    Status status() const override { return status_; }
    Bytes key() const override { return heap_.front().child->entry.key; }
    Bytes value() const override { return heap_.front().child->entry.value; }
    bool current(InternalEntry& out) const override {
        if (heap_.empty()) return false;
        out = heap_.front().child->entry;
        return true;
    }

    void seek_to_first() override {
        start(true, [](InternalIterator& child) { child.seek_to_first(); });
    }
    void seek_to_last() override {
        start(false, [](InternalIterator& child) { child.seek_to_last(); });
    }
    void seek(Bytes internal_key) override {
        start(true, [&](InternalIterator& child) { child.seek(internal_key); });
    }
    void seek_for_prev(Bytes internal_key) override {
        start(false, [&](InternalIterator& child) { child.seek_for_prev(internal_key); });
    }
    void next() override {
        if (!forward_ && !turn(true)) return;
        Child& top = *heap_.front().child;
        place_top(top.it->next_entry(top.entry));
    }
    void prev() override {
        if (forward_ && !turn(false)) return;
        Child& top = *heap_.front().child;
        place_top(top.it->prev_entry(top.entry));
    }
    bool next_entry(InternalEntry& out) override {
        MergingIterator::next();
        return MergingIterator::current(out);
    }
    bool prev_entry(InternalEntry& out) override {
        MergingIterator::prev();
        return MergingIterator::current(out);
    }
    void skip_forward(Bytes target, Seqno below) override {
        if (forward_ || turn(true)) {
            skip([&](InternalIterator& child) { child.skip_forward(target, below); },
                 [&](Bytes key) { return compare_internal_keys(key, target) < 0; });
        }
    }
    void skip_back(Bytes target, Seqno below) override {
        if (!forward_ || turn(false)) {
            skip([&](InternalIterator& child) { child.skip_back(target, below); },
                 [&](Bytes key) { return compare_internal_keys(key, target) > 0; });
        }
    }

  private:
    struct Child {
        std::unique_ptr<InternalIterator> it;
        InternalEntry entry;
    };
    struct Slot {
        uint64_t prefix;
        Child* child;
    };

    /// True if `a` comes before `b` in the direction of the walk. Equal keys keep the order of the
    /// children, reversed when walking back, so that both directions show one sequence.
    bool comes_first(const Slot& a, const Slot& b) const {
        if (a.prefix != b.prefix) return (a.prefix < b.prefix) == forward_;
        const int order = compare_internal_keys(a.child->entry.key, b.child->entry.key);
        if (order != 0) return (order < 0) == forward_;
        return (a.child < b.child) == forward_;
    }

    template <class Position>
    void start(bool forward, Position position) {
        forward_ = forward;
        status_ = Status::ok();
        heap_.clear();
        for (Child& child : children_) {
            position(*child.it);
            if (!add(child)) return;
        }
        heapify();
    }

    template <class Move, class IsBefore>
    void skip(Move move, IsBefore is_before_target) {
        heap_.clear();
        for (Child& child : children_) {
            InternalEntry entry;
            if (child.it->current(entry) && is_before_target(entry.key)) move(*child.it);
            if (!add(child)) return;
        }
        heapify();
    }

    /// Puts a child's current entry into the heap's array. False when the child has failed.
    bool add(Child& child) {
        if (!child.it->current(child.entry)) return check(child);
        heap_.push_back({user_key_prefix(user_key_of(child.entry.key)), &child});
        return true;
    }

    bool check(const Child& child) {
        status_ = child.it->status();
        if (status_.is_ok()) return true;
        heap_.clear();
        return false;
    }

    void heapify() {
        for (size_t i = heap_.size() / 2; i-- > 0;) sift_down(i);
        find_runner_up();
    }

    void sift_down(size_t hole) {
        const Slot moving = heap_[hole];
        while (true) {
            size_t best = 2 * hole + 1;
            if (best >= heap_.size()) break;
            if (best + 1 < heap_.size() && comes_first(heap_[best + 1], heap_[best])) ++best;
            if (!comes_first(heap_[best], moving)) break;
            heap_[hole] = heap_[best];
            hole = best;
        }
        heap_[hole] = moving;
    }

    void find_runner_up() {
        runner_up_ = heap_.size() > 2 && comes_first(heap_[2], heap_[1]) ? 2 : 1;
    }

    /// Restores the order of the heap after the first child has moved.
    void place_top(bool child_is_valid) {
        Slot& top = heap_.front();
        if (child_is_valid) [[likely]] {
            top.prefix = user_key_prefix(user_key_of(top.child->entry.key));
            if (heap_.size() == 1 || comes_first(top, heap_[runner_up_])) return;
        } else {
            if (!check(*top.child)) return;
            top = heap_.back();
            heap_.pop_back();
            if (heap_.empty()) return;
        }
        sift_down(0);
        find_runner_up();
    }

    /// Changes direction while the current entry stays current: every other child moves to its
    /// first entry on the other side of it. False when a child has failed.
    bool turn(bool forward) {
        const Child* const current = heap_.front().child;
        const std::string key(current->entry.key);
        forward_ = forward;
        heap_.clear();
        for (Child& child : children_) {
            if (&child != current) pass(*child.it, key, &child > current);
            if (!add(child)) return false;
        }
        heapify();
        return true;
    }

    /// Moves `child` to its nearest entry beyond `key` in the new direction. An equal entry counts
    /// as beyond only on the side where the order of children puts it.
    void pass(InternalIterator& child, const std::string& key, bool is_later_child) {
        if (forward_) {
            child.seek(key);
            if (!is_later_child && child.valid() && child.key() == key) child.next();
        } else {
            child.seek_for_prev(key);
            if (is_later_child && child.valid() && child.key() == key) child.prev();
        }
    }

    std::vector<Child> children_;  // never resized: the heap points into it
    std::vector<Slot> heap_;       // heap_[0] is the current entry
    size_t runner_up_ = 1;         // of heap_[0], where the heap has more than one
    bool forward_ = true;
    Status status_;
};

class EmptyIterator final : public InternalIterator {
  public:
    explicit EmptyIterator(Status status) : status_(std::move(status)) {}
    bool valid() const override { return false; }
    Status status() const override { return status_; }
    void seek_to_first() override {}
    void seek_to_last() override {}
    void seek(Bytes) override {}
    void seek_for_prev(Bytes) override {}
    void next() override {}
    void prev() override {}
    Bytes key() const override { return {}; }
    Bytes value() const override { return {}; }

  private:
    const Status status_;
};

}  // namespace

std::unique_ptr<InternalIterator> new_empty_iterator(Status status) {
    return std::make_unique<EmptyIterator>(std::move(status));
}

std::unique_ptr<InternalIterator> new_merging_iterator(
    std::span<std::unique_ptr<InternalIterator>> children) {
    if (children.empty()) return new_empty_iterator();
    if (children.size() == 1) return std::move(children.front());
    return std::make_unique<MergingIterator>(children);
}

}  // namespace kv

// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "memtable/memtable_iterators.h"

#include <utility>

#include "kv/assert.h"
#include "memtable/skip_list_walk.h"
#include "record/internal_key.h"

namespace kv {

namespace {

/// What a walk shows of where it stands.
class WalkIterator : public InternalIterator {
  public:
    bool valid() const final { return walk_.node() != nullptr; }
    Status status() const final { return Status::ok(); }
    Bytes key() const final { return walk_.node()->internal_key(); }
    Bytes value() const final { return walk_.node()->value(); }
    bool current(InternalEntry& out) const final {
        if (!valid()) return false;
        out = {key(), value()};
        return true;
    }
    uint64_t pass_versions(Seqno floor) final {
        return walk_.pass_newer_than(first_trailer_at(floor));
    }

  protected:
    SkipList::Walk walk_;
};

class ListIterator final : public WalkIterator {
  public:
    explicit ListIterator(const SkipList& list) : list_(list) {}

    void seek_to_first() override { walk_.jump_to(list_.first()); }
    void seek_to_last() override { walk_.jump_to(list_.last()); }
    void seek(Bytes internal_key) override {
        walk_.jump_to(list_.first_at_or_after(user_key_of(internal_key), trailer_of(internal_key)));
    }
    void seek_for_prev(Bytes internal_key) override {
        seek(internal_key);
        if (!valid() || key() != internal_key)
            walk_.jump_to(list_.last_before(user_key_of(internal_key), trailer_of(internal_key)));
    }
    void next() override { walk_.next(); }
    void prev() override {
        const SkipList::Node& node = *walk_.node();
        walk_.jump_to(list_.last_before(node.user_key(), node.trailer()));
    }
    bool next_entry(InternalEntry& out) override {
        ListIterator::next();
        return ListIterator::current(out);
    }
    bool prev_entry(InternalEntry& out) override {
        ListIterator::prev();
        return ListIterator::current(out);
    }

  private:
    const SkipList& list_;
};

class SortedIterator final : public WalkIterator {
  public:
    explicit SortedIterator(NodeSort nodes) : nodes_(std::move(nodes)) {}

    void seek_to_first() override {
        at_ = 0;
        for (size_t i = 1; i < kFarAhead && i < places().size(); ++i)
            SkipList::prefetch(*places()[i].node);
        enter();
    }
    void next() override {
        if (walk_.next_version()) return;
        ++at_;
        enter();
    }
    bool next_entry(InternalEntry& out) override {
        SortedIterator::next();
        return SortedIterator::current(out);
    }
    void seek_to_last() override { refuse(); }
    void seek(Bytes) override { refuse(); }
    void seek_for_prev(Bytes) override { refuse(); }
    void prev() override { refuse(); }

  private:
    // A node's header is fetched so many keys ahead, its newest version when that is there.
    static constexpr size_t kFarAhead = 8, kAhead = 3;

    const std::vector<NodeSort::Place>& places() const { return nodes_.places(); }
    void enter() {
        if (at_ == places().size()) return walk_.jump_to(nullptr);
        walk_.enter(*places()[at_].node);
        if (at_ + kFarAhead < places().size()) SkipList::prefetch(*places()[at_ + kFarAhead].node);
        if (at_ + kAhead < places().size())
            SkipList::Walk::fetch(*places()[at_ + kAhead].node->newest());
    }
    static void refuse() { KV_ASSERT(!"a walk that only goes forwards"); }

    const NodeSort nodes_;
    size_t at_ = 0;
};

}  // namespace

std::unique_ptr<InternalIterator> new_list_iterator(const SkipList& list) {
    return std::make_unique<ListIterator>(list);
}

std::unique_ptr<InternalIterator> new_sorted_iterator(NodeSort nodes) {
    return std::make_unique<SortedIterator>(std::move(nodes));
}

}  // namespace kv

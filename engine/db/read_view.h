// ReadView: everything a read needs, frozen: the memtables and the tables of one moment.
// ViewRegistry hands the current one to readers without a lock or a shared counter on the hot path.
//
// How: each thread has a slot that caches one counted reference to the current view. A reader swaps
// its slot to "in use", reads, and swaps the view back. Installing a new view empties every slot,
// so an idle thread never keeps an old memtable alive; a reader caught in the middle finds its slot
// emptied and drops the reference itself.
// Thread rule: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "db/table_set.h"
#include "memtable/memtable.h"

namespace kv::db {

struct ReadView {
    std::shared_ptr<Memtable> active;
    std::vector<std::shared_ptr<Memtable>> immutables;  ///< Newest first.
    std::shared_ptr<const TableSet> tables;
    /// A number for what the tables say of keys that are in none of these memtables. Another
    /// arrangement of the same entries does not change it; a memtable that becomes a table does.
    uint64_t content = 0;
    mutable std::atomic<uint32_t> references{1};
};

class ViewRegistry;

/// A view held for one short read, or pinned for a long one. Move-only.
class ViewLease {
  public:
    ViewLease(ViewLease&& other) noexcept;
    ViewLease& operator=(ViewLease&&) = delete;
    ~ViewLease();
    const ReadView& operator*() const { return *view_; }
    const ReadView* operator->() const { return view_; }

  private:
    friend class ViewRegistry;
    ViewLease(ViewRegistry* registry, const ReadView* view, std::atomic<const ReadView*>* slot)
        : registry_(registry), view_(view), slot_(slot) {}
    ViewRegistry* registry_;
    const ReadView* view_;                // null after a move
    std::atomic<const ReadView*>* slot_;  // null: a plain counted reference
};

class ViewRegistry {
  public:
    /// `retire` gets each view whose last reference is gone, on whatever thread dropped it, and
    /// must see to its deletion away from latency-sensitive threads.
    explicit ViewRegistry(std::function<void(std::unique_ptr<const ReadView>)> retire);
    ~ViewRegistry();
    ViewRegistry(const ViewRegistry&) = delete;

    /// The current view for a read on this thread that ends soon. May nest.
    ViewLease acquire();
    /// The current view for as long as the lease lives, on any thread.
    ViewLease pin();
    /// A pinned view and the seqno that `read_seqno` gave while it was still the current one: so
    /// nothing up to that seqno can have gone into a later memtable.
    template <class ReadSeqno>
    std::pair<ViewLease, Seqno> pin_with(ReadSeqno&& read_seqno) {
        while (true) {
            ViewLease view = pin();
            const Seqno seqno = read_seqno();
            if (is_current(*view)) return {std::move(view), seqno};
        }
    }
    /// Makes `view` the current one. Callers serialise among themselves.
    void install(std::unique_ptr<ReadView> view);
    /// Drops every cached reference; no read may be running or follow.
    void clear();

  private:
    friend class ViewLease;
    static constexpr size_t kSlots = 128;  // threads beyond share the mutex path
    struct alignas(64) Slot {
        std::atomic<const ReadView*> view{nullptr};
    };

    const ReadView* reference_current();
    bool is_current(const ReadView& view);
    void unreference(const ReadView* view);
    void empty_slots();

    const std::function<void(std::unique_ptr<const ReadView>)> retire_;
    std::array<Slot, kSlots> slots_;
    std::mutex mutex_;
    const ReadView* current_ = nullptr;  // guarded by mutex_; counted
};

}  // namespace kv::db

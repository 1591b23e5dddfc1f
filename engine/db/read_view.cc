// The slot protocol of ViewRegistry; see the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/read_view.h"

#include <utility>

#include "base/thread_number.h"
#include "kv/assert.h"

namespace kv::db {

namespace {

/// Marks a slot whose owner is reading; never dereferenced.
const ReadView* in_use() {
    static const char mark = 0;
    return reinterpret_cast<const ReadView*>(&mark);
}

}  // namespace

ViewLease::ViewLease(ViewLease&& other) noexcept
    : registry_(other.registry_), view_(std::exchange(other.view_, nullptr)), slot_(other.slot_) {}

ViewLease::~ViewLease() {
    if (view_ == nullptr) return;
    if (slot_ != nullptr) {
        const ReadView* expected = in_use();
        if (slot_->compare_exchange_strong(expected, view_, std::memory_order_acq_rel)) return;
    }
    registry_->unreference(view_);
}

ViewRegistry::ViewRegistry(std::function<void(std::unique_ptr<const ReadView>)> retire)
    : retire_(std::move(retire)) {}

ViewRegistry::~ViewRegistry() { clear(); }

const ReadView* ViewRegistry::reference_current() {
    std::lock_guard lock(mutex_);
    KV_ASSERT(current_ != nullptr);
    current_->references.fetch_add(1, std::memory_order_relaxed);
    return current_;
}

bool ViewRegistry::is_current(const ReadView& view) {
    std::lock_guard lock(mutex_);
    return current_ == &view;
}

void ViewRegistry::unreference(const ReadView* view) {
    if (view->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        retire_(std::unique_ptr<const ReadView>(view));
    }
}

ViewLease ViewRegistry::acquire() {
    const uint32_t number = thread_number();
    if (number >= kSlots) return pin();
    std::atomic<const ReadView*>& slot = slots_[number].view;
    const ReadView* cached = slot.exchange(in_use(), std::memory_order_acq_rel);
    if (cached == in_use()) return pin();  // a read within a read
    if (cached == nullptr) cached = reference_current();
    return {this, cached, &slot};
}

ViewLease ViewRegistry::pin() { return {this, reference_current(), nullptr}; }

void ViewRegistry::install(std::unique_ptr<ReadView> view) {
    const ReadView* old;
    {
        std::lock_guard lock(mutex_);
        old = std::exchange(current_, view.release());
    }
    empty_slots();
    if (old != nullptr) unreference(old);
}

void ViewRegistry::empty_slots() {
    for (Slot& slot : slots_) {
        const ReadView* cached = slot.view.exchange(nullptr, std::memory_order_acq_rel);
        if (cached != nullptr && cached != in_use()) unreference(cached);
    }
}

void ViewRegistry::clear() {
    empty_slots();
    const ReadView* old;
    {
        std::lock_guard lock(mutex_);
        old = std::exchange(current_, nullptr);
    }
    if (old != nullptr) unreference(old);
}

}  // namespace kv::db

// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/shape.h"

#include "kv/assert.h"

namespace kv::db {

void Shape::start(std::shared_ptr<Memtable> active) {
    std::lock_guard lock(mutex_);
    active_ = std::move(active);
    install();
}

std::shared_ptr<Memtable> Shape::freeze(size_t limit) {
    std::lock_guard lock(mutex_);
    if (immutables_.size() >= limit) return nullptr;
    immutables_.insert(immutables_.begin(), active_);
    active_ = active_->successor();
    install();
    return active_;
}

std::shared_ptr<Memtable> Shape::oldest_immutable() const {
    std::lock_guard lock(mutex_);
    return immutables_.empty() ? nullptr : immutables_.back();
}

void Shape::memtable_flushed(const std::shared_ptr<Memtable>& memtable) {
    std::lock_guard lock(mutex_);
    KV_ASSERT(!immutables_.empty() && immutables_.back() == memtable);
    immutables_.pop_back();
    ++content_;
    install();
}

void Shape::version_changed() {
    std::lock_guard lock(mutex_);
    install();
}

bool Shape::active_deletes() const {
    std::lock_guard lock(mutex_);
    return active_->tombstones() != 0 || active_->range_deletes() != 0;
}

uint64_t Shape::memtable_bytes() const {
    std::lock_guard lock(mutex_);
    uint64_t bytes = active_->memory_bytes();
    for (const auto& memtable : immutables_) bytes += memtable->memory_bytes();
    return bytes;
}

void Shape::install() {
    // Read under the mutex, so that of two racing changes the later one installs the later version.
    VersionPtr current = manifest_.current();
    if (tables_ == nullptr || tables_->version_ptr() != current) {
        tables_ = std::make_shared<const TableSet>(std::move(current), table_cache_);
    }
    auto view = std::make_unique<ReadView>();
    view->active = active_;
    view->immutables = immutables_;
    view->tables = tables_;
    view->content = content_;
    immutable_count_.store(immutables_.size(), std::memory_order_release);
    level0_tables_.store(tables_->tables(0).size(), std::memory_order_release);
    views_.install(std::move(view));
}

}  // namespace kv::db

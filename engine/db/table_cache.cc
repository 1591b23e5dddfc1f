// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/table_cache.h"

#include "record/damage_advice.h"
#include "record/file_names.h"

namespace kv::db {

std::string table_path(const std::string& dir, uint64_t number) {
    return join_path(dir, table_file_name(number));
}

std::shared_ptr<TableSlot> TableCache::slot(const FileMeta& file) {
    std::lock_guard lock(mutex_);
    std::shared_ptr<TableSlot>& slot = slots_[file.number];
    if (slot == nullptr) {
        slot = std::make_shared<TableSlot>(TableExpectation{file.size_bytes, file.checksum},
                                           file.number);
        file_bytes_.fetch_add(file.size_bytes, std::memory_order_relaxed);
    }
    return slot;
}

Result<std::shared_ptr<TableReader>> TableCache::open(TableSlot& slot) {
    std::unique_lock lock(slot.mutex_);
    if (slot.owner_ == nullptr) {
        const std::string path = table_path(dir_, slot.number_);
        auto reader = TableReader::open(fs_, path, slot.number_, &blocks_, slot.expected_);
        if (!reader.is_ok()) {
            if (!reader.error().is(Code::kNotFound)) return reader.error();
            return Status::corruption(
                path + ": the MANIFEST lists this table, but the file is missing" + kTableAdvice);
        }
        slot.owner_ = std::move(*reader);
        slot.opened_.store(slot.owner_.get(), std::memory_order_release);
        memory_bytes_.fetch_add(slot.owner_->memory_bytes(), std::memory_order_relaxed);
        const std::shared_ptr<TableReader> opened = slot.owner_;
        lock.unlock();
        if (on_opened_) on_opened_();
        return opened;
    }
    return slot.owner_;
}

void TableCache::erase(uint64_t number) {
    {
        std::lock_guard lock(mutex_);
        const auto found = slots_.find(number);
        if (found != slots_.end()) {
            const TableReader* reader = found->second->reader();
            if (reader != nullptr)
                memory_bytes_.fetch_sub(reader->memory_bytes(), std::memory_order_relaxed);
            file_bytes_.fetch_sub(found->second->size_bytes(), std::memory_order_relaxed);
            slots_.erase(found);
        }
    }
    blocks_.erase_file(number);
}

}  // namespace kv::db

// Who still needs which file: version/file_registry.h.
// SPDX-License-Identifier: Apache-2.0
#include "version/file_registry.h"

#include <mutex>
#include <unordered_map>
#include <utility>

#include "kv/assert.h"

namespace kv {

struct FileRegistry::Table {
    std::mutex mutex;
    // Guarded by mutex.
    std::unordered_map<uint64_t, bool> live;  // number -> retired
    std::vector<FileName> obsolete;

    std::mutex callback_mutex;          // held during a call
    std::function<void()> on_obsolete;  // guarded by callback_mutex

    void release(uint64_t number) {
        if (!forget(number)) return;
        const std::lock_guard lock(callback_mutex);
        if (on_obsolete) on_obsolete();
    }

  private:
    /// True if that made the table obsolete.
    bool forget(uint64_t number) {
        const std::lock_guard lock(mutex);
        const auto it = live.find(number);
        KV_ASSERT(it != live.end());
        const bool is_retired = it->second;
        if (is_retired) obsolete.push_back({FileKind::kTable, number});
        live.erase(it);
        return is_retired;
    }
};

FileRegistry::FileRegistry() : table_(std::make_shared<Table>()) {}
FileRegistry::~FileRegistry() = default;

FileMetaPtr FileRegistry::adopt(FileMeta meta) {
    const uint64_t number = meta.number;
    auto owned = std::make_unique<const FileMeta>(std::move(meta));
    {
        const std::lock_guard lock(table_->mutex);
        const bool is_new = table_->live.emplace(number, false).second;
        KV_ASSERT(is_new);
    }
    return FileMetaPtr(owned.release(), [table = table_](const FileMeta* file) {
        const uint64_t released = file->number;
        delete file;
        table->release(released);
    });
}

void FileRegistry::retire(uint64_t number) {
    const std::lock_guard lock(table_->mutex);
    const auto it = table_->live.find(number);
    // Whoever retires a table still holds the version that had it.
    KV_ASSERT(it != table_->live.end());
    it->second = true;
}

void FileRegistry::retire_manifest(uint64_t number) {
    const std::lock_guard lock(table_->mutex);
    table_->obsolete.push_back({FileKind::kManifest, number});
}

void FileRegistry::on_obsolete(std::function<void()> callback) {
    const std::lock_guard lock(table_->callback_mutex);
    table_->on_obsolete = std::move(callback);
}

std::vector<FileName> FileRegistry::take_obsolete() {
    const std::lock_guard lock(table_->mutex);
    return std::exchange(table_->obsolete, {});
}

void FileRegistry::put_back(const std::vector<FileName>& files) {
    const std::lock_guard lock(table_->mutex);
    table_->obsolete.insert(table_->obsolete.end(), files.begin(), files.end());
}

size_t FileRegistry::live_count() const {
    const std::lock_guard lock(table_->mutex);
    return table_->live.size();
}

}  // namespace kv

// TableCache: one slot a live table file, in which its reader is opened on first use and kept until
// the file is deleted.
// Thread rule: any thread. An open slot is read with one atomic load.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "cache/block_cache.h"
#include "kv/file_system.h"
#include "sstable/table_reader.h"
#include "version/file_meta.h"

namespace kv::db {

/// "DIR/000012.sst".
std::string table_path(const std::string& dir, uint64_t number);

class TableSlot {
  public:
    explicit TableSlot(TableExpectation expected, uint64_t number)
        : expected_(expected), number_(number) {}
    /// The opened reader, or null when nobody has used the table yet.
    const TableReader* reader() const { return opened_.load(std::memory_order_acquire); }
    uint64_t number() const { return number_; }
    uint64_t size_bytes() const { return expected_.size_bytes; }

  private:
    friend class TableCache;
    const TableExpectation expected_;
    const uint64_t number_;
    std::atomic<const TableReader*> opened_{nullptr};
    std::mutex mutex_;
    std::shared_ptr<TableReader> owner_;  // guarded by mutex_; behind opened_ once set
};

class TableCache {
  public:
    TableCache(FileSystem& fs, std::string dir, BlockCache& blocks)
        : fs_(fs), dir_(std::move(dir)), blocks_(blocks) {}

    /// That opens the tables.
    FileSystem& file_system() const { return fs_; }
    /// Called after a table was opened: memory_bytes() has grown. Set before the first use.
    void on_opened(std::function<void()> callback) { on_opened_ = std::move(callback); }
    /// The slot of a live table; does not touch the disk.
    std::shared_ptr<TableSlot> slot(const FileMeta& file);
    /// Opens on first use. A missing file is kCorruption: the MANIFEST says it is there.
    Result<std::shared_ptr<TableReader>> open(TableSlot& slot);
    /// Forgets a table that is about to be deleted, its cached blocks included. Readers go on.
    void erase(uint64_t number);
    /// Sizes of all table files that are live or not deleted yet.
    uint64_t file_bytes() const { return file_bytes_.load(std::memory_order_relaxed); }
    /// Heap bytes of the indexes and filters of all open tables.
    uint64_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }

  private:
    FileSystem& fs_;
    const std::string dir_;
    BlockCache& blocks_;
    std::function<void()> on_opened_;
    std::atomic<uint64_t> memory_bytes_{0};
    std::atomic<uint64_t> file_bytes_{0};
    std::mutex mutex_;
    std::unordered_map<uint64_t, std::shared_ptr<TableSlot>> slots_;  // guarded by mutex_
};

}  // namespace kv::db

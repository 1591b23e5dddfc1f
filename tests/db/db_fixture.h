// A store on an in-memory disk under the deterministic executor, with a tiny vocabulary: put, get,
// reopen, crash.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kv/clock.h"
#include "kv/db.h"
#include "kv/deterministic_executor.h"
#include "support/crash_file_system.h"

namespace kv::test {

class DbFixture {
  public:
    explicit DbFixture(uint64_t seed = 1) : executor_(seed, &clock_) {
        options_.memtable_bytes = 64U << 10;
        options_.table_bytes = 32U << 10;
        options_.level1_bytes = 128U << 10;
        options_.level0_compaction_trigger = 4;
        options_.wal_segment_bytes = 64U << 10;
        options_.block_size_bytes = 512;
        options_.block_cache_bytes = 1U << 20;
        options_.log = [this](LogLevel, std::string_view line) { log_.emplace_back(line); };
    }
    ~DbFixture() { close(); }

    Db& db() {
        if (db_ == nullptr) open();
        return *db_;
    }
    Status try_open() {
        options_.file_system = disk_.get();
        options_.clock = &clock_;
        options_.executor = &executor_;
        auto opened = Db::open(options_, "db");
        if (!opened.is_ok()) return opened.error();
        db_ = std::move(*opened);
        return Status::ok();
    }
    void open() {
        const Status status = try_open();
        INFO(status.to_string());
        REQUIRE(status.is_ok());
    }
    void close() { db_.reset(); }
    void reopen() {
        close();
        open();
    }
    /// Power fails now; the store comes up on what the disk holds.
    void crash(CrashOptions how = {}) {
        auto survivor = disk_->clone_after_crash(how);
        close();
        disk_ = std::move(survivor);
        open();
    }

    WriteResult put(Bytes key, Bytes value, Durability level = Durability::kDisk) {
        return db().put(key, value, level);
    }
    /// The value, or "-" for none, or the error.
    std::string get(Bytes key, const ReadOptions& options = {}) {
        const auto entry = db().get(key, options);
        if (!entry.is_ok()) return entry.status().to_string();
        return entry->has_value() ? (*entry)->value : "-";
    }
    /// "a=1 b=2" in order; forward or backward.
    std::string scan(const ScanOptions& options = {}, bool reverse = false) {
        const auto it = db().new_iterator(options);
        std::string text;
        if (reverse) {
            it->seek_to_last();
        } else {
            it->seek_to_first();
        }
        while (it->valid()) {
            if (!text.empty()) text += ' ';
            text.append(it->key()).append("=").append(it->value());
            if (reverse) {
                it->prev();
            } else {
                it->next();
            }
        }
        if (!it->status().is_ok()) text += " !" + it->status().to_string();
        return text;
    }
    bool logged(std::string_view part) const {
        for (const std::string& line : log_) {
            if (line.find(part) != std::string::npos) return true;
        }
        return false;
    }

    FakeClock clock_;
    DeterministicExecutor executor_;
    std::unique_ptr<CrashFileSystem> disk_ = std::make_unique<CrashFileSystem>();
    Options options_;
    std::vector<std::string> log_;
    std::unique_ptr<Db> db_;
};

}  // namespace kv::test

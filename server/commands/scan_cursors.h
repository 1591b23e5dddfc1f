// ScanCursors: where the SCANs under way have got to. Redis's cursor is a decimal number that
// clients parse, so a position, which is a key, goes out as a hash of it and is remembered here.
//
// Any connection may use any cursor. The table is bounded: the position least recently given out is
// forgotten first, so an abandoned scan costs nothing more and a forgotten one is an error, never a
// gap. Thread rule: every method from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "kv/bytes.h"

namespace kv::server {

class ScanCursors {
  public:
    static constexpr size_t kMaxPositions = 65'536;
    /// Of remembered keys: 1 KiB each when the table is full.
    static constexpr size_t kMaxKeyBytes = 64ULL << 20;
    /// Below 2^53, as many clients keep a cursor in a double.
    static constexpr uint64_t kMaxCursor = (1ULL << 53) - 1;

    /// The cursor of a scan that goes on behind `last_key`: never 0, the same for the same position
    /// as long as it is remembered.
    uint64_t give_out(uint32_t database, Bytes last_key);
    /// The last key before the scan goes on. Nullopt: never given out for this database, or
    /// forgotten.
    std::optional<std::string> find(uint32_t database, uint64_t cursor) const;
    size_t size() const;

  private:
    struct Position {
        uint64_t cursor;
        uint32_t database;
        std::string last_key;
        bool is(uint32_t other, Bytes key) const { return database == other && last_key == key; }
    };
    using Positions = std::list<Position>;
    void forget_oldest();

    mutable std::mutex mutex_;
    Positions positions_;                                          // guarded; oldest first
    std::unordered_map<uint64_t, Positions::iterator> by_cursor_;  // guarded by mutex_
    size_t key_bytes_ = 0;                                         // guarded by mutex_
};

}  // namespace kv::server

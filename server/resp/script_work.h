// ScriptWork: how much one transaction may have the store do in the middle of its commit, where
// every other write waits for it. Its words do not bound that: one of them may stand for all keys,
// or for a large value. Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "kv/status.h"

namespace kv::server {

class ScriptWork {
  public:
    /// Entries that its commands may visit together: part of a second.
    static constexpr uint64_t kMostVisits = 1'000'000;
    /// Bytes of stored values that they may copy together: about a second.
    static constexpr uint64_t kMostBytes = 2ULL << 30;
    /// What it takes to begin a walk: a place has to be found in every table.
    static constexpr uint64_t kWalkVisits = 20;

    void visit(uint64_t entries) { visits_ += entries; }
    void copy(uint64_t bytes) { bytes_ += bytes; }
    bool is_over() const { return visits_ > kMostVisits || bytes_ > kMostBytes; }
    uint64_t visits_left() const { return visits_ > kMostVisits ? 0 : kMostVisits - visits_; }
    /// Not ok once it is over.
    Status status() const {
        if (!is_over()) return Status::ok();
        return Status::invalid_argument(
            "between its writes its commands visit more than " + std::to_string(kMostVisits) +
            " keys or read more than " + std::to_string(kMostBytes) +
            " bytes, while all other writes wait: read before MULTI (WATCH tells of changes), or in"
            " a transaction without writes");
    }

  private:
    uint64_t visits_ = 0;
    uint64_t bytes_ = 0;
};

}  // namespace kv::server

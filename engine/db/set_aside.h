// SetAside: the tables that compaction leaves out of its plans because it could not read them, and
// why.
//
// A damaged table is left out for good. One that the disk did not give may be there again: it is
// read after a while, and after twice as long each time that fails.
// Thread rule: the caller's lock; the Compactor's.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "compaction/picker.h"
#include "kv/status.h"

namespace kv::db {

class SetAside {
  public:
    static constexpr uint64_t kFirstMs = 1000;
    /// The longest while of a table that could be opened and not read: it is read to its end.
    static constexpr uint64_t kLongestMs = 256'000;
    /// The same of one that could not even be opened: that costs little to find out, and may tell
    /// more of the process (too many open files) than of the table.
    static constexpr uint64_t kLongestUnopenedMs = 8000;

    void add_for_good(uint64_t number, const Status& why);
    /// How long it is, in milliseconds; UINT64_MAX for a damaged one.
    uint64_t add_for_a_while(uint64_t number, const Status& why, uint64_t longest_ms);
    void forget(uint64_t number) { tables_.erase(number); }

    bool empty() const { return tables_.empty(); }
    bool has(uint64_t number) const { return tables_.count(number) != 0; }
    std::set<uint64_t> all() const;
    std::set<uint64_t> damaged() const;
    /// Why one of them is here, damage first; ok when there is none.
    Status why() const;

  private:
    struct Entry {
        Status why;
        uint64_t while_ms = 0;  // UINT64_MAX: for good
    };
    std::map<uint64_t, Entry> tables_;
};

/// The inputs of `plan` whose file is named in what `status` says.
std::vector<FileMetaPtr> inputs_named(const CompactionPlan& plan, const Status& status);

}  // namespace kv::db

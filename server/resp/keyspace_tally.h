// KeyspaceTally: what one run of a script has done in each numbered keyspace, kept until it is
// known that the run counts: a script is run anew when a block was missing. Thread rule: one thread
// at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "kv/keyspace_catalog.h"

namespace kv::server {

class KeyspaceTally {
  public:
    void count_read(const Keyspace& space, bool found) {
        Counts& counts = of(space);
        ++counts.reads;
        counts.hits += found ? 1 : 0;
    }
    void count_put(const Keyspace& space) { ++of(space).puts; }
    void count_delete(const Keyspace& space) { ++of(space).deletes; }

    /// Adds it all to the counters of `catalog`.
    void pass_on(const KeyspaceCatalog& catalog) const {
        for (uint32_t number = 0; number < counts_.size(); ++number) {
            const Counts& counts = counts_[number];
            if (counts.reads != 0) catalog.numbered(number)->count_reads(counts.reads, counts.hits);
            if ((counts.puts | counts.deletes) != 0)
                catalog.numbered(number)->count_writes(counts.puts, counts.deletes);
        }
    }

  private:
    struct Counts {
        uint64_t reads = 0, hits = 0, puts = 0, deletes = 0;
    };
    Counts& of(const Keyspace& space) { return counts_.at(space.id()); }

    std::array<Counts, KeyspaceCatalog::kNumbered> counts_;
};

}  // namespace kv::server

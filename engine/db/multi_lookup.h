// MultiLookup: the look-up of many keys in one view. Each key goes its own way through the sources,
// by the same steps and judgement as lookup(); where it needs a block that is not in memory it
// waits, and what all of them wait for is read together.
// Thread rule: one object a call.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "db/key_search.h"
#include "sstable/part_reads.h"

namespace kv::db {

class MultiLookup {
  public:
    /// Called once for each key, in no particular order, with its place in the list and what
    /// lookup() would have given; `found` lives until it returns.
    using Answer = std::function<void(size_t index, const Status& status, const Found& found)>;

    MultiLookup(const ReadView& view, TableCache& tables, Seqno seqno, const ReadTime& now,
                const ReadMode& mode, Answer answer);
    ~MultiLookup();

    void run(const std::vector<Bytes>& keys);

  private:
    struct Walk;
    /// The part of a kind that was last looked for in the cache: neighbours ask for it again.
    struct LastPart {
        const TableReader* table = nullptr;
        uint64_t offset = 0;
        BlockRef part;  // empty: not in the cache
    };

    void start(size_t index, Bytes key);
    bool ask_memtables(Walk& walk) const;
    bool go_on(Walk& walk);
    bool search_table(Walk& walk);
    BlockRef find_part(const TableReader& table, const TablePart& part);
    void read_round();

    const ReadView& view_;
    TableCache& tables_;
    const Seqno seqno_;
    const ReadTime now_;
    const ReadMode mode_;
    const Answer answer_;
    std::vector<std::unique_ptr<Walk>> waiting_;
    std::array<LastPart, TablePart::kKinds> last_parts_;
};

}  // namespace kv::db

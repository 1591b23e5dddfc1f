// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/part_reads.h"

#include <cstring>
#include <utility>
#include <vector>

namespace kv {

namespace {

// A longer read gains nothing, and all of it is copied once more.
constexpr size_t kLargestRunBytes = 256U << 10;

/// Parts that lie end to end in one file.
struct Run {
    std::span<PartRead> parts;
    size_t bytes = 0;
    BlockRef stored;

    bool is_followed_by(const PartRead& next) const {
        const PartRead& last = parts.back();
        return last.table == next.table && last.part.handle.end() == next.part.handle.offset &&
               bytes + next.part.stored_bytes() <= kLargestRunBytes;
    }
};

std::vector<Run> to_runs(std::span<PartRead> reads) {
    std::vector<Run> runs;
    for (size_t i = 0; i < reads.size(); ++i) {
        if (runs.empty() || !runs.back().is_followed_by(reads[i])) {
            runs.push_back({reads.subspan(i, 1), 0, {}});
        } else {
            Run& run = runs.back();
            run.parts = {run.parts.data(), run.parts.size() + 1};
        }
        runs.back().bytes += reads[i].part.stored_bytes();
    }
    return runs;
}

void admit(Run& run, const Result<size_t>& got, const ReadMode& mode) {
    PartRead& first = run.parts.front();
    const uint64_t begin = first.part.handle.offset;
    const Status status = first.table->check_read(begin, run.bytes, got);
    if (run.parts.size() == 1) {
        first.got = status.is_ok()
                        ? first.table->admit_part(first.part, std::move(run.stored), mode)
                        : status;
        return;
    }
    for (PartRead& read : run.parts) {
        if (!status.is_ok()) {
            // Which of them is to blame shows when each is read alone.
            read.got = read.table->read_part(read.part, mode);
            continue;
        }
        BlockRef stored = read.table->allocate_part(read.part.stored_bytes());
        std::memcpy(stored.mutable_data(),
                    run.stored.bytes().data() + (read.part.handle.offset - begin),
                    read.part.stored_bytes());
        read.got = read.table->admit_part(read.part, std::move(stored), mode);
    }
}

}  // namespace

void read_parts_together(FileSystem& fs, std::span<PartRead> reads, const ReadMode& mode) {
    std::vector<Run> runs = to_runs(reads);
    std::vector<ReadRequest> requests(runs.size());
    for (size_t i = 0; i < runs.size(); ++i) {
        Run& run = runs[i];
        const PartRead& first = run.parts.front();
        run.stored = run.parts.size() == 1 ? first.table->allocate_part(run.bytes)
                                           : BlockRef::allocate(run.bytes);
        requests[i].file = &first.table->file();
        requests[i].offset = first.part.handle.offset;
        requests[i].length = run.bytes;
        requests[i].scratch = run.stored.mutable_data();
    }
    fs.read_together(requests);
    for (size_t i = 0; i < runs.size(); ++i) admit(runs[i], requests[i].got, mode);
}

}  // namespace kv

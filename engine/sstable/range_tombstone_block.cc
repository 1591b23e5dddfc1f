// Range tombstones to and from bytes.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/range_tombstone_block.h"

#include <algorithm>
#include <tuple>

#include "base/coding.h"
#include "record/internal_key.h"

namespace kv::sstable {

namespace {

bool is_before(const RangeTombstone& a, const RangeTombstone& b) {
    return std::tie(a.begin, a.end, b.seqno) < std::tie(b.begin, b.end, a.seqno);
}

}  // namespace

const char* range_tombstone_problem(const RangeTombstone& tombstone) {
    if (tombstone.begin >= tombstone.end) return "it ends before it begins";
    // The end may lie just behind the largest key there can be, which takes one more byte.
    if (tombstone.begin.size() > kMaxKeyBytes || tombstone.end.size() > kMaxKeyBytes + 1)
        return "a key is too long";
    if (tombstone.seqno == 0 || tombstone.seqno > kMaxSeqno) return "no such seqno";
    return nullptr;
}

std::string encode_range_tombstones(std::vector<RangeTombstone>& tombstones) {
    std::sort(tombstones.begin(), tombstones.end(), is_before);
    tombstones.erase(std::unique(tombstones.begin(), tombstones.end()), tombstones.end());
    std::string content;
    for (const RangeTombstone& tombstone : tombstones) {
        put_length_prefixed(content, tombstone.begin);
        put_length_prefixed(content, tombstone.end);
        put_varint64(content, tombstone.seqno);
    }
    return content;
}

Status decode_range_tombstones(Bytes content, std::vector<RangeTombstone>& out) {
    for (ByteReader reader(content); !reader.at_end();) {
        Bytes begin, end;
        RangeTombstone tombstone;
        if (!reader.read_length_prefixed(begin) || !reader.read_length_prefixed(end) ||
            !reader.read_varint64(tombstone.seqno))
            return Status::corruption("range tombstones: cut short");
        tombstone.begin.assign(begin);
        tombstone.end.assign(end);
        const char* problem = range_tombstone_problem(tombstone);
        if (problem == nullptr && !out.empty() && !is_before(out.back(), tombstone))
            problem = "it is out of order";
        if (problem != nullptr)
            return Status::corruption("range tombstone " + std::to_string(out.size()) + ": " +
                                      problem);
        out.push_back(std::move(tombstone));
    }
    if (out.empty()) return Status::corruption("range tombstones: none in their block");
    return Status::ok();
}

void count_range_tombstones(const std::vector<RangeTombstone>& tombstones,
                            TableProperties& properties) {
    TableProperties& p = properties;
    p.range_tombstones = tombstones.size();
    for (const RangeTombstone& tombstone : tombstones) {
        const std::string first =
            make_internal_key(tombstone.begin, tombstone.seqno, Kind::kRangeDelete);
        const std::string last = make_exclusive_bound(tombstone.end);
        if (p.smallest.empty() || compare_internal_keys(first, p.smallest) < 0) p.smallest = first;
        if (p.largest.empty() || compare_internal_keys(last, p.largest) > 0) p.largest = last;
        if (p.largest_seqno == 0) p.smallest_seqno = tombstone.seqno;  // the first of all
        p.smallest_seqno = std::min(p.smallest_seqno, tombstone.seqno);
        p.largest_seqno = std::max(p.largest_seqno, tombstone.seqno);
    }
}

}  // namespace kv::sstable

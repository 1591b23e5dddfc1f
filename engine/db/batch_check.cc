// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/batch_check.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <utility>

#include "record/batch_format.h"

namespace kv::db {

namespace {

Status conflict(const Precondition& precondition, const Found& found, std::string_view wanted) {
    const std::string_view there = found.live ? "an entry" : found.any ? "a deletion" : "nothing";
    std::string message = "key \"" + escape_bytes(precondition.key, 64) + "\": expected ";
    message.append(wanted).append(", found ").append(there);
    if (found.any) message += " of seqno " + std::to_string(found.seqno);
    return {Code::kConflict, std::move(message), found.seqno};
}

Status check(const Precondition& precondition, const Found& found, Seqno forgotten) {
    switch (precondition.kind) {
        case Precondition::Kind::kAbsent:
            return found.live ? conflict(precondition, found, "no entry") : Status::ok();
        case Precondition::Kind::kPresent:
            return found.live ? Status::ok() : conflict(precondition, found, "an entry");
        case Precondition::Kind::kValueEquals:
            return found.live && found.value == precondition.value
                       ? Status::ok()
                       : conflict(precondition, found, "another value");
        case Precondition::Kind::kSeqnoEquals:
            return found.live && found.seqno == precondition.seqno
                       ? Status::ok()
                       : conflict(precondition, found,
                                  "the entry of seqno " + std::to_string(precondition.seqno));
        case Precondition::Kind::kStillAbsent:
            return !found.any || found.seqno <= precondition.seqno
                       ? Status::ok()
                       : conflict(precondition, found,
                                  "nothing since seqno " + std::to_string(precondition.seqno));
        case Precondition::Kind::kNotNewer:
            if (!found.any && precondition.seqno < forgotten) {
                return {Code::kConflict,
                        "key \"" + escape_bytes(precondition.key, 64) +
                            "\": it may have been deleted since seqno " +
                            std::to_string(precondition.seqno) + ", deletions up to " +
                            std::to_string(forgotten) +
                            " have been compacted away; read again and retry",
                        forgotten};
            }
            return !found.any || found.seqno <= precondition.seqno
                       ? Status::ok()
                       : conflict(precondition, found,
                                  "nothing newer than seqno " + std::to_string(precondition.seqno));
    }
    return Status::invalid_argument("unknown kind of precondition");
}

/// What a key holds in the middle of a batch.
struct Current {
    bool live = false;
    std::string value;
    uint64_t expiry_ms = 0;
};

/// What the earlier mutations of a batch make of keys, on top of what is stored.
class InBatch {
  public:
    InBatch(uint64_t now_ms, const NewestLookup& newest) : now_ms_(now_ms), newest_(newest) {}

    void apply(const Op& op) {
        if (op.is_range_delete()) {
            keys_.erase(keys_.lower_bound(op.key), keys_.lower_bound(op.value));
            empty(std::string(op.key), std::string(op.value));
            return;
        }
        const bool live =
            op.internal_kind() != Kind::kDelete && (op.expiry_ms == 0 || op.expiry_ms > now_ms_);
        keys_[op.key] = {live, std::string(op.value), op.expiry_ms};
    }

    /// What `key` holds at this point; empty unless live. The look-up's errors.
    Status current(Bytes key, Current*& current) {
        auto at = keys_.find(key);
        if (at == keys_.end()) {
            at = keys_.emplace(key, Current{}).first;
            if (!is_emptied(key)) {
                Found found;
                KV_RETURN_IF_ERROR(newest_(key, kMaxSeqno, found));
                if (found.live) at->second = {true, std::string(found.value), found.expiry_ms};
            }
        }
        current = &at->second;
        if (!current->live) *current = {};
        return Status::ok();
    }

  private:
    void empty(std::string begin, std::string end) {
        if (begin >= end) return;
        auto at = emptied_.upper_bound(begin);
        if (at != emptied_.begin() && std::prev(at)->second >= begin) {
            --at;
            begin = at->first;
        }
        while (at != emptied_.end() && at->first <= end) {
            end = std::max(end, at->second);
            at = emptied_.erase(at);
        }
        emptied_.emplace_hint(at, std::move(begin), std::move(end));
    }
    bool is_emptied(Bytes key) const {
        const auto behind = emptied_.upper_bound(key);
        return behind != emptied_.begin() && key < std::prev(behind)->second;
    }

    const uint64_t now_ms_;
    const NewestLookup& newest_;
    std::map<Bytes, Current> keys_;  // changed so far, or read
    /// What range deletes have emptied: begin and end of stretches that do not touch each other.
    std::map<std::string, std::string, std::less<>> emptied_;
};

/// A short bound behind every key up to `largest`.
std::string end_behind(Bytes largest) {
    // No key is that long: it is such a bound itself, of a range delete in a table.
    if (largest.size() > kMaxKeyBytes) return std::string(largest);
    std::string end = prefix_successor(largest);
    return end.empty() ? std::string(largest) + '\0' : end;
}

Status add(Bytes key, const Current& current, int64_t by, int64_t& sum) {
    int64_t before = 0;
    if (current.live) {
        const char* end = current.value.data() + current.value.size();
        const auto parsed = std::from_chars(current.value.data(), end, before);
        if (parsed.ec != std::errc() || parsed.ptr != end) {
            return Status::invalid_argument("increment of \"" + escape_bytes(key, 64) +
                                            "\": the value \"" + escape_bytes(current.value, 32) +
                                            "\" is not a signed 64-bit decimal integer");
        }
    }
    if (__builtin_add_overflow(before, by, &sum)) {
        return Status::invalid_argument("increment of \"" + escape_bytes(key, 64) +
                                        "\": " + std::to_string(before) + " + " +
                                        std::to_string(by) + " overflows a signed 64-bit integer");
    }
    return Status::ok();
}

}  // namespace

Status check_preconditions(const std::vector<Precondition>& preconditions,
                           const std::atomic<Seqno>& forgotten, const NewestLookup& newest) {
    for (const Precondition& precondition : preconditions) {
        Found found;
        KV_RETURN_IF_ERROR(newest(precondition.key, kMaxSeqno, found));
        // What the range delete found. Compaction may have forgotten it: then it is absent again.
        while (precondition.kind == Precondition::Kind::kStillAbsent && found.by_range &&
               found.seqno > precondition.seqno) {
            const Seqno before = found.seqno - 1;
            found = Found();
            KV_RETURN_IF_ERROR(newest(precondition.key, before, found));
        }
        // Read after the look-up: a view that has forgotten comes with the mark.
        KV_RETURN_IF_ERROR(check(precondition, found, forgotten.load(std::memory_order_acquire)));
    }
    return Status::ok();
}

Status resolve_ops(const WriteBatch& batch, uint64_t now_ms, const NewestLookup& newest,
                   Bytes largest_key, std::string& ops, std::vector<int64_t>& counters) {
    InBatch earlier(now_ms, newest);
    BatchReader reader(batch.encoded());
    for (Op op; reader.next(op);) {
        std::string scratch;
        if (op.is_increment()) {
            Current* current = nullptr;
            KV_RETURN_IF_ERROR(earlier.current(op.key, current));
            KV_RETURN_IF_ERROR(add(op.key, *current, op.by, counters.emplace_back()));
            current->live = true;
            current->value = std::to_string(counters.back());
            op.kind =
                static_cast<uint8_t>(current->expiry_ms != 0 ? Kind::kPutWithExpiry : Kind::kPut);
            op.value = current->value;
            op.expiry_ms = current->expiry_ms;
        } else {
            if (op.kind == kRangeDeleteToEndOp) {
                scratch = end_behind(std::max(largest_key, op.key));
                op.kind = static_cast<uint8_t>(Kind::kRangeDelete);
                op.value = scratch;
            }
            earlier.apply(op);
        }
        if (!op.is_range_delete()) largest_key = std::max(largest_key, op.key);
        append_op(ops, op);
        if (ops.size() > kMaxResolvedBytes) {
            return Status::invalid_argument(
                "batch comes to more than " + std::to_string(kMaxResolvedBytes) +
                " bytes once its range deletes without an end have got one and its increments are "
                "worked out; split it");
        }
    }
    return reader.status();
}

}  // namespace kv::db

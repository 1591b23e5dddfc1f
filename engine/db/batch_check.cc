// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/batch_check.h"

#include <charconv>
#include <map>

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
        KV_RETURN_IF_ERROR(newest(precondition.key, found));
        // Read after the look-up: a view that has forgotten comes with the mark.
        KV_RETURN_IF_ERROR(check(precondition, found, forgotten.load(std::memory_order_acquire)));
    }
    return Status::ok();
}

Status resolve_increments(const WriteBatch& batch, uint64_t now_ms, const NewestLookup& newest,
                          std::string& ops, std::vector<int64_t>& counters) {
    std::map<Bytes, Current> changed;  // by earlier mutations of this batch, or read for them
    BatchReader reader(batch.encoded());
    for (Op op; reader.next(op);) {
        if (!op.is_increment()) {
            const bool live =
                op.internal_kind() != Kind::kDelete && (op.expiry_ms == 0 || op.expiry_ms > now_ms);
            changed[op.key] = {live, std::string(op.value), op.expiry_ms};
            append_op(ops, op);
            continue;
        }
        auto at = changed.find(op.key);
        if (at == changed.end()) {
            Found found;
            KV_RETURN_IF_ERROR(newest(op.key, found));
            at = changed.emplace(op.key, Current{found.live, std::string(found.value), 0}).first;
            if (found.live) at->second.expiry_ms = found.expiry_ms;
        }
        Current& current = at->second;
        if (!current.live) current = {};
        KV_RETURN_IF_ERROR(add(op.key, current, op.by, counters.emplace_back()));
        current.live = true;
        current.value = std::to_string(counters.back());
        op.kind = static_cast<uint8_t>(current.expiry_ms != 0 ? Kind::kPutWithExpiry : Kind::kPut);
        op.value = current.value;
        op.expiry_ms = current.expiry_ms;
        append_op(ops, op);
    }
    return reader.status();
}

}  // namespace kv::db

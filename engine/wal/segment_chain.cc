// Following the chain of segment headers: wal/segment_chain.h.
// SPDX-License-Identifier: Apache-2.0
#include "wal/segment_chain.h"

#include <cinttypes>
#include <cstdio>

#include "record/damage_advice.h"
#include "record/file_names.h"
#include "record/log_record_reader.h"

namespace kv::wal {

namespace {

std::string hex_id(uint64_t id) {
    char text[17];
    std::snprintf(text, sizeof text, "%016" PRIx64, id);
    return text;
}

Status broken(const std::string& path, const std::string& what) {
    return Status::corruption(path + ": " + what + kStoreAdvice);
}

/// The record at offset 0, so to say, is bad: the torn-tail rule decides.
Status judge_missing_header(const ChainLink& link) {
    KV_ASSIGN_OR_RETURN(const uint64_t size, link.file->size());
    Result<LogEvidence> evidence =
        find_log_evidence(*link.file, link.number, 0, kSegmentHeaderBytes, size);
    if (!evidence.is_ok()) return evidence.status().with_context(link.path);
    if (!evidence->found) return Status::ok();
    return broken(link.path,
                  "damaged segment header at offset 0; it was durable once, because the "
                  "valid record at offset " +
                      std::to_string(evidence->offset) +
                      " was written after a sync; at stake are the mutations up to seqno " +
                      std::to_string(evidence->record.first_seqno));
}

Status check_header(const ChainLink& link, uint64_t database_id) {
    const SegmentHeader& header = link.header;
    const SegmentEnd& previous = header.previous;
    if (header.version > kSegmentFormatVersion) {
        return {Code::kUnsupported,
                link.path + ": log format version " + std::to_string(header.version) +
                    "; this program reads up to version " + std::to_string(kSegmentFormatVersion) +
                    "; use the newer program that wrote it"};
    }
    if (header.database_id != database_id) {
        return broken(link.path, "belongs to database " + hex_id(header.database_id) +
                                     ", this directory holds database " + hex_id(database_id));
    }
    if (header.number != link.number || previous.number + 1 != link.number) {
        return broken(link.path, "header is of segment " + std::to_string(header.number) +
                                     " after segment " + std::to_string(previous.number));
    }
    const bool is_possible = previous.length == 0 || previous.length >= kSegmentHeaderBytes;
    if (!is_possible || header.previous_unsynced > previous.length) {
        return broken(link.path, "names an impossible length of " +
                                     std::to_string(previous.length) + " for segment " +
                                     std::to_string(previous.number) + ", " +
                                     std::to_string(header.previous_unsynced) +
                                     " bytes of it not yet durable");
    }
    return Status::ok();
}

/// What the chain says about the segment before `link`. `trailing`: no later segment was used.
Result<Vouched> vouch_for_previous(const ChainLink& link, bool trailing) {
    if (link.used) {
        const SegmentHeader& header = link.header;
        // A segment begins only once at most the one before it is not durable to its end.
        return Vouched{header.previous.length, header.previous.last_seqno,
                       header.previous_unsynced == 0 || !trailing,
                       header.previous_durable_length()};
    }
    if (trailing) return Vouched{};
    // Its first sync failed, and the store went on in a fresh segment, saying so. Everything before
    // was sealed, so the last seqno there pins it down.
    const bool may_be_unused = link.vouched.last_seqno && link.vouched.length.value_or(0) == 0;
    if (!may_be_unused) {
        return broken(link.path, "has no valid segment header, though later segments follow it");
    }
    return Vouched{std::nullopt, link.vouched.last_seqno, true, 0};
}

}  // namespace

Result<ChainLink> open_segment(FileSystem& fs, const std::string& dir, uint64_t number,
                               uint64_t database_id) {
    ChainLink link;
    link.number = number;
    link.path = join_path(dir, log_segment_name(number));
    KV_ASSIGN_OR_RETURN(link.file, fs.open(link.path));
    char bytes[kSegmentHeaderBytes];
    KV_ASSIGN_OR_RETURN(const size_t got, link.file->read_at(0, sizeof bytes, bytes));
    if (decode_segment_header(Bytes(bytes, got), number, link.header) != HeaderState::kValid) {
        KV_RETURN_IF_ERROR(judge_missing_header(link));
        return link;
    }
    KV_RETURN_IF_ERROR(check_header(link, database_id));
    link.used = true;
    return link;
}

Result<std::vector<ChainLink>> read_chain(FileSystem& fs, const std::string& dir, uint64_t oldest,
                                          uint64_t last_created, uint64_t database_id) {
    std::vector<ChainLink> chain;
    for (uint64_t number = oldest; number <= last_created; ++number) {
        Result<ChainLink> link = open_segment(fs, dir, number, database_id);
        if (link.status().is(Code::kNotFound)) {
            return broken(join_path(dir, log_segment_name(number)),
                          "log segment is missing; the MANIFEST needs segments " +
                              std::to_string(oldest) + " to " + std::to_string(last_created));
        }
        KV_RETURN_IF_ERROR(link.status());
        chain.push_back(std::move(*link));
    }
    bool trailing = true;
    for (size_t i = chain.size(); i-- > 0;) {
        KV_ASSIGN_OR_RETURN(const Vouched vouched, vouch_for_previous(chain[i], trailing));
        if (i > 0) chain[i - 1].vouched = vouched;
        if (chain[i].used) trailing = false;
    }
    return chain;
}

Status check_unproven_end(const ChainLink& link, uint64_t end, const ChainLink& next) {
    const std::string loss = "no valid record at offset " + std::to_string(end) +
                             ", but the log was once durable beyond: ";
    if (end < link.vouched.durable_length) {
        return broken(link.path, loss + "the next segment's header says up to offset " +
                                     std::to_string(link.vouched.durable_length));
    }
    KV_ASSIGN_OR_RETURN(const uint64_t size, next.file->size());
    Result<LogEvidence> evidence =
        find_log_evidence(*next.file, next.number, 0, kSegmentHeaderBytes, size);
    if (!evidence.is_ok()) return evidence.status().with_context(next.path);
    if (!evidence->found) return Status::ok();
    return broken(link.path, loss + "the record at offset " + std::to_string(evidence->offset) +
                                 " of the next segment was written after a sync; at stake are the "
                                 "mutations before seqno " +
                                 std::to_string(evidence->record.first_seqno));
}

}  // namespace kv::wal

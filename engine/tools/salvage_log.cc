// Valid records of the log, those behind damage included: see salvage.h.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "record/batch_format.h"
#include "record/file_names.h"
#include "record/log_record.h"
#include "tools/salvage.h"
#include "wal/segment_format.h"

namespace kv::tools {

namespace {

class LogSalvager {
  public:
    LogSalvager(FileSystem& fs, const std::string& dir, const std::vector<uint64_t>& numbers,
                const ManifestCounters* counters, const OpsCallback& on_batch)
        : fs_(fs), dir_(dir), numbers_(numbers), counters_(counters), on_batch_(on_batch) {
        if (counters_ != nullptr) flushed_ = counters_->flushed_seqno;
        result_.last_seqno = flushed_;
    }

    Result<LogSalvage> run() {
        for (size_t i = 0; i < numbers_.size(); ++i) {
            const uint64_t number = numbers_[i];
            if (counters_ != nullptr && number < counters_->oldest_segment) continue;
            const std::optional<Ending> ending = ending_of(i);
            KV_RETURN_IF_ERROR(read_segment(number, ending, next_has_begun(i)));
            if (!ends_early_) continue;
            ends_early_ = false;
            result_.notes.push_back(log_segment_name(numbers_[++i]) +
                                    ": begun before that was durable; dropped with it");
        }
        if (counters_ != nullptr) note_missing_segments();
        return std::move(result_);
    }

  private:
    /// What the next segment's header says about the end of one.
    struct Ending {
        wal::SegmentEnd end;
        bool is_proven = true;  // something shows that it was durable to there
        uint64_t durable_length = 0;
    };

    /// The header of the segment behind `position` in numbers_; kZero when there is none.
    wal::HeaderState next_header(size_t position, wal::SegmentHeader& header) const {
        if (position + 1 >= numbers_.size()) return wal::HeaderState::kZero;
        const auto file = fs_.open(segment_path(numbers_[position + 1]));
        if (!file) return wal::HeaderState::kZero;
        char bytes[wal::kSegmentHeaderBytes];
        const auto got = (*file)->read_at(0, sizeof bytes, bytes);
        if (!got) return wal::HeaderState::kZero;
        return wal::decode_segment_header(Bytes(bytes, *got), numbers_[position + 1], header);
    }

    /// nullopt: the next segment's header says nothing.
    std::optional<Ending> ending_of(size_t position) const {
        wal::SegmentHeader header;
        if (next_header(position, header) != wal::HeaderState::kValid || is_foreign(header) ||
            header.previous.number != numbers_[position]) {
            return std::nullopt;
        }
        return Ending{header.previous,
                      header.previous_unsynced == 0 || has_been_synced(position + 1),
                      header.previous_durable_length()};
    }

    /// A segment is synced, and followed by another one, only after the one before it was.
    bool has_been_synced(size_t position) const {
        const uint64_t number = numbers_[position];
        wal::SegmentHeader later;
        if (next_header(position, later) == wal::HeaderState::kValid && !is_foreign(later))
            return true;
        const auto image = read_image(fs_, segment_path(number));
        if (!image) return false;
        const size_t size = image->bytes.size();
        return durable_end(image->bytes, number, wal::kSegmentHeaderBytes, size) != 0;
    }

    /// Even a damaged header there shows that this segment was made durable to its end before.
    bool next_has_begun(size_t position) const {
        wal::SegmentHeader header;
        return next_header(position, header) != wal::HeaderState::kZero;
    }

    /// The MANIFEST says whose segments these are; without it the first of them does.
    bool is_foreign(const wal::SegmentHeader& header) const {
        const uint64_t expected = counters_ != nullptr && counters_->database_id != 0
                                      ? counters_->database_id
                                      : result_.database_id;
        return expected != 0 && header.database_id != expected;
    }

    std::string segment_path(uint64_t number) const {
        return join_path(dir_, log_segment_name(number));
    }

    Status read_segment(uint64_t number, const std::optional<Ending>& ending, bool sealed) {
        file_ = log_segment_name(number);
        const auto image = read_image(fs_, segment_path(number));
        if (!image) {
            lose(0, 0, std::string(image.error().message()));
            return Status::ok();
        }
        const Bytes bytes = image->bytes;
        wal::SegmentHeader header;
        const bool has_header =
            wal::decode_segment_header(bytes.substr(0, wal::kSegmentHeaderBytes), number, header) ==
            wal::HeaderState::kValid;
        if (has_header && is_foreign(header)) {
            lose(0, 0, "belongs to another database");
            return Status::ok();
        }
        if (has_header) result_.database_id = header.database_id;
        uint64_t end = bytes.size();
        // Bytes behind the length that the next header names do not count: they were in doubt.
        if (ending && ending->end.length == 0) return Status::ok();
        if (ending) end = std::min<uint64_t>(end, ending->end.length);
        const uint64_t proven_length = ending && !ending->is_proven ? ending->durable_length : 0;
        sealed = sealed && (!ending || ending->is_proven);
        uint64_t good_end = wal::kSegmentHeaderBytes;
        bool any = false;
        for (uint64_t offset = good_end; offset + kLogRecordHeaderBytes <= end;) {
            LogRecord record;
            if (!record_at(bytes, number, offset, end, record)) {
                offset += kLogRecordAlignment;
                continue;
            }
            if (offset > good_end) {
                if (!sealed &&
                    std::max(proven_length, durable_end(bytes, number, offset, end)) <= good_end) {
                    break;
                }
                lose(good_end, offset - good_end, "damaged records");
            }
            offset += log_record_size(record.payload.size());
            good_end = offset;
            any = true;
            KV_RETURN_IF_ERROR(take(record));
        }
        if (any && !has_header) lose(0, wal::kSegmentHeaderBytes, "the header is damaged");
        result_.segments += any || has_header ? 1 : 0;
        judge_end(bytes, good_end, ending);
        return Status::ok();
    }

    /// How far the segment is known to have been durable, by its valid records from `offset` on.
    /// What stands in front of that and is unreadable was damaged; behind it, it was never synced,
    /// and neither was what follows it: recovery cuts there, and what it cuts was not acknowledged.
    static uint64_t durable_end(Bytes bytes, uint64_t number, uint64_t offset, uint64_t end) {
        uint64_t durable = 0;
        while (offset + kLogRecordHeaderBytes <= end) {
            LogRecord record;
            const bool valid = record_at(bytes, number, offset, end, record);
            if (valid) durable = std::max(durable, record.synced_offset);
            offset += valid ? log_record_size(record.payload.size()) : kLogRecordAlignment;
        }
        return durable;
    }

    static bool record_at(Bytes bytes, uint64_t number, uint64_t offset, uint64_t end,
                          LogRecord& record) {
        uint32_t payload = 0;
        if (!log_header_is_plausible(bytes.data() + offset, number, offset, end, payload)) {
            return false;
        }
        const size_t size = log_record_size(payload);
        return offset + size <= end &&
               parse_log_record(bytes.substr(offset, size), offset, record) &&
               record.type == LogRecordType::kCommitGroup;
    }

    Status take(const LogRecord& record) {
        Seqno seqno = record.first_seqno;
        GroupReader group(record.payload);
        uint32_t count = 0;
        Bytes ops;
        while (group.next(count, ops)) {
            if (!check_logged_ops(count, ops).is_ok()) {
                lose(0, 0, "a batch of seqno " + std::to_string(seqno) + " does not parse");
                return Status::ok();
            }
            const Seqno first = seqno;
            seqno += count;
            // In tables already, or written again into this segment after a failed sync.
            if (seqno - 1 <= result_.last_seqno) continue;
            note_gap(first);
            result_.last_seqno = seqno - 1;
            ++result_.batches;
            KV_RETURN_IF_ERROR(on_batch_(first, ops));
        }
        if (!group.status().is_ok()) {
            lose(0, 0,
                 "a commit group does not parse from seqno " + std::to_string(seqno) +
                     " on: " + std::string(group.status().message()));
        }
        return Status::ok();
    }

    /// Seqnos are given out without gaps, so a gap is what was lost.
    void note_gap(Seqno first) {
        const bool begun = result_.batches > 0 || counters_ != nullptr;
        if (!begun || first <= result_.last_seqno + 1) return;
        Loss& loss = last_loss();
        loss.first_seqno = result_.last_seqno + 1;
        loss.last_seqno = first - 1;
        loss.entries = loss.last_seqno - loss.first_seqno + 1;
    }

    /// The damage that a gap comes from; if none was seen, a segment is missing.
    Loss& last_loss() {
        if (!result_.losses.empty() && result_.losses.back().first_seqno == 0) {
            return result_.losses.back();
        }
        lose(0, 0, "the records before this segment's first are in no segment that is here");
        return result_.losses.back();
    }

    void judge_end(Bytes bytes, uint64_t good_end, const std::optional<Ending>& ending) {
        if (ending) {
            const wal::SegmentEnd& end = ending->end;
            if (good_end >= end.length) return;
            if (!ending->is_proven && good_end >= ending->durable_length) {
                note_torn(good_end, end.length - good_end);
                ends_early_ = true;
                return;
            }
            lose(good_end, end.length - good_end,
                 "the next segment proves that this one was longer");
            if (end.last_seqno > result_.last_seqno) {
                result_.losses.back().first_seqno = result_.last_seqno + 1;
                result_.losses.back().last_seqno = end.last_seqno;
                result_.losses.back().entries = end.last_seqno - result_.last_seqno;
                result_.last_seqno = end.last_seqno;
            }
            return;
        }
        const size_t last = bytes.find_last_not_of('\0');
        if (last != Bytes::npos && last >= good_end) note_torn(good_end, last + 1 - good_end);
    }

    void note_torn(uint64_t offset, uint64_t bytes) {
        result_.notes.push_back(file_ + ": torn tail of " + std::to_string(bytes) +
                                " bytes at offset " + std::to_string(offset) +
                                ", nothing proves that it was acknowledged");
    }

    void note_missing_segments() {
        for (uint64_t number = counters_->oldest_segment; number <= counters_->last_created_segment;
             ++number) {
            if (std::binary_search(numbers_.begin(), numbers_.end(), number)) continue;
            file_ = log_segment_name(number);
            lose(0, 0, "the segment is missing");
        }
    }

    void lose(uint64_t offset, uint64_t bytes, std::string what) {
        Loss loss;
        loss.file = file_;
        loss.offset = offset;
        loss.bytes = bytes;
        loss.what = std::move(what);
        result_.losses.push_back(std::move(loss));
    }

    FileSystem& fs_;
    const std::string& dir_;
    const std::vector<uint64_t>& numbers_;
    const ManifestCounters* const counters_;
    const OpsCallback& on_batch_;
    Seqno flushed_ = 0;
    std::string file_;         // being read
    bool ends_early_ = false;  // it was never durable to the end that the next one names
    LogSalvage result_;
};

}  // namespace

Result<LogSalvage> salvage_log(FileSystem& fs, const std::string& dir,
                               const std::vector<uint64_t>& numbers,
                               const ManifestCounters* counters, const OpsCallback& on_batch) {
    return LogSalvager(fs, dir, numbers, counters, on_batch).run();
}

}  // namespace kv::tools

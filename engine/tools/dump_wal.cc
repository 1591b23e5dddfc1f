// kvtool wal: see dump.h.
// SPDX-License-Identifier: Apache-2.0
#include <ostream>

#include "base/coding.h"
#include "record/batch_format.h"
#include "record/log_record_reader.h"
#include "tools/dump.h"
#include "tools/json_bytes.h"
#include "tools/path_parts.h"
#include "wal/segment_format.h"

namespace kv::tools {

namespace {

class WalDump {
  public:
    WalDump(std::string path, const DumpOptions& options, std::ostream& out)
        : path_(std::move(path)), options_(options), out_(out) {}

    Status run(FileSystem& fs) {
        KV_ASSIGN_OR_RETURN(const auto file, fs.open(path_));
        KV_ASSIGN_OR_RETURN(const bool used, print_header(*file));
        if (!used) return Status::ok();
        LogReaderOptions reading;
        reading.path = path_;
        reading.segment = number_;
        reading.start_offset = wal::kSegmentHeaderBytes;
        LogRecordReader reader(file, std::move(reading));
        LogRecord record;
        for (uint64_t printed = 0;; ++printed) {
            KV_ASSIGN_OR_RETURN(const bool more, reader.next(record));
            if (!more) break;
            if (options_.limit != 0 && printed == options_.limit) return Status::ok();
            KV_RETURN_IF_ERROR(print_record(reader.record_offset(), record));
        }
        print_end(reader.end());
        return Status::ok();
    }

  private:
    /// False for a segment that was prepared and never used.
    Result<bool> print_header(const RandomAccessFile& file) {
        char bytes[wal::kSegmentHeaderBytes];
        KV_ASSIGN_OR_RETURN(const size_t got, file.read_at(0, sizeof bytes, bytes));
        const Bytes header_bytes(bytes, got);
        const FileName name = split_path(path_).parsed;
        number_ = name.number;
        if (name.kind != FileKind::kLogSegment && got == sizeof bytes) {
            number_ = load_fixed64(bytes + wal::kSegmentNumberOffset);
        }
        wal::SegmentHeader header;
        switch (wal::decode_segment_header(header_bytes, number_, header)) {
            case wal::HeaderState::kZero:
                out_ << (options_.json
                             ? Json{{"segment", number_}, {"used", false}}.dump()
                             : "segment " + std::to_string(number_) + ": prepared, never used")
                     << "\n";
                return false;
            case wal::HeaderState::kDamaged:
                return Status::corruption(path_ + " at offset 0: not a segment header of segment " +
                                          std::to_string(number_) +
                                          "; kvtool verify on the data directory tells whether "
                                          "anything durable is lost");
            case wal::HeaderState::kValid:
                break;
        }
        if (header.version > wal::kSegmentFormatVersion) {
            return Status(Code::kUnsupported, path_ + ": log format version " +
                                                  std::to_string(header.version) +
                                                  "; this kvtool reads up to " +
                                                  std::to_string(wal::kSegmentFormatVersion));
        }
        print_header_line(header);
        return true;
    }

    void print_header_line(const wal::SegmentHeader& header) {
        const wal::SegmentEnd& previous = header.previous;
        if (options_.json) {
            Json json{{"segment", header.number},
                      {"used", true},
                      {"format_version", header.version},
                      {"database_id", hex64(header.database_id)}};
            json["previous"] = {{"segment", previous.number},
                                {"length", previous.length},
                                {"durable_length", header.previous_durable_length()},
                                {"last_seqno", previous.last_seqno}};
            out_ << json.dump() << "\n";
            return;
        }
        out_ << "segment " << header.number << ": format " << header.version << ", database "
             << hex64(header.database_id);
        if (previous.number == 0) {
            out_ << ", the first\n";
        } else {
            out_ << ", after segment " << previous.number << " (" << previous.length
                 << " bytes, last seqno " << previous.last_seqno;
            if (header.previous_unsynced != 0) {
                out_ << "; durable up to " << header.previous_durable_length()
                     << " when this one began";
            }
            out_ << ")\n";
        }
    }

    Status print_record(uint64_t offset, const LogRecord& record) {
        if (record.type != LogRecordType::kCommitGroup) {
            return Status(Code::kUnsupported, path_ + " at offset " + std::to_string(offset) +
                                                  ": record type " +
                                                  std::to_string(static_cast<int>(record.type)) +
                                                  ", which this kvtool does not know");
        }
        // The header line names the last seqno, so the payload is walked before it is printed.
        uint64_t batches = 0, count = 0;
        KV_RETURN_IF_ERROR(walk(offset, record, [&](uint32_t ops, Bytes) {
            ++batches;
            count += ops;
            return Status::ok();
        }));
        const Seqno last = record.first_seqno + count - 1;
        if (options_.json) {
            out_ << Json{{"offset", offset},
                         {"epoch", record.epoch},
                         {"first_seqno", record.first_seqno},
                         {"last_seqno", last},
                         {"synced_offset", record.synced_offset},
                         {"payload_bytes", record.payload.size()},
                         {"batches", batches}}
                        .dump()
                 << "\n";
        } else {
            out_ << "offset " << offset << ": commit group, seqnos " << record.first_seqno << " to "
                 << last << ", batches " << batches << ", payload " << record.payload.size()
                 << " bytes, epoch " << record.epoch << ", synced to " << record.synced_offset
                 << "\n";
        }
        if (options_.headers_only) return Status::ok();
        Seqno seqno = record.first_seqno;
        return walk(offset, record,
                    [&](uint32_t, Bytes ops) { return print_ops(offset, ops, seqno); });
    }

    template <class OnBatch>
    Status walk(uint64_t offset, const LogRecord& record, OnBatch&& on_batch) {
        GroupReader group(record.payload);
        uint32_t count;
        Bytes ops;
        while (group.next(count, ops)) KV_RETURN_IF_ERROR(on_batch(count, ops));
        return at(offset, group.status());
    }

    Status print_ops(uint64_t offset, Bytes ops, Seqno& seqno) {
        BatchReader reader(ops);
        for (Op op; reader.next(op); ++seqno) {
            if (op.is_unresolved()) {
                return at(offset, Status::corruption("seqno " + std::to_string(seqno) +
                                                     " is an operation that is never logged"));
            }
            options_.json ? print_op_json(op, seqno) : print_op(op, seqno);
        }
        return at(offset, reader.status());
    }

    void print_op(const Op& op, Seqno seqno) {
        out_ << "  " << seqno << " " << escape_bytes(op.key);
        if (op.internal_kind() == Kind::kDelete) {
            out_ << " †\n";
            return;
        }
        if (op.is_range_delete()) {
            out_ << " .. " << escape_bytes(op.value) << " †\n";
            return;
        }
        out_ << " -> " << escape_bytes(op.value, options_.value_limit);
        if (op.internal_kind() == Kind::kPutWithExpiry) out_ << " (expires " << op.expiry_ms << ")";
        out_ << "\n";
    }

    void print_op_json(const Op& op, Seqno seqno) {
        Json json{{"seqno", seqno}, {"kind", kind_name(op.internal_kind())}};
        set_bytes(json, "key", op.key);
        if (op.internal_kind() == Kind::kPutWithExpiry) json["expiry_ms"] = op.expiry_ms;
        if (op.internal_kind() != Kind::kDelete)
            set_bytes(json, op.is_range_delete() ? "end" : "value", op.value);
        out_ << json.dump() << "\n";
    }

    void print_end(const LogEnd& end) {
        if (options_.json) {
            out_ << Json{{"end", end.offset},
                         {"torn", end.torn},
                         {"bytes_dropped", end.bytes_dropped}}
                        .dump()
                 << "\n";
        } else if (end.torn) {
            out_ << "end at offset " << end.offset << ": torn, the " << end.bytes_dropped
                 << " bytes after it never became a durable record\n";
        } else {
            out_ << "end at offset " << end.offset << "\n";
        }
    }

    Status at(uint64_t offset, const Status& status) const {
        return status.with_context(path_ + ", record at offset " + std::to_string(offset));
    }

    const std::string path_;
    const DumpOptions& options_;
    std::ostream& out_;
    uint64_t number_ = 0;
};

}  // namespace

Status dump_wal(FileSystem& fs, const std::string& path, const DumpOptions& options,
                std::ostream& out) {
    return WalDump(path, options, out).run(fs);
}

}  // namespace kv::tools

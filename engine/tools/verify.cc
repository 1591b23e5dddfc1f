// `kvtool verify`: see verify.h.
// SPDX-License-Identifier: Apache-2.0
#include "tools/verify.h"

#include <map>
#include <memory>
#include <ostream>

#include "sstable/index_cursor.h"
#include "sstable/table_reader.h"
#include "tools/data_directory.h"
#include "tools/json_bytes.h"
#include "version/manifest.h"
#include "wal/recovery.h"

namespace kv::tools {

namespace {

/// The first thing that a table says otherwise than the MANIFEST; null when they agree.
const char* difference(const FileMeta& meta, const TableProperties& table) {
    if (meta.entries != table.entries) return "number of entries";
    if (meta.tombstones != table.tombstones) return "number of tombstones";
    if (meta.range_tombstones != table.range_tombstones) return "number of range deletes";
    if (meta.smallest != table.smallest) return "smallest key";
    if (meta.largest != table.largest) return "largest key";
    if (meta.smallest_seqno != table.smallest_seqno) return "smallest seqno";
    if (meta.largest_seqno != table.largest_seqno) return "largest seqno";
    if (meta.earliest_expiry_ms != table.earliest_expiry_ms) return "earliest expiry";
    return nullptr;
}

class DirectoryVerifier {
  public:
    DirectoryVerifier(FileSystem& fs, std::string dir, const VerifyProgress& progress)
        : fs_(fs), dir_(std::move(dir)), progress_(progress) {}

    Result<VerifyReport> run() {
        KV_ASSIGN_OR_RETURN(files_, list_data_directory(fs_, dir_));
        for (const DirectoryFile& file : files_) {
            if (file.parsed.kind == FileKind::kTable || file.parsed.kind == FileKind::kLogSegment) {
                total_ += file.size_bytes;
            }
        }
        report_.locked = is_locked(dir_);
        if (report_.locked) {
            report_.notes.push_back(
                "a running process owns the directory: what it writes "
                "meanwhile may look like damage; stop it for a firm answer");
        }
        auto manifest = Manifest::open(fs_, dir_, true);
        if (manifest) {
            check_tables(*(*manifest)->current());
            check_log((*manifest)->counters());
            note_leftovers(**manifest);
        } else {
            if (manifest.error().is(Code::kUnsupported)) return manifest.error();
            add_damage("CURRENT or MANIFEST", manifest.error());
            report_.notes.push_back(
                "without a MANIFEST the log's chain and the levels cannot be "
                "checked; every table was checked by itself");
            check_lone_tables();
        }
        return std::move(report_);
    }

  private:
    void add_damage(const std::string& file, const Status& status) {
        report_.damage.push_back({file, status});
    }

    void begin(const std::string& file) const {
        if (progress_) progress_(file, done_, total_);
    }

    void check_tables(const Version& version) {
        for (int level = 0; level < kLevels; ++level) {
            for (const FileMetaPtr& meta : version.files(level)) {
                listed_[meta->number] = meta;
                check_table(meta->number, meta.get());
            }
        }
    }

    void check_lone_tables() {
        for (const DirectoryFile& file : files_) {
            if (file.parsed.kind == FileKind::kTable) check_table(file.parsed.number, nullptr);
        }
    }

    /// `meta` is null when nothing says what the table should be.
    void check_table(uint64_t number, const FileMeta* meta) {
        const std::string name = table_file_name(number);
        begin(name);
        TableExpectation expected;
        if (meta != nullptr) expected = {meta->size_bytes, meta->checksum};
        auto table = TableReader::open(fs_, join_path(dir_, name), number, nullptr, expected);
        ++report_.tables;
        if (!table) {
            const Status& why = table.error();
            add_damage(name, why.is(Code::kNotFound)
                                 ? why.with_context("the MANIFEST lists a table that is not there")
                                 : why);
            return;
        }
        const char* differs = meta == nullptr ? nullptr : difference(*meta, (*table)->properties());
        if (differs != nullptr) {
            add_damage(name, Status::corruption(name + ": MANIFEST and table disagree about the " +
                                                differs));
        }
        if (const Status status = (*table)->verify(); !status.is_ok()) {
            list_damage(name, **table, status);
        }
        report_.entries += (*table)->properties().entries;
        report_.table_bytes += (*table)->size_bytes();
        done_ += (*table)->size_bytes();
    }

    /// verify() stops at the first damage; here is every block that cannot be read.
    void list_damage(const std::string& name, const TableReader& table, const Status& first) {
        const size_t before = report_.damage.size();
        ReadMode mode;
        mode.fill_cache = false;
        IndexCursor cursor(table);
        Status walk = cursor.seek_to_first(mode);
        while (walk.is_ok() && cursor.valid()) {
            const auto block = table.read_data_block(cursor.handle(), mode, BlockCache::Use::kScan);
            if (!block) add_damage(name, block.error());
            walk = cursor.next(mode);
        }
        if (!walk.is_ok()) add_damage(name, walk);
        if (report_.damage.size() == before) add_damage(name, first);
    }

    void check_log(const ManifestCounters& counters) {
        begin("the log");
        wal::ReplayRequest request;
        request.database_id = counters.database_id;
        request.oldest_segment = counters.oldest_segment;
        request.last_created_segment = counters.last_created_segment;
        request.flushed_seqno = counters.flushed_seqno;
        request.read_only = true;
        const auto log = wal::replay_log(fs_, dir_, request,
                                         [](const wal::ReplayedBatch&) { return Status::ok(); });
        if (!log) {
            add_damage("the log", log.error());
            return;
        }
        report_.segments = log->segments;
        report_.log_bytes = log->bytes;
        report_.batches = log->batches;
        report_.last_seqno = log->last_seqno;
        if (const wal::TornTail& tail = log->torn_tail; !tail.path.empty()) {
            report_.notes.push_back(
                tail.path + ": torn tail of " + std::to_string(tail.bytes) + " bytes at offset " +
                std::to_string(tail.offset) +
                ", nothing proves that it was acknowledged; cut at the next open");
            if (!tail.dropped_segment.empty()) {
                report_.notes.push_back(tail.dropped_segment +
                                        ": begun before that was durable; emptied with it");
            }
        }
        for (const std::string& path : log->emptied) {
            report_.notes.push_back(path +
                                    ": empty; a process that died while it made it anew "
                                    "leaves it so, and so does who empties it");
        }
        for (const std::string& path : log->orphans) {
            report_.notes.push_back(path + ": prepared and never used");
        }
        for (const std::string& path : log->obsolete) {
            report_.notes.push_back(path +
                                    ": everything in it is in tables; removed at the next "
                                    "open");
        }
    }

    void note_leftovers(const Manifest& manifest) {
        for (const DirectoryFile& file : files_) {
            const FileKind kind = file.parsed.kind;
            const bool lone_table =
                kind == FileKind::kTable && listed_.count(file.parsed.number) == 0;
            const bool old_manifest =
                kind == FileKind::kManifest && file.parsed.number != manifest.file_number();
            const bool unknown = kind == FileKind::kUnknown && file.name != "kvd.addr";
            if (lone_table || old_manifest || unknown) {
                report_.notes.push_back(file.name + ": not part of the store");
            }
        }
    }

    FileSystem& fs_;
    const std::string dir_;
    const VerifyProgress& progress_;
    std::vector<DirectoryFile> files_;
    std::map<uint64_t, FileMetaPtr> listed_;  // tables of the MANIFEST
    uint64_t done_ = 0, total_ = 0;
    VerifyReport report_;
};

/// The number after "offset " in a message, which every message about damaged bytes has.
std::optional<uint64_t> offset_in(std::string_view message) {
    const size_t at = message.find("offset ");
    if (at == std::string_view::npos) return std::nullopt;
    std::string digits;
    for (size_t i = at + 7; i < message.size() && message[i] >= '0' && message[i] <= '9'; ++i) {
        digits.push_back(message[i]);
    }
    if (digits.empty() || digits.size() > 19) return std::nullopt;
    return std::stoull(digits);
}

Json report_json(const VerifyReport& report, const std::string& dir) {
    Json json{{"directory", dir},
              {"clean", report.is_clean()},
              {"locked", report.locked},
              {"tables", report.tables},
              {"table_bytes", report.table_bytes},
              {"entries", report.entries},
              {"log_segments", report.segments},
              {"log_bytes", report.log_bytes},
              {"log_batches", report.batches},
              {"last_seqno", report.last_seqno}};
    json["damage"] = Json::array();
    for (const VerifyReport::Damage& damage : report.damage) {
        Json entry{{"file", damage.file}, {"code", std::string(code_name(damage.status.code()))}};
        if (const auto offset = offset_in(damage.status.message())) entry["offset"] = *offset;
        entry["message"] = std::string(damage.status.message());
        json["damage"].push_back(std::move(entry));
    }
    json["notes"] = report.notes;
    return json;
}

}  // namespace

Result<VerifyReport> verify_directory(FileSystem& fs, const std::string& dir,
                                      const VerifyProgress& progress) {
    return DirectoryVerifier(fs, dir, progress).run();
}

void print_report(const VerifyReport& report, const std::string& dir, bool json,
                  std::ostream& out) {
    if (json) {
        // A message may quote any bytes: what is not UTF-8 is replaced, never thrown about.
        out << report_json(report, dir).dump(-1, ' ', false, Json::error_handler_t::replace)
            << "\n";
        return;
    }
    for (const VerifyReport::Damage& damage : report.damage) {
        out << "DAMAGE " << damage.file << ": " << damage.status.to_string() << "\n";
    }
    for (const std::string& note : report.notes) out << "note: " << note << "\n";
    out << report.tables << " tables, " << report.entries << " entries, " << report.table_bytes
        << " bytes; log: " << report.segments << " segments, " << report.batches << " batches, "
        << report.log_bytes << " bytes; last seqno " << report.last_seqno << "\n"
        << (report.is_clean() ? "clean" : std::to_string(report.damage.size()) + " damaged places")
        << ": " << dir << "\n";
}

}  // namespace kv::tools

// `kvtool stat`: see stat.h.
// SPDX-License-Identifier: Apache-2.0
#include "tools/stat.h"

#include <cstdio>
#include <map>
#include <ostream>

#include "sstable/table_reader.h"
#include "tools/data_directory.h"
#include "tools/json_bytes.h"
#include "version/manifest.h"

namespace kv::tools {

namespace {

struct LevelSummary {
    int level = 0;
    uint64_t tables = 0, bytes = 0, entries = 0, tombstones = 0;
    Seqno smallest_seqno = 0, largest_seqno = 0;
    uint64_t data_bytes = 0, content_bytes = 0;  ///< Of data blocks, as stored and uncompressed.
    std::map<std::string, uint64_t> codecs;      ///< Tables by the codec asked for.
    uint64_t unreadable_tables = 0;

    /// `properties`: null when the table cannot be opened.
    void add(const FileMeta& file, const TableProperties* properties) {
        smallest_seqno =
            tables == 0 ? file.smallest_seqno : std::min(smallest_seqno, file.smallest_seqno);
        largest_seqno = std::max(largest_seqno, file.largest_seqno);
        ++tables;
        bytes += file.size_bytes;
        entries += file.entries;
        tombstones += file.tombstones;
        if (properties == nullptr) {
            ++unreadable_tables;
            return;
        }
        const TableProperties& p = *properties;
        data_bytes += p.data_bytes;
        // Version 1 did not count it, and compressed nothing.
        content_bytes += p.content_bytes == 0 ? p.data_bytes : p.content_bytes;
        ++codecs[std::string(codec_name(p.codec))];
    }

    /// "lz4", "lz4 none", "none ?" with a question mark for unreadable tables.
    std::string codecs_text() const {
        std::string text;
        for (const auto& [name, count] : codecs) text += (text.empty() ? "" : " ") + name;
        if (unreadable_tables != 0) text += text.empty() ? "?" : " ?";
        return text;
    }
};

struct DirectorySummary {
    bool locked = false;
    ManifestCounters counters;
    uint64_t manifest_number = 0, manifest_bytes = 0, manifest_dropped_bytes = 0;
    std::vector<LevelSummary> levels;  ///< Those with tables.
    LevelSummary total;
    uint64_t segments = 0, segment_bytes = 0;
    uint64_t unknown_files = 0;
};

Result<DirectorySummary> summarize(FileSystem& fs, const std::string& dir) {
    DirectorySummary summary;
    KV_ASSIGN_OR_RETURN(const std::vector<DirectoryFile> files, list_data_directory(fs, dir));
    summary.locked = is_locked(dir);
    KV_ASSIGN_OR_RETURN(const auto manifest, Manifest::open(fs, dir, true));
    summary.counters = manifest->counters();
    summary.manifest_number = manifest->file_number();
    summary.manifest_bytes = manifest->size_bytes();
    summary.manifest_dropped_bytes = manifest->dropped_bytes();
    const VersionPtr version = manifest->current();
    for (int level = 0; level < kLevels; ++level) {
        LevelSummary at;
        at.level = level;
        for (const FileMetaPtr& file : version->files(level)) {
            const auto table = TableReader::open(fs, join_path(dir, table_file_name(file->number)),
                                                 file->number, nullptr);
            const TableProperties* properties = table ? &(*table)->properties() : nullptr;
            at.add(*file, properties);
            summary.total.add(*file, properties);
        }
        if (at.tables > 0) summary.levels.push_back(at);
    }
    for (const DirectoryFile& file : files) {
        if (file.parsed.kind == FileKind::kLogSegment) {
            ++summary.segments;
            summary.segment_bytes += file.size_bytes;
        }
        if (file.parsed.kind == FileKind::kUnknown && file.name != "kvd.addr") {
            ++summary.unknown_files;
        }
    }
    return summary;
}

void print_level(const std::string& name, const LevelSummary& level, std::ostream& out) {
    char line[192];
    std::snprintf(line, sizeof line,
                  "%-6s %8llu %14llu %14llu  %-10s %12llu %12llu  %llu to %llu\n", name.c_str(),
                  static_cast<unsigned long long>(level.tables),
                  static_cast<unsigned long long>(level.bytes),
                  static_cast<unsigned long long>(level.content_bytes), level.codecs_text().c_str(),
                  static_cast<unsigned long long>(level.entries),
                  static_cast<unsigned long long>(level.tombstones),
                  static_cast<unsigned long long>(level.smallest_seqno),
                  static_cast<unsigned long long>(level.largest_seqno));
    out << line;
}

void print_text(const std::string& dir, const DirectorySummary& summary, std::ostream& out) {
    const ManifestCounters& counters = summary.counters;
    out << "directory:          " << dir << "\n"
        << "database:           " << hex64(counters.database_id) << "\n"
        << "locked:             "
        << (summary.locked ? "yes, a running process owns it: figures may be out of date" : "no")
        << "\n"
        << "manifest:           " << manifest_file_name(summary.manifest_number) << ", "
        << summary.manifest_bytes << " bytes";
    if (summary.manifest_dropped_bytes != 0) {
        out << " and a torn edit of " << summary.manifest_dropped_bytes;
    }
    out << "\nnext file number:   " << counters.next_file_number << "\n"
        << "flushed seqno:      " << counters.flushed_seqno << "\n"
        << "log:                segments " << counters.oldest_segment << " to "
        << counters.last_created_segment << " in use, " << summary.segments << " files, "
        << summary.segment_bytes << " bytes\n";
    if (summary.unknown_files != 0) {
        out << "unknown files:      " << summary.unknown_files << "\n";
    }
    if (summary.levels.empty()) {
        out << "no tables\n";
        return;
    }
    out << "level    tables          bytes        content  codecs          entries   tombstones  "
           "seqnos\n";
    for (const LevelSummary& level : summary.levels) {
        print_level(std::to_string(level.level), level, out);
    }
    print_level("total", summary.total, out);
}

Json level_json(const LevelSummary& level) {
    return {{"tables", level.tables},
            {"bytes", level.bytes},
            {"data_bytes", level.data_bytes},
            {"content_bytes", level.content_bytes},
            {"codecs", level.codecs},
            {"unreadable_tables", level.unreadable_tables},
            {"entries", level.entries},
            {"tombstones", level.tombstones},
            {"smallest_seqno", level.smallest_seqno},
            {"largest_seqno", level.largest_seqno}};
}

void print_json(const std::string& dir, const DirectorySummary& summary, std::ostream& out) {
    const ManifestCounters& counters = summary.counters;
    Json json{{"directory", dir},
              {"database_id", hex64(counters.database_id)},
              {"locked", summary.locked}};
    json["manifest"] = {{"number", summary.manifest_number},
                        {"bytes", summary.manifest_bytes},
                        {"torn_bytes", summary.manifest_dropped_bytes}};
    json["next_file_number"] = counters.next_file_number;
    json["flushed_seqno"] = counters.flushed_seqno;
    json["log"] = {{"oldest_segment", counters.oldest_segment},
                   {"last_created_segment", counters.last_created_segment},
                   {"files", summary.segments},
                   {"bytes", summary.segment_bytes}};
    json["unknown_files"] = summary.unknown_files;
    json["levels"] = Json::array();
    for (const LevelSummary& level : summary.levels) {
        Json entry{{"level", level.level}};
        entry.update(level_json(level));
        json["levels"].push_back(std::move(entry));
    }
    json["total"] = level_json(summary.total);
    out << json.dump() << "\n";
}

}  // namespace

Status stat_directory(FileSystem& fs, const std::string& dir, bool json, std::ostream& out) {
    KV_ASSIGN_OR_RETURN(const DirectorySummary summary, summarize(fs, dir));
    json ? print_json(dir, summary, out) : print_text(dir, summary, out);
    return Status::ok();
}

}  // namespace kv::tools

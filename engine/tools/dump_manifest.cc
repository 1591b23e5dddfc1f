// kvtool manifest: see dump.h.
// SPDX-License-Identifier: Apache-2.0
#include <ostream>

#include "tools/dump.h"
#include "tools/json_bytes.h"
#include "tools/path_parts.h"
#include "version/manifest_reader.h"

namespace kv::tools {

namespace {

std::string file_line(const AddedFile& added) {
    const FileMeta& meta = added.meta;
    std::string line =
        "  + level " + std::to_string(added.level) + " " + table_file_name(meta.number) + ": " +
        std::to_string(meta.size_bytes) + " bytes, " + std::to_string(meta.entries) + " entries, " +
        std::to_string(meta.tombstones) + " tombstones, seqnos " +
        std::to_string(meta.smallest_seqno) + " to " + std::to_string(meta.largest_seqno) +
        ", keys " + internal_key_text(meta.smallest) + " to " + internal_key_text(meta.largest) +
        ", checksum " + hex64(meta.checksum);
    if (meta.earliest_expiry_ms != 0) {
        line += ", expires from " + std::to_string(meta.earliest_expiry_ms);
    }
    return line + ", by " + std::string(table_reason_name(meta.reason));
}

template <class Value>
void set_if(Json& json, const char* name, const std::optional<Value>& value) {
    if (value) json[name] = *value;
}

/// The numbers of an edit, in the order of their tags.
Json head_json(const VersionEdit& edit) {
    Json json = Json::object();
    set_if(json, "format_version", edit.format_version);
    if (edit.database_id) json["database_id"] = hex64(*edit.database_id);
    set_if(json, "snapshot_records", edit.snapshot_records);
    set_if(json, "next_file_number", edit.next_file_number);
    set_if(json, "last_created_segment", edit.last_created_segment);
    set_if(json, "oldest_segment", edit.oldest_segment);
    set_if(json, "flushed_seqno", edit.flushed_seqno);
    return json;
}

void print_text(uint64_t offset, const VersionEdit& edit, std::ostream& out) {
    out << "offset " << offset << ":";
    const char* separator = " ";
    const Json head = head_json(edit);
    for (const auto& [name, value] : head.items()) {
        out << separator << name << " "
            << (value.is_string() ? value.get<std::string>() : value.dump());
        separator = ", ";
    }
    out << "\n";
    for (const RemovedFile& removed : edit.removed) {
        out << "  - level " << removed.level << " " << table_file_name(removed.number) << "\n";
    }
    for (const AddedFile& added : edit.added) out << file_line(added) << "\n";
}

void print_json(uint64_t offset, const VersionEdit& edit, std::ostream& out) {
    Json json{{"offset", offset}};
    json.update(head_json(edit));
    json["removed"] = Json::array();
    for (const RemovedFile& removed : edit.removed) {
        json["removed"].push_back({{"level", removed.level}, {"number", removed.number}});
    }
    json["added"] = Json::array();
    for (const AddedFile& added : edit.added) {
        const FileMeta& meta = added.meta;
        Json file{{"level", added.level},
                  {"number", meta.number},
                  {"size_bytes", meta.size_bytes},
                  {"checksum", hex64(meta.checksum)},
                  {"entries", meta.entries},
                  {"tombstones", meta.tombstones},
                  {"smallest_seqno", meta.smallest_seqno},
                  {"largest_seqno", meta.largest_seqno},
                  {"earliest_expiry_ms", meta.earliest_expiry_ms},
                  {"reason", std::string(table_reason_name(meta.reason))}};
        set_internal_key(file, "smallest", meta.smallest);
        set_internal_key(file, "largest", meta.largest);
        json["added"].push_back(std::move(file));
    }
    out << json.dump() << "\n";
}

void print_end(const LogEnd& end, bool json, std::ostream& out) {
    if (json) {
        out << Json{{"end", end.offset}, {"torn", end.torn}, {"bytes_dropped", end.bytes_dropped}}
                   .dump()
            << "\n";
    } else if (end.torn) {
        out << "end at offset " << end.offset << ": torn, the " << end.bytes_dropped
            << " bytes after it never became a durable edit\n";
    } else {
        out << "end at offset " << end.offset << "\n";
    }
}

}  // namespace

Status dump_manifest(FileSystem& fs, const std::string& path, const DumpOptions& options,
                     std::ostream& out) {
    const PathParts parts = split_path(path);
    if (parts.parsed.kind != FileKind::kManifest) {
        return Status::invalid_argument(path +
                                        ": a MANIFEST is called MANIFEST-NUMBER, and its "
                                        "checksums depend on that number");
    }
    KV_ASSIGN_OR_RETURN(ManifestReader reader,
                        ManifestReader::open(fs, parts.dir, parts.parsed.number));
    for (uint64_t printed = 0;; ++printed) {
        VersionEdit edit;
        KV_ASSIGN_OR_RETURN(const bool more, reader.next(edit));
        if (!more) break;
        if (options.limit != 0 && printed == options.limit) return Status::ok();
        options.json ? print_json(reader.edit_offset(), edit, out)
                     : print_text(reader.edit_offset(), edit, out);
    }
    print_end(reader.end(), options.json, out);
    return Status::ok();
}

}  // namespace kv::tools

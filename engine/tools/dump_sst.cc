// kvtool sst: see dump.h.
// SPDX-License-Identifier: Apache-2.0
#include <ostream>
#include <vector>

#include "base/coding.h"
#include "sstable/index_cursor.h"
#include "sstable/table_reader.h"
#include "tools/dump.h"
#include "tools/json_bytes.h"
#include "tools/path_parts.h"

namespace kv::tools {

namespace {

/// The number that the table's checksums are made with: from its name, or, if it has another one,
/// from its footer.
Result<uint64_t> table_number(FileSystem& fs, const std::string& path) {
    const PathParts parts = split_path(path);
    if (parts.parsed.kind == FileKind::kTable) return parts.parsed.number;
    KV_ASSIGN_OR_RETURN(const uint64_t size, fs.file_size(path));
    if (size < sstable::kFooterBytes) {
        return Status::corruption(path + ": " + std::to_string(size) +
                                  " bytes are too few for a table");
    }
    KV_ASSIGN_OR_RETURN(const auto file, fs.open(path));
    std::string tail(sstable::kFooterBytes, '\0');
    const uint64_t offset = size - sstable::kFooterBytes;
    KV_ASSIGN_OR_RETURN(const size_t got, file->read_at(offset, tail.size(), tail.data()));
    tail.resize(got);
    auto footer = sstable::parse_footer(tail, offset);
    if (!footer) return footer.error().with_context(path);
    return footer->file_number;
}

std::string entry_line(Bytes key, Bytes value, const DumpOptions& options) {
    const Kind kind = trailer_kind(trailer_of(key));
    const std::string name =
        options.seqnos ? internal_key_text(key) : escape_bytes(user_key_of(key));
    if (kind == Kind::kDelete) return name + " †";
    if (kind != Kind::kPutWithExpiry) {
        return name + " -> " + escape_bytes(value, options.value_limit);
    }
    return name + " -> " + escape_bytes(value.substr(kExpiryBytes), options.value_limit) +
           " (expires " + std::to_string(load_fixed64(value.data())) + ")";
}

std::string entry_json(Bytes key, Bytes value) {
    Json json;
    const Kind kind = trailer_kind(trailer_of(key));
    set_bytes(json, "key", user_key_of(key));
    json["seqno"] = trailer_seqno(trailer_of(key));
    json["kind"] = kind_name(kind);
    if (kind == Kind::kPutWithExpiry) {
        json["expiry_ms"] = load_fixed64(value.data());
        value.remove_prefix(kExpiryBytes);
    }
    if (kind != Kind::kDelete) set_bytes(json, "value", value);
    return json.dump();
}

void print_range_delete(const RangeTombstone& range, const DumpOptions& options,
                        std::ostream& out) {
    if (options.json) {
        Json json{{"seqno", range.seqno}, {"kind", kind_name(Kind::kRangeDelete)}};
        set_bytes(json, "key", range.begin);
        set_bytes(json, "end", range.end);
        out << json.dump() << "\n";
        return;
    }
    out << escape_bytes(range.begin);
    if (options.seqnos) out << "@" << range.seqno;
    out << " .. " << escape_bytes(range.end) << " †\n";
}

/// Range deletes first: they say of what is behind them whether it still counts.
Status print_entries(const TableReader& table, const DumpOptions& options, std::ostream& out) {
    uint64_t printed = 0;
    std::vector<RangeTombstone> ranges;
    if (table.range_tombstones() != nullptr) table.range_tombstones()->append_to(ranges);
    for (const RangeTombstone& range : ranges) {
        if (options.limit != 0 && printed++ == options.limit) return Status::ok();
        print_range_delete(range, options, out);
    }
    ReadMode mode;
    mode.fill_cache = false;
    mode.readahead_bytes = 256U << 10;
    const auto it = table.new_iterator(mode);
    for (it->seek_to_first(); it->valid(); it->next()) {
        if (options.limit != 0 && printed++ == options.limit) return Status::ok();
        const Bytes key = it->key(), value = it->value();
        const bool short_value =
            trailer_kind(trailer_of(key)) == Kind::kPutWithExpiry && value.size() < kExpiryBytes;
        if (short_value) {
            return table.corruption(
                0, "the entry of " + internal_key_text(key) + " is too short to hold its expiry");
        }
        out << (options.json ? entry_json(key, value) : entry_line(key, value, options)) << "\n";
    }
    return it->status();
}

void print_properties(const TableReader& table, bool as_json, std::ostream& out) {
    const TableProperties& p = table.properties();
    Json json;
    json["file_number"] = p.file_number;
    json["format_version"] = table.footer().format_version;
    json["size_bytes"] = p.size_bytes;
    json["checksum"] = hex64(p.checksum);
    json["reason"] = std::string(table_reason_name(p.reason));
    json["entries"] = p.entries;
    json["tombstones"] = p.tombstones;
    json["smallest_seqno"] = p.smallest_seqno;
    json["largest_seqno"] = p.largest_seqno;
    json["earliest_expiry_ms"] = p.earliest_expiry_ms;
    json["raw_key_bytes"] = p.raw_key_bytes;
    json["raw_value_bytes"] = p.raw_value_bytes;
    json["data_blocks"] = p.data_blocks;
    json["data_bytes"] = p.data_bytes;
    json["codec"] = std::string(codec_name(p.codec));
    json["content_bytes"] = p.content_bytes;
    json["range_tombstones"] = p.range_tombstones;
    json["filter_bytes"] = table.footer().filter.size;
    json["index_bytes"] = table.footer().index.size;
    if (as_json) {
        set_internal_key(json, "smallest", p.smallest);
        set_internal_key(json, "largest", p.largest);
        out << json.dump() << "\n";
        return;
    }
    json["smallest"] = internal_key_text(p.smallest);
    json["largest"] = internal_key_text(p.largest);
    for (const auto& [name, value] : json.items()) {
        out << name << ": " << (value.is_string() ? value.get<std::string>() : value.dump())
            << "\n";
    }
}

Status print_blocks(const TableReader& table, const DumpOptions& options, std::ostream& out) {
    Status first;
    ReadMode mode;
    mode.fill_cache = false;
    IndexCursor cursor(table);
    KV_RETURN_IF_ERROR(cursor.seek_to_first(mode));
    for (uint64_t i = 0; cursor.valid(); ++i) {
        if (options.limit != 0 && i == options.limit) break;
        const sstable::BlockHandle handle = cursor.handle();
        const auto block = table.read_data_block(handle, mode, BlockCache::Use::kScan);
        if (!block && first.is_ok()) first = block.error();
        if (options.json) {
            Json json{{"block", i}, {"offset", handle.offset}, {"size", handle.size}};
            json["sound"] = block.has_value();
            set_internal_key(json, "separator", cursor.separator());
            out << json.dump() << "\n";
        } else {
            out << "block " << i << ": offset " << handle.offset << ", " << handle.size
                << " bytes, up to " << internal_key_text(cursor.separator())
                << (block ? "" : ", DAMAGED") << "\n";
        }
        KV_RETURN_IF_ERROR(cursor.next(mode));
    }
    return first;
}

}  // namespace

Status dump_sst(FileSystem& fs, const std::string& path, const DumpOptions& options,
                std::ostream& out) {
    KV_ASSIGN_OR_RETURN(const uint64_t number, table_number(fs, path));
    KV_ASSIGN_OR_RETURN(const std::shared_ptr<TableReader> table,
                        TableReader::open(fs, path, number, nullptr));
    if (options.properties) print_properties(*table, options.json, out);
    if (options.blocks) KV_RETURN_IF_ERROR(print_blocks(*table, options, out));
    if (options.properties || options.blocks) return Status::ok();
    return print_entries(*table, options, out);
}

}  // namespace kv::tools

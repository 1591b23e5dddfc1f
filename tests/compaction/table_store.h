// A disk with some tables on it, for the tests of flush and compaction. Entries are text:
// `a@9=v` a put, `a@9x` a delete, `a@9=v!500` a put that expires at 500, `[a-c)@9` a range
// tombstone; separated by spaces. A table is shown with its range tombstones last.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <catch2/catch.hpp>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/coding.h"
#include "compaction/job.h"
#include "compaction/output.h"
#include "record/file_names.h"
#include "record/internal_key.h"
#include "support/crash_file_system.h"

namespace kv::test {

struct TextEntry {
    std::string key;  // internal
    std::string value;
};

inline std::vector<TextEntry> parse_entries(const std::string& text) {
    std::vector<TextEntry> entries;
    std::istringstream in(text);
    for (std::string word; in >> word;) {
        if (word[0] == '[') continue;
        const size_t at = word.find('@'), equals = word.find('='), bang = word.find('!');
        const Seqno seqno = std::stoull(word.substr(at + 1));
        TextEntry entry;
        Kind kind = Kind::kDelete;
        if (equals != std::string::npos) {
            kind = bang == std::string::npos ? Kind::kPut : Kind::kPutWithExpiry;
            if (bang != std::string::npos) {
                put_fixed64(entry.value, std::stoull(word.substr(bang + 1)));
                word.resize(bang);
            }
            entry.value += word.substr(equals + 1);
        }
        entry.key = make_internal_key(word.substr(0, at), seqno, kind);
        entries.push_back(std::move(entry));
    }
    return entries;
}

inline std::vector<RangeTombstone> parse_ranges(const std::string& text) {
    std::vector<RangeTombstone> ranges;
    std::istringstream in(text);
    for (std::string word; in >> word;) {
        if (word[0] != '[') continue;
        const size_t dash = word.find('-'), end = word.find(')'), at = word.find('@');
        ranges.push_back({word.substr(1, dash - 1), word.substr(dash + 1, end - dash - 1),
                          std::stoull(word.substr(at + 1))});
    }
    return ranges;
}

inline std::string ranges_text(const RangeTombstoneSetPtr& set) {
    std::string text;
    for (size_t i = 0; set != nullptr && i < set->fragments(); ++i) {
        const RangeTombstoneSet::Fragment fragment = set->fragment(i);
        for (const Seqno seqno : fragment.seqnos()) {
            text += " [" + std::string(fragment.begin) + "-" + std::string(fragment.end) + ")@" +
                    std::to_string(seqno);
        }
    }
    return text;
}

inline std::string entry_text(Bytes key, Bytes value) {
    const uint64_t trailer = trailer_of(key);
    std::string text = std::string(user_key_of(key)) + "@" + std::to_string(trailer_seqno(trailer));
    if (trailer_kind(trailer) == Kind::kDelete) return text + "x";
    if (trailer_kind(trailer) == Kind::kPut) return text + "=" + std::string(value);
    return text + "=" + std::string(value.substr(8)) + "!" +
           std::to_string(load_fixed64(value.data()));
}

inline std::string walk_text(InternalIterator& source) {
    std::string text;
    for (source.seek_to_first(); source.valid(); source.next()) {
        text += (text.empty() ? "" : " ") + entry_text(source.key(), source.value());
    }
    REQUIRE(source.status().is_ok());
    return text;
}

/// A disk with directory "db" and tables on it, each at a level.
struct TableStore {
    CrashFileSystem fs;
    uint64_t next_number = 1;
    std::array<std::vector<FileMetaPtr>, kLevels> levels;
    TableOptions table_options;

    TableStore() {
        REQUIRE(fs.create_dir("db").is_ok());
        REQUIRE(fs.sync_dir("").is_ok());
    }

    FileMetaPtr add_table(int level, const std::vector<TextEntry>& entries,
                          const std::vector<RangeTombstone>& ranges = {}) {
        OutputSet outputs(fs, "db", table_options, [this] { return next_number++; });
        for (const TextEntry& entry : entries) {
            REQUIRE(outputs.add(entry.key, entry.value).is_ok());
        }
        for (const RangeTombstone& range : ranges) {
            REQUIRE(outputs.add_range_tombstone(range).is_ok());
        }
        REQUIRE(outputs.close_output().is_ok());
        REQUIRE(outputs.sync_dir().is_ok());
        auto meta = std::make_shared<const FileMeta>(outputs.files().at(0));
        levels[static_cast<size_t>(level)].push_back(meta);
        return meta;
    }
    FileMetaPtr add_table(int level, const std::string& entries) {
        return add_table(level, parse_entries(entries), parse_ranges(entries));
    }

    VersionPtr version() const { return std::make_shared<const Version>(levels); }

    Result<std::shared_ptr<TableReader>> open_table(const FileMeta& file) {
        return TableReader::open(fs, join_path("db", table_file_name(file.number)), file.number,
                                 nullptr, {file.size_bytes, file.checksum});
    }

    CompactionContext context(const std::atomic<bool>* cancel = nullptr) {
        return {fs, "db", [this](const FileMeta& file) { return open_table(file); },
                [this] { return next_number++; }, cancel};
    }

    /// Entries of a table, after a full verification.
    std::string table_text(const FileMeta& file) {
        auto reader = open_table(file);
        REQUIRE(reader.status().to_string() == "ok");
        REQUIRE((*reader)->verify().to_string() == "ok");
        const auto it = (*reader)->new_iterator();
        const std::string text = walk_text(*it) + ranges_text((*reader)->range_tombstones());
        return text.empty() || text[0] != ' ' ? text : text.substr(1);
    }
    /// Entries of the tables that an edit adds, each table in brackets.
    std::string edit_text(const VersionEdit& edit) {
        std::string text;
        for (const AddedFile& added : edit.added) text += "[" + table_text(added.meta) + "]";
        return text;
    }
};

}  // namespace kv::test

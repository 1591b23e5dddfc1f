// What the regression and corruption tests add to DbFixture: looking at the files of a store,
// cutting and changing them, faults by file name, and the table set as the MANIFEST on the disk
// tells it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/coding.h"
#include "db/db_fixture.h"
#include "record/file_names.h"
#include "record/log_record.h"
#include "version/manifest.h"
#include "wal/segment_format.h"

namespace kv::test {

inline std::string in_db(std::string_view name) { return "db/" + std::string(name); }

inline bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

inline std::string numbered_key(int i) {
    const std::string digits = std::to_string(i);
    return "k" + std::string(5 - digits.size(), '0') + digits;
}

/// Names in the data directory that end in `suffix`, sorted; lost/ is left out.
inline std::vector<std::string> files_ending(const CrashFileSystem& disk, std::string_view suffix) {
    std::vector<std::string> names;
    for (const std::string& name : disk.files("db")) {
        if (name.ends_with(suffix) && !has(name, "/")) names.push_back(name);
    }
    return names;
}

inline std::string content_of(const CrashFileSystem& disk, std::string_view name) {
    const auto content = disk.read_file(in_db(name));
    INFO(name);
    REQUIRE(content.is_ok());
    return *content;
}

/// Where each record of a log file starts, and after the last one where the log ends.
inline std::vector<uint64_t> record_offsets(const std::string& content, uint64_t first) {
    std::vector<uint64_t> offsets;
    uint64_t at = first;
    while (at + kLogRecordHeaderBytes <= content.size() &&
           content[static_cast<size_t>(at) + kLogTypeOffset] != 0) {
        offsets.push_back(at);
        at += log_record_size(load_fixed32(content.data() + at + kLogLengthOffset));
    }
    offsets.push_back(at);
    return offsets;
}
inline std::vector<uint64_t> segment_records(const CrashFileSystem& disk, std::string_view name) {
    return record_offsets(content_of(disk, name), wal::kSegmentHeaderBytes);
}

/// Every operation of `kind` on a file whose path holds `part` fails until clear_faults().
inline void fail_all(CrashFileSystem& disk, OpKind kind, std::string part, Fault fault) {
    disk.set_fault_hook([kind, part = std::move(part), fault](const Operation& operation) {
        return operation.kind == kind && has(operation.path, part) ? fault : Fault::kNone;
    });
}

/// The table set and counters that an open would find on the disk now.
inline std::unique_ptr<Manifest> manifest_on(CrashFileSystem& disk) {
    auto manifest = Manifest::open(disk, "db", true);
    INFO(manifest.status().to_string());
    REQUIRE(manifest.is_ok());
    return std::move(*manifest);
}

struct RegressionFixture : DbFixture {
    /// The values repeat themselves, and how many tables they make is what these tests build on.
    explicit RegressionFixture(uint64_t seed = 1) : DbFixture(seed) {
        options_.compression = Compression::kNone;
    }

    /// `count` durable puts of numbered keys, one log record each.
    void put_range(int first, int count, const std::string& value) {
        for (int i = first; i < first + count; ++i) {
            const WriteResult result = put(numbered_key(i), value + std::to_string(i));
            INFO(result.status.to_string());
            REQUIRE(result.status.is_ok());
        }
    }
    /// How many of them a get answers as put_range wrote them.
    int count_range(int first, int count, const std::string& value) {
        int found = 0;
        for (int i = first; i < first + count; ++i) {
            if (get(numbered_key(i)) == value + std::to_string(i)) ++found;
        }
        return found;
    }
    /// Runs what is due, then what was put off, `rounds` times.
    void let_time_pass(int rounds = 5) {
        executor_.run_until_idle();
        for (int i = 0; i < rounds && executor_.advance_to_next_delayed(); ++i) {
            executor_.run_until_idle();
        }
    }
    void settle() { executor_.run_until_idle(); }
    /// A process that died: what it wrote is there, what it held in memory is not.
    void kill() { crash(CrashOptions::keep_all()); }
    /// The same without coming up again.
    void kill_only() {
        auto survivor = disk_->clone_after_crash(CrashOptions::keep_all());
        close();
        disk_ = std::move(survivor);
    }
};

}  // namespace kv::test

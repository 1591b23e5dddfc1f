// A small store on a simulated disk, made with the engine's own writers, for the tests of kvtool;
// and kvtool itself, as a function from arguments to text.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/coding.h"
#include "compaction/output.h"
#include "record/batch_format.h"
#include "record/log_record.h"
#include "support/crash_file_system.h"
#include "tools/kvtool.h"
#include "version/manifest.h"
#include "wal/segment_writer.h"

namespace kv::test {

struct ToolRun {
    int code = 0;
    std::string out;
    std::string err;
};

inline ToolRun run_tool(FileSystem& fs, std::vector<std::string> arguments) {
    std::ostringstream out, err;
    ToolRun run;
    run.code = tools::run_kvtool(fs, std::move(arguments), false, out, err);
    run.out = out.str();
    run.err = err.str();
    return run;
}

/// Directory "db": a table of seqnos 1 to 5 at level 0 (number 2), and log segment 1 with two
/// commit groups of seqnos 6 to 8.
struct SmallStore {
    static constexpr uint64_t kDatabaseId = 0xABCD;
    CrashFileSystem fs;
    std::unique_ptr<Manifest> manifest;

    SmallStore() {
        REQUIRE(fs.create_dir("db").is_ok());
        REQUIRE(fs.sync_dir("").is_ok());
        auto created = Manifest::create_new(fs, "db", kDatabaseId);
        REQUIRE(created.status().to_string() == "ok");
        manifest = std::move(*created);
        write_table();
        write_log();
    }

    void write_table() {
        TableOptions options;
        options.reason = TableReason::kFlush;
        options.block_size_bytes = 64;
        OutputSet outputs(fs, "db", options, [this] { return manifest->allocate_file_number(); });
        std::string expiring;
        put_fixed64(expiring, 1'700'000'000'000);
        expiring += "soon";
        const auto add = [&](Bytes key, Seqno seqno, Kind kind, Bytes value) {
            REQUIRE(outputs.add(make_internal_key(key, seqno, kind), value).is_ok());
        };
        add("apple", 4, Kind::kPut, "red");
        add("apple", 1, Kind::kPut, "green");
        add("bin\x01\xFF", 2, Kind::kPut, "\xFFraw");
        add("cherry", 5, Kind::kDelete, "");
        add("date", 3, Kind::kPutWithExpiry, expiring);
        REQUIRE(outputs.close_output().is_ok());
        REQUIRE(outputs.sync_dir().is_ok());
        VersionEdit edit;
        edit.add(0, outputs.files().at(0));
        edit.flushed_seqno = 5;
        edit.last_created_segment = 1;
        REQUIRE(manifest->apply(edit).to_string() == "ok");
    }

    void write_log() {
        auto writer = wal::SegmentWriter::create(fs, "db", 1, kDatabaseId, 4096);
        REQUIRE(writer.status().to_string() == "ok");
        wal::SegmentWriter& segment = **writer;
        REQUIRE(segment.begin({0, 0, 5}).is_ok());
        std::string ops, more_ops, payload;
        append_put(ops, "fig", "purple");
        append_delete(ops, "grape");
        append_batch(payload, 2, ops);
        write_group(segment, payload, 6, 7);
        payload.clear();
        append_put_with_expiry(more_ops, "h", "\x02", 1'700'000'000'001);
        append_batch(payload, 1, more_ops);
        write_group(segment, payload, 8, 8);
    }

    static void write_group(wal::SegmentWriter& segment, const std::string& payload, Seqno first,
                            Seqno last) {
        LogRecord record;
        record.segment = segment.number();
        record.synced_offset = segment.synced_offset();
        record.first_seqno = first;
        record.payload = payload;
        std::string bytes;
        append_log_record(bytes, segment.reserve(log_record_size(payload.size())), record);
        REQUIRE(segment.write(bytes, last, true).is_ok());
        REQUIRE(segment.sync().is_ok());
    }
};

}  // namespace kv::test

// Builds logs record by record and reads them back as text.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "record/log_record.h"
#include "record/log_record_reader.h"
#include "support/crash_file_system.h"

namespace kv::test {

/// A log file under construction. Records know everything before `synced` as durable.
struct LogImage {
    uint64_t segment = 7;
    std::string bytes;
    std::vector<uint64_t> starts;  // of the records
    uint64_t synced = 0;
    Seqno next_seqno = 1;

    LogImage& add(Bytes payload) {
        starts.push_back(bytes.size());
        LogRecord record;
        record.segment = segment;
        record.synced_offset = synced;
        record.first_seqno = next_seqno++;
        record.payload = payload;
        append_log_record(bytes, bytes.size(), record);
        return *this;
    }
    LogImage& sync() {
        synced = bytes.size();
        return *this;
    }
    LogImage& zeros(size_t count) {
        bytes.append(count, '\0');
        return *this;
    }
};

struct LogReading {
    std::vector<std::string> payloads;
    Status status;
    LogEnd end;
};

inline LogReading read_log(CrashFileSystem& fs, const std::string& path, uint64_t segment,
                           std::optional<uint64_t> end_limit = {}) {
    LogReading reading;
    Result<std::shared_ptr<RandomAccessFile>> file = fs.open(path);
    if (!file.is_ok()) {
        reading.status = file.status();
        return reading;
    }
    LogRecordReader reader(*file, {path, segment, 0, end_limit});
    LogRecord record;
    while (true) {
        Result<bool> more = reader.next(record);
        reading.status = more.status();
        if (!more.is_ok() || !*more) break;
        reading.payloads.emplace_back(record.payload);
        reader.set_last_seqno(record.first_seqno);
    }
    reading.end = reader.end();
    return reading;
}

inline LogReading read_log(const std::string& bytes, uint64_t segment = 7,
                           std::optional<uint64_t> end_limit = {}) {
    CrashFileSystem fs;
    fs.write_file("log", bytes);
    return read_log(fs, "log", segment, end_limit);
}

}  // namespace kv::test

// Fuzzes the log: record framing and the end-of-log rule, and what records carry (commit groups,
// batches, version edits), and segment headers.
//
// Input: a mode byte. Even: the rest is the file. Odd: the rest is a script that writes a file of
// good records, zeros, leftovers and damage, so that the reader's deeper states are reached in
// spite of the checksums.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include "fuzz/fuzz_target.h"
#include "fuzz/memory_files.h"
#include "kv/assert.h"
#include "kv/write_batch.h"
#include "record/batch_format.h"
#include "record/log_record_reader.h"
#include "version/version_edit.h"
#include "wal/segment_format.h"

namespace kv::fuzz {
namespace {

constexpr uint64_t kSegment = 7;
constexpr size_t kMaxFileBytes = 1U << 20;

void probe_payload(Bytes payload) {
    GroupReader group(payload);
    uint32_t count = 0;
    Bytes ops;
    while (group.next(count, ops)) {
        BatchReader batch(ops);
        Op op;
        uint32_t found = 0;
        while (batch.next(op)) ++found;
        const bool good = batch.status().is_ok() && found == count;
        KV_ASSERT(!check_logged_ops(count, ops).is_ok() || good);
        WriteBatch decoded;
        KV_ASSERT(WriteBatch::decode(ops, decoded).is_ok() == batch.status().is_ok());
    }
    VersionEdit edit;
    if (VersionEdit::decode(payload, edit).is_ok()) {
        std::string encoded;
        edit.encode(encoded);
        VersionEdit again;
        KV_ASSERT(VersionEdit::decode(encoded, again).is_ok() && again == edit);
    }
}

void read_log(Bytes file_bytes, LogReaderOptions options) {
    options.path = "000007.wal";
    options.segment = kSegment;
    LogRecordReader reader(std::make_shared<MemoryFile>(file_bytes), options);
    uint64_t expected_offset = options.start_offset;
    while (true) {
        LogRecord record;
        const Result<bool> more = reader.next(record);
        if (!more.has_value()) {
            KV_ASSERT(more.error().is(Code::kCorruption));
            KV_ASSERT(more.error().message().find("000007.wal") != std::string_view::npos);
            return;
        }
        if (!*more) break;
        KV_ASSERT(reader.record_offset() == expected_offset);
        expected_offset += log_record_size(record.payload.size());
        KV_ASSERT(reader.offset() == expected_offset && expected_offset <= file_bytes.size());
        probe_payload(record.payload);
    }
    const LogEnd& end = reader.end();
    KV_ASSERT(end.offset == expected_offset || file_bytes.size() < options.start_offset);
    KV_ASSERT(end.torn == (end.bytes_dropped > 0) || end.torn);
}

/// Reads numbers off the script; gives zeros when it has ended.
class Script {
  public:
    explicit Script(Bytes bytes) : rest_(bytes) {}
    bool done() const { return rest_.empty(); }
    uint8_t byte() {
        if (rest_.empty()) return 0;
        const auto value = static_cast<uint8_t>(rest_.front());
        rest_.remove_prefix(1);
        return value;
    }
    Bytes bytes(size_t count) {
        const Bytes taken = rest_.substr(0, count);
        rest_.remove_prefix(taken.size());
        return taken;
    }

  private:
    Bytes rest_;
};

// Command bytes: what follows in the file. Every command ends on a multiple of 8.
std::string write_file(Script& script) {
    std::string file;
    while (!script.done() && file.size() < kMaxFileBytes) {
        LogRecord record;
        record.segment = kSegment;
        switch (script.byte() % 6) {
            case 0:  // a good record; how far was the file synced when it was written?
                record.synced_offset = file.size() * script.byte() / 255;
                record.first_seqno = script.byte();
                record.payload = script.bytes(script.byte());
                append_log_record(file, file.size(), record);
                break;
            case 1:  // zeros
                file.append(8 * size_t{script.byte()}, '\0');
                break;
            case 2:  // leftovers
                file.append(script.bytes(8 * size_t{script.byte()}));
                file.append((8 - file.size() % 8) % 8, '\0');
                break;
            case 3:  // a record of another segment
                record.segment = kSegment - 1;
                record.payload = script.bytes(script.byte());
                append_log_record(file, file.size(), record);
                break;
            case 4:  // a record that belongs elsewhere in this one
                record.payload = script.bytes(script.byte());
                append_log_record(file, file.size() + 8, record);
                break;
            default:  // damage
                if (!file.empty()) {
                    const size_t at = size_t{script.byte()} * 257 % file.size();
                    file[at] = static_cast<char>(file[at] ^ script.byte());
                }
        }
    }
    return file;
}

std::string good_payload() {
    std::string ops, payload;
    append_put(ops, "key", "value");
    append_put_with_expiry(ops, "key", "value", 5);
    append_delete(ops, "key");
    append_batch(payload, 3, ops);
    append_batch(payload, 3, ops);
    return payload;
}

std::string good_edit() {
    VersionEdit edit;
    edit.last_created_segment = 3;
    edit.oldest_segment = 2;
    edit.flushed_seqno = 99;
    edit.remove(1, 5);
    std::string out;
    edit.encode(out);
    return out;
}

std::string script_record(Bytes payload, int synced) {
    std::string out = {'\0', static_cast<char>(synced), '\1', static_cast<char>(payload.size())};
    return out.append(payload);
}

}  // namespace

std::vector<std::string> seeds() {
    std::string raw(1, '\0'), script(1, '\1');
    for (const std::string& payload :
         {good_payload(), good_edit(), std::string(), good_payload()}) {
        LogRecord record;
        record.segment = kSegment;
        record.synced_offset = raw.size() - 1;
        record.first_seqno = 1;
        record.payload = payload;
        append_log_record(raw, raw.size() - 1, record);
        script += script_record(payload, 255);
    }
    const std::string zeros("\1\4", 2), damage("\5\1\377", 3), stale("\3\3abc", 5);
    std::string header(1 + wal::kSegmentHeaderBytes, '\0');
    wal::encode_segment_header({1, 2, kSegment, {6, 4096, 17}}, header.data() + 1);
    return {raw,
            raw + std::string(64, '\0'),
            header + std::string(8, '\0'),
            script,
            script + zeros,
            script + zeros + script.substr(1),
            script + damage + script.substr(1),
            script + stale + zeros,
            script + damage};
}

}  // namespace kv::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace kv;
    if (size < 2) return 0;
    const Bytes input(reinterpret_cast<const char*>(data), size);
    fuzz::Script script(input.substr(1));
    const bool scripted = (data[0] & 1) != 0;
    const std::string file = scripted ? fuzz::write_file(script) : std::string(input.substr(1));
    wal::SegmentHeader header;
    (void)wal::decode_segment_header(file, fuzz::kSegment, header);
    fuzz::probe_payload(file);
    fuzz::read_log(file, {});
    LogReaderOptions limited;
    limited.end_limit = file.size() / 16 * 8;
    fuzz::read_log(file, limited);
    return 0;
}

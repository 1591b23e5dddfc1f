// Planted corruption: one bit at many places of every kind of file. The store never answers wrong
// and never dies; it refuses to open with a message that names the file, or the reads that meet the
// damage fail and name it, or a torn tail is cut and reported.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "db/regression_fixture.h"
#include "sstable/table_format.h"

using namespace kv;
using namespace kv::test;

namespace {

constexpr int kCompacted = 60;  // keys 0 to 59 in level 1, 0 to 9 stale
constexpr int kFlushed = 90;    // 60 to 89, and 0 to 9 anew, in two of level 0
constexpr int kLogged = 100;    // keys 90 to 99 in the log only, one durable record each

std::string value_of(int i) { return "value " + std::to_string(i) + std::string(90, '.'); }

/// A store on the disk of a process that died.
std::unique_ptr<CrashFileSystem> make_store() {
    RegressionFixture f;
    f.options_.wal_segment_bytes = 12U << 10;
    f.options_.table_bytes = 4U << 10;
    const auto put = [&f](int first, int end) {
        for (int i = first; i < end; ++i) {
            REQUIRE(f.put(numbered_key(i), value_of(i)).status.is_ok());
        }
    };
    f.put_range(0, 10, "stale");  // a read that fails must not find these instead
    put(10, kCompacted);
    REQUIRE(f.db().compact_all().is_ok());
    put(0, 5);
    put(kCompacted, kCompacted + 15);
    REQUIRE(f.db().flush().is_ok());
    put(5, 10);
    put(kCompacted + 15, kFlushed);
    REQUIRE(f.db().flush().is_ok());
    put(kFlushed, kLogged);
    f.settle();
    const StoreStats stats = f.db().stats();
    REQUIRE(stats.levels[0].tables == 2);
    REQUIRE(stats.levels[6].tables >= 2);
    return f.disk_->clone_after_crash(CrashOptions::keep_all());
}

const CrashFileSystem& store() {
    static const std::unique_ptr<CrashFileSystem> disk = make_store();
    return *disk;
}

/// The store on a disk of its own.
struct Damaged : RegressionFixture {
    Damaged() { disk_ = store().clone_after_crash(CrashOptions::keep_all()); }

    void flip(const std::string& name, uint64_t offset) {
        disk_->corrupt(in_db(name), offset, static_cast<uint8_t>(1U << (offset % 8)));
    }
    /// Opens; a refusal has to name the file and be one of the two kinds.
    bool opens(const std::string& name) {
        const Status status = try_open();
        if (status.is_ok()) return true;
        INFO(status.to_string());
        REQUIRE((status.is(Code::kCorruption) || status.is(Code::kUnsupported)));
        REQUIRE(has(status.message(), name));
        return false;
    }
    struct Reads {
        int right = 0, failed = 0, missing = 0, last_right = -1, first_missing = kLogged;
    };
    /// Every key is right, or missing, or its read failed and named `name`; none is ever wrong.
    Reads read_all(const std::string& name) {
        Reads reads;
        for (int i = 0; i < kLogged; ++i) {
            const auto entry = db().get(numbered_key(i));
            if (!entry.is_ok()) {
                INFO(entry.status().to_string());
                REQUIRE((entry.status().is(Code::kCorruption) ||
                         entry.status().is(Code::kUnsupported)));
                REQUIRE(has(entry.status().message(), name));
                ++reads.failed;
            } else if (entry->has_value()) {
                REQUIRE((*entry)->value == value_of(i));
                ++reads.right;
                reads.last_right = i;
            } else {
                ++reads.missing;
                reads.first_missing = std::min(reads.first_missing, i);
            }
        }
        return reads;
    }
};

size_t size_of(const std::string& name) { return content_of(store(), name).size(); }

/// The segment that holds keys 90 to 99, and where its records start.
std::string last_segment(std::vector<uint64_t>& records) {
    std::string last;
    for (const std::string& name : files_ending(store(), ".wal")) {
        if (segment_records(store(), name).size() < 2) continue;
        last = name;
        records = segment_records(store(), name);
    }
    return last;
}

}  // namespace

TEST_CASE("corruption: the store used here is whole") {
    Damaged f;
    REQUIRE(f.opens(""));
    CHECK(f.read_all("").right == kLogged);
}

TEST_CASE("corruption: any byte of the log that was synced is missed, the last record is cut") {
    std::vector<uint64_t> records;
    const std::string name = last_segment(records);
    REQUIRE(records.size() > 11);
    const uint64_t last = records[records.size() - 2];
    const uint64_t end = records.back();
    REQUIRE(size_of(name) > end + 64);
    for (uint64_t offset = 0; offset < size_of(name); offset += offset < end + 64 ? 3 : 509) {
        CAPTURE(name, offset, last, end);
        Damaged f;
        f.flip(name, offset);
        const bool opened = f.opens(name);
        REQUIRE(opened == (offset >= last));
        if (!opened) continue;
        const Damaged::Reads reads = f.read_all(name);
        REQUIRE(f.logged("torn tail"));
        REQUIRE(reads.failed == 0);
        // Nothing after the last record tells that it was synced; behind it there is nothing.
        REQUIRE(reads.missing == (offset < end ? 1 : 0));
        if (offset < end) REQUIRE(reads.first_missing == kLogged - 1);
    }
}

TEST_CASE("corruption: any byte of a table makes reads fail that need it, and no others wrong") {
    const auto tables = files_ending(store(), ".sst");
    REQUIRE(tables.size() >= 4);
    for (const std::string& name : tables) {
        const size_t size = size_of(name);
        const auto footer = sstable::parse_footer(
            Bytes(content_of(store(), name)).substr(size - sstable::kFooterBytes),
            size - sstable::kFooterBytes);
        REQUIRE(footer.is_ok());
        for (uint64_t offset = 0; offset < size; offset += 7) {
            CAPTURE(name, offset, size);
            Damaged f;
            f.flip(name, offset);
            if (!f.opens(name)) continue;
            const Damaged::Reads reads = f.read_all(name);
            REQUIRE(reads.missing == 0);
            REQUIRE(reads.failed > 0);
            if (offset < footer->filter.offset) REQUIRE(reads.right >= kLogged - 12);  // one block
            REQUIRE(has(f.scan(), name));  // ends with the error
            REQUIRE(f.db().stats().state == StoreState::kOk);
            REQUIRE(f.put("later", "1").status.is_ok());
        }
    }
}

TEST_CASE("corruption: what reads meet is counted, and in the log, but not once a read") {
    const std::string name = files_ending(store(), ".sst").front();
    Damaged f;
    f.flip(name, 20);
    REQUIRE(f.opens(name));
    const auto failed = static_cast<uint64_t>(f.read_all(name).failed);
    REQUIRE(failed > 1);
    CHECK(f.db().stats().failed_reads == failed);
    (void)f.scan();
    CHECK(f.db().stats().failed_reads == failed + 1);
    const auto lines = [&] {
        return std::count_if(f.log_.begin(), f.log_.end(), [&](const std::string& line) {
            return has(line, "read failed: ") && has(line, name);
        });
    };
    CHECK(lines() == 1);
    f.clock_.advance_ms(10'000);
    (void)f.scan(ScanOptions(), true);
    CHECK(lines() == 2);
    CHECK(f.logged("(and " + std::to_string(failed) + " more like it since the last line)"));
    const uint64_t before = f.db().stats().failed_reads;
    uint64_t refused = 0;
    for (int i = 0; i < kLogged; ++i) {
        WriteBatch batch;
        batch.increment(numbered_key(i), 1);  // which has to read the key
        const Status status = f.db().write(std::move(batch), Durability::kOs).status;
        if (status.is(Code::kCorruption)) ++refused;
    }
    CHECK(refused >= failed);
    CHECK(f.db().stats().failed_reads == before + refused);
}

TEST_CASE("corruption: a walk within bounds meets no damage outside of them") {
    RegressionFixture f;
    f.options_.table_bytes = 4U << 10;
    for (int i = 0; i < kLogged; ++i) {
        REQUIRE(f.put(numbered_key(i), value_of(i)).status.is_ok());
    }
    REQUIRE(f.db().compact_all().is_ok());
    f.settle();
    const auto tables = manifest_on(*f.disk_)->current()->files(6);
    REQUIRE(tables.size() >= 3);
    for (const FileMetaPtr& table : tables) {
        ScanOptions bounds;
        bounds.lower = table->smallest_user_key();
        bounds.upper = std::string(table->largest_user_key()) + '\0';
        CAPTURE(table->number);
        const std::string content = f.scan(bounds);
        const std::string backwards = f.scan(bounds, true);
        Damaged damaged;
        damaged.disk_ = f.disk_->clone_after_crash(CrashOptions::keep_all());
        for (const FileMetaPtr& other : tables) {
            if (other == table) continue;
            damaged.flip(table_file_name(other->number), other->size_bytes - 10);
        }
        REQUIRE(damaged.opens(""));
        CHECK(damaged.scan(bounds) == content);
        CHECK(damaged.scan(bounds, true) == backwards);
        bounds.upper.reset();
        CHECK((table == tables.back()) != has(damaged.scan(bounds), "checksum mismatch"));
    }
}

TEST_CASE("corruption: any byte of the MANIFEST refuses, or only its last edit is dropped") {
    const auto manifest =
        manifest_file_name(manifest_on(*store().clone_after_crash({}))->file_number());
    const std::string content = content_of(store(), manifest);
    const auto edits = record_offsets(content, 0);
    REQUIRE(edits.size() > 4);
    for (uint64_t offset = 0; offset < content.size(); ++offset) {
        CAPTURE(offset, edits[edits.size() - 2]);
        Damaged f;
        f.flip(manifest, offset);
        const Status status = f.try_open();
        const bool last = offset >= edits[edits.size() - 2];
        INFO(status.to_string());
        if (!last) REQUIRE(has(status.message(), manifest));
        if (!status.is_ok()) {
            REQUIRE((status.is(Code::kCorruption) || status.is(Code::kUnsupported)));
            // No table is lost by the attempt.
            REQUIRE(files_ending(*f.disk_, ".sst").size() + (f.disk_->files("db/lost").size()) >=
                    files_ending(store(), ".sst").size());
            continue;
        }
        REQUIRE(last);
        REQUIRE(f.logged("torn last edit"));
        REQUIRE(f.read_all(manifest).right == kLogged);
    }
}

TEST_CASE("corruption: any byte of CURRENT refuses and names it") {
    for (uint64_t offset = 0; offset < size_of("CURRENT"); ++offset) {
        CAPTURE(offset);
        Damaged f;
        f.flip("CURRENT", offset);
        REQUIRE_FALSE(f.opens("CURRENT"));
    }
}

TEST_CASE(
    "corruption: a compaction that meets damage stops, keeps its inputs and lets writes go on") {
    Damaged f;
    const std::string name = files_ending(*f.disk_, ".sst").back();  // of level 0
    f.flip(name, 20);
    f.options_.level0_compaction_trigger = 2;
    f.open();
    f.settle();
    const StoreStats stats = f.db().stats();
    CHECK(stats.state == StoreState::kOk);
    CHECK(has(stats.state_reason, "compaction"));
    CHECK(has(stats.state_reason, name));
    CHECK(has(stats.state_reason, "offset"));
    CHECK(has(stats.state_reason, "(since 1970-01-01T00:"));  // the clock is a fake
    // The damaged table stays; the older one of level 0 goes its way without it.
    CHECK(stats.levels[0].tables == 1);
    CHECK(f.disk_->files("db/lost").empty());
    CHECK(*f.disk_->exists(in_db(name)));
    REQUIRE(f.put("later", "1").status.is_ok());
    REQUIRE(f.db().flush().is_ok());
    CHECK(f.get("later") == "1");
    CHECK(f.read_all(name).right >= kLogged - 12);
    const Status status = f.db().compact_all();
    CHECK(status.is(Code::kCorruption));
    CHECK(has(status.message(), name));
    f.crash();
    CHECK(f.get("later") == "1");
}

TEST_CASE("corruption: a missing file refuses to open and is named") {
    std::vector<uint64_t> records;
    std::vector<std::string> names = files_ending(store(), ".sst");
    names.push_back("CURRENT");
    names.push_back(manifest_file_name(manifest_on(*store().clone_after_crash({}))->file_number()));
    names.push_back(last_segment(records));
    names.push_back(files_ending(store(), ".wal").back());
    for (const std::string& name : names) {
        CAPTURE(name);
        Damaged f;
        REQUIRE(f.disk_->remove(in_db(name)).is_ok());
        const auto before = f.disk_->files("db");
        CHECK_FALSE(f.opens(name));
        CHECK(f.disk_->files("db") == before);
        f.disk_->write_file(in_db(name), content_of(store(), name));
        f.open();
        CHECK(f.read_all(name).right == kLogged);
    }
}

TEST_CASE("corruption: a missing middle segment of the log refuses to open and is named") {
    RegressionFixture f;
    f.options_.wal_segment_bytes = 4U << 10;
    f.put_range(0, 30, std::string(400, 'v'));
    f.settle();
    f.kill_only();
    const auto segments = files_ending(*f.disk_, ".wal");
    REQUIRE(segments.size() >= 4);
    for (const std::string& name : segments) {
        CAPTURE(name);
        const std::string content = content_of(*f.disk_, name);
        REQUIRE(f.disk_->remove(in_db(name)).is_ok());
        const Status status = f.try_open();
        CHECK(status.is(Code::kCorruption));
        CHECK(has(status.message(), name + ": log segment is missing"));
        f.disk_->write_file(in_db(name), content);
    }
    f.open();
    CHECK(f.count_range(0, 30, std::string(400, 'v')) == 30);
}

TEST_CASE("corruption: a truncated or grown table refuses to open") {
    for (const std::string& name : files_ending(store(), ".sst")) {
        const std::string whole = content_of(store(), name);
        for (const size_t size : {size_t{0}, size_t{1}, whole.size() / 2, whole.size() - 1}) {
            CAPTURE(name, size);
            Damaged f;
            f.disk_->write_file(in_db(name), Bytes(whole).substr(0, size));
            CHECK_FALSE(f.opens(name));
        }
        Damaged f;
        f.disk_->write_file(in_db(name), whole + '\0');
        CHECK_FALSE(f.opens(name));
    }
}

// What a MANIFEST makes of damage, failed writes and crashes.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <set>

#include "record/log_record.h"
#include "support/seed.h"
#include "version/version_fixture.h"

namespace kv {
namespace {

using namespace test;  // NOLINT: the fixture's vocabulary

VersionEdit nth_flush(Manifest& manifest) {
    const Seqno next = manifest.counters().flushed_seqno + 1;
    return flush(table(manifest.allocate_file_number(), "a", "z", next, next + 1));
}

/// A store with `flushes` level 0 tables.
std::unique_ptr<Manifest> small_store(CrashFileSystem& fs, int flushes) {
    auto manifest = make_store(fs);
    for (int i = 0; i < flushes; ++i) {
        if (!manifest->apply(nth_flush(*manifest)).is_ok()) std::abort();
    }
    return manifest;
}

Status open_status(FileSystem& fs) { return Manifest::open(fs, "db", true).status(); }

TEST_CASE("manifest: a missing CURRENT beside data is corruption with advice, never a new store") {
    for (const char* name : {"000001.wal", "000002.sst", "MANIFEST-000002"}) {
        CAPTURE(name);
        const auto fs = make_disk();
        fs->write_file(join_path("db", name), "x");
        const Status status = Manifest::store_exists(*fs, "db").status();
        CHECK(status.is(Code::kCorruption));
        CHECK(contains(status, "db/CURRENT"));
        CHECK(contains(status, name));
        CHECK(contains(status, "kvtool repair DIR"));
    }
    const auto fs = make_disk();
    fs->write_file("db/MANIFEST-000001", "interrupted creation");
    fs->write_file("db/CURRENT.tmp", "kvd");
    fs->write_file("db/LOCK", "");
    CHECK_FALSE(Manifest::store_exists(*fs, "db").value());
    CHECK(open_status(*fs).is(Code::kNotFound));
}

TEST_CASE("manifest: regression row 19: a missing MANIFEST is refused and named") {
    const auto fs = make_disk();
    small_store(*fs, 1);
    REQUIRE(fs->remove(manifest_path(1)).is_ok());
    const Status status = open_status(*fs);
    CHECK(status.is(Code::kCorruption));
    CHECK(contains(status, "db/MANIFEST-000001"));
}

TEST_CASE("manifest: a flip of any byte is corruption, or loses the last edit and says so") {
    const auto fs = make_disk();
    small_store(*fs, 3);
    const std::string bytes = fs->read_file(manifest_path(1)).value();
    std::vector<uint64_t> starts;
    ManifestReader reader = ManifestReader::open(*fs, "db", 1).value();
    for (VersionEdit edit; reader.next(edit).value();) starts.push_back(reader.edit_offset());
    REQUIRE(starts.size() == 4);
    for (size_t i = 0; i < bytes.size(); ++i) {
        CAPTURE(i);
        std::string bad = bytes;
        bad[i] = static_cast<char>(bad[i] ^ 0x04);
        fs->write_file(manifest_path(1), bad);
        const auto opened = Manifest::open(*fs, "db", true);
        if (i < starts.back()) {
            CHECK(opened.status().is(Code::kCorruption));
            CHECK(contains(opened.status(), "db/MANIFEST-000001"));
        } else {
            REQUIRE(opened.is_ok());
            CHECK((*opened)->current()->total_files() == 2);
            CHECK((*opened)->dropped_bytes() > 0);
        }
    }
}

TEST_CASE("manifest: a cut at any byte loses whole edits only, and never part of the snapshot") {
    const auto fs = make_disk();
    small_store(*fs, 3);
    const std::string bytes = fs->read_file(manifest_path(1)).value();
    std::vector<uint64_t> ends;
    ManifestReader reader = ManifestReader::open(*fs, "db", 1).value();
    VersionEdit edit;
    while (reader.next(edit).value()) ends.push_back(reader.edit_offset());
    ends.erase(ends.begin());
    ends.push_back(reader.end().offset);
    for (size_t length = 0; length < bytes.size(); ++length) {
        CAPTURE(length);
        fs->write_file(manifest_path(1), bytes.substr(0, length));
        const auto opened = Manifest::open(*fs, "db", true);
        if (length < ends[0]) {
            CHECK(opened.status().is(Code::kCorruption));
            continue;
        }
        REQUIRE(opened.is_ok());
        const auto whole =
            std::count_if(ends.begin(), ends.end(), [&](uint64_t end) { return end <= length; });
        CHECK((*opened)->current()->total_files() == static_cast<size_t>(whole) - 1);
    }
}

TEST_CASE("manifest: an edit appended after a torn one starts a new file, without the torn bytes") {
    const auto fs = make_disk();
    small_store(*fs, 2);
    std::string bytes = fs->read_file(manifest_path(1)).value();
    fs->write_file(manifest_path(1), bytes.substr(0, bytes.size() - 20));
    auto manifest = Manifest::open(*fs, "db", false).value();
    CHECK(describe(*manifest->current()) == "L0: 2");
    REQUIRE(manifest->apply(nth_flush(*manifest)).is_ok());
    manifest = Manifest::open(*fs, "db", true).value();
    CHECK(manifest->current()->total_files() == 2);
    CHECK(manifest->dropped_bytes() == 0);
}

TEST_CASE("manifest: foreign records, edits without a head and a second head are refused") {
    const auto with_record = [](LogRecordType type, const VersionEdit& edit, bool first) {
        const auto fs = make_disk();
        small_store(*fs, 0);
        std::string payload, bytes = fs->read_file(manifest_path(1)).value();
        if (first) bytes.clear();
        edit.encode(payload);
        LogRecord record;
        record.type = type;
        record.segment = 1;
        record.synced_offset = bytes.size();
        record.payload = payload;
        append_log_record(bytes, bytes.size(), record);
        fs->write_file(manifest_path(1), bytes);
        return open_status(*fs);
    };
    VersionEdit head;
    head.format_version = 1;
    head.database_id = 5;
    head.snapshot_records = 1;
    head.next_file_number = 2;
    CHECK(with_record(LogRecordType::kVersionEdit, head, true).is_ok());
    CHECK(with_record(LogRecordType::kVersionEdit, {}, false).is_ok());
    CHECK(with_record(LogRecordType::kVersionEdit, {}, true).is(Code::kCorruption));
    CHECK(with_record(LogRecordType::kVersionEdit, head, false).is(Code::kCorruption));
    CHECK(with_record(LogRecordType::kCommitGroup, {}, false).is(Code::kCorruption));
    head.next_file_number = 1;
    CHECK(with_record(LogRecordType::kVersionEdit, head, true).is(Code::kCorruption));
    VersionEdit disorder;
    disorder.add(1, table(1, "a", "k", 1, 2));
    disorder.flushed_seqno = 1;
    CHECK(with_record(LogRecordType::kVersionEdit, disorder, false).is(Code::kCorruption));
}

TEST_CASE("manifest: regression row 2: an I/O error while reading it is returned as such") {
    const auto fs = make_disk();
    small_store(*fs, 2);
    for (const char* name : {"db/CURRENT", "db/MANIFEST-000001"}) {
        CAPTURE(name);
        fs->set_fault_hook([name](const Operation& operation) {
            const bool hit = operation.kind == OpKind::kRead && operation.path == name;
            return hit ? Fault::kReadEio : Fault::kNone;
        });
        CHECK(open_status(*fs).is(Code::kIoError));
    }
}

TEST_CASE("manifest: regression rows 7 and 17: a doubtful edit is never built upon") {
    for (const Fault fault : {Fault::kEio, Fault::kShortWrite, Fault::kEnospc, Fault::kSyncFails}) {
        for (const FailedSync mode : {FailedSync::kLoseData, FailedSync::kDurableAnyway}) {
            CAPTURE(static_cast<int>(fault), static_cast<int>(mode));
            const auto fs = make_disk();
            const auto manifest = small_store(*fs, 2);
            fs->set_failed_sync(mode);
            fs->fail_at(fs->operation_count(), fault);
            VersionEdit merge;
            merge.remove(0, 2);
            merge.remove(0, 3);
            merge.add(1, table(manifest->allocate_file_number(), "a", "z", 1, 4));
            const Status failed = manifest->apply(merge);
            CHECK(failed.is(fault == Fault::kEnospc ? Code::kNoSpace : Code::kIoError));
            CHECK(manifest->in_doubt());
            CHECK(describe(*manifest->current()) == "L0: 3 2");
            CHECK(manifest->files().take_obsolete().empty());
            // Whether the edit survived or not, every table it needs is still listed somewhere.
            const auto crashed = fs->clone_after_crash(CrashOptions::random(1));
            const std::string state =
                describe(*Manifest::open(*crashed, "db", true).value()->current());
            CHECK((state == "L0: 3 2" || state == "L1: 4"));

            const uint64_t from = fs->operation_count();
            REQUIRE(manifest->apply(merge).is_ok());
            CHECK_FALSE(manifest->in_doubt());
            CHECK(fs->journal_text("db", from).find("MANIFEST-000001") == std::string::npos);
            CHECK(describe(*manifest->current()) == "L1: 4");
            CHECK(manifest->files().take_obsolete().size() == 3);
            const auto after = fs->clone_after_crash(CrashOptions::lose_all());
            CHECK(describe(*Manifest::open(*after, "db", true).value()->current()) == "L1: 4");
        }
    }
}

TEST_CASE("manifest: stays in doubt while new files fail, at any operation, and then recovers") {
    const uint64_t operations = [] {
        const auto fs = make_disk();
        small_store(*fs, 2);
        const auto manifest = Manifest::open(*fs, "db", false).value();
        const uint64_t from = fs->operation_count();
        REQUIRE(manifest->apply(nth_flush(*manifest)).is_ok());
        return fs->operation_count() - from;
    }();
    REQUIRE(operations >= 9);
    for (uint64_t nth = 0; nth < operations; ++nth) {
        CAPTURE(nth);
        const auto fs = make_disk();
        small_store(*fs, 2);
        const auto manifest = Manifest::open(*fs, "db", false).value();
        const VersionEdit edit = nth_flush(*manifest);
        fs->fail_at(fs->operation_count() + nth, Fault::kEio);
        CHECK_FALSE(manifest->apply(edit).is_ok());
        CHECK(manifest->in_doubt());
        for (uint64_t seed = 0; seed < 8; ++seed) {
            const auto crashed = fs->clone_after_crash(CrashOptions::random(seed));
            const auto opened = Manifest::open(*crashed, "db", true);
            REQUIRE(opened.is_ok());
            const std::string state = describe(*(*opened)->current());
            CHECK((state == "L0: 3 2" || state == "L0: 4 3 2"));
        }
        REQUIRE(manifest->apply(edit).is_ok());
        CHECK_FALSE(manifest->in_doubt());
        // The MANIFEST before and each failed attempt may go, the one in force may not.
        std::set<uint64_t> retired;
        for (const FileName& file : manifest->files().take_obsolete()) retired.insert(file.number);
        CHECK(retired.count(1) == 1);
        CHECK(retired.count(manifest->file_number()) == 0);
        const auto crashed = fs->clone_after_crash(CrashOptions::lose_all());
        CHECK(describe(*Manifest::open(*crashed, "db", true).value()->current()) == "L0: 4 3 2");
    }
}

TEST_CASE("manifest: a crash at any operation gives the last acknowledged edit or the one begun") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    const auto fs = make_disk();
    uint64_t acknowledged = 0, crashes = 0;
    bool created = false;
    fs->set_before_op_hook([&](const Operation& operation) {
        for (uint64_t i = 0; i < 3; ++i) {
            CAPTURE(operation.index, i, to_string(operation));
            const auto crashed =
                fs->clone_after_crash(CrashOptions::random(seed + operation.index * 3 + i));
            const Result<bool> exists = Manifest::store_exists(*crashed, "db");
            REQUIRE(exists.is_ok());
            REQUIRE((*exists || !created));
            if (!*exists) continue;
            const auto opened = Manifest::open(*crashed, "db", false);
            INFO(opened.status().to_string());
            REQUIRE(opened.is_ok());
            const uint64_t tables = (*opened)->current()->total_files();
            REQUIRE((tables == acknowledged || tables == acknowledged + 1));
            ++crashes;
        }
    });
    ManifestOptions options;
    options.roll_bytes = 1500;
    auto manifest = Manifest::create_new(*fs, "db", 7, options).value();
    created = true;
    Random random(seed);
    for (int i = 0; i < 40; ++i) {
        if (random.one_in(6)) manifest = Manifest::open(*fs, "db", false, options).value();
        REQUIRE(manifest->apply(nth_flush(*manifest)).is_ok());
        ++acknowledged;
    }
    CHECK(crashes > 200);
}

}  // namespace
}  // namespace kv

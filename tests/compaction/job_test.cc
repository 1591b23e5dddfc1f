// CompactionJob on a simulated disk: what it writes, what it drops, and that a failure leaves
// nothing behind.
// SPDX-License-Identifier: Apache-2.0
#include "compaction/job.h"

#include <catch2/catch.hpp>
#include <map>

#include "base/random.h"
#include "compaction/table_store.h"
#include "support/seed.h"
#include "version/order_check.h"

namespace kv {
namespace {

using test::TableStore;

/// Every table of levels 0 and `output_level` - 1 and `output_level`, into `output_level`.
CompactionPlan plan_all(const TableStore& store, int output_level) {
    CompactionPlan plan;
    plan.output_level = output_level;
    const VersionPtr version = store.version();
    for (int level = 0; level <= output_level; ++level) {
        for (const FileMetaPtr& file : version->files(level)) plan.inputs.push_back({level, file});
    }
    return plan;
}

Result<CompactionResult> run(TableStore& store, const CompactionPlan& plan,
                             const DropRules& rules = {{}, 1000, 1000, {}},
                             uint64_t table_bytes = 1 << 20,
                             const std::atomic<bool>* cancel = nullptr) {
    CompactionJobOptions options;
    options.table = store.table_options;
    options.table_bytes = table_bytes;
    CompactionJob job(store.context(cancel), plan, store.version(), rules, options);
    return job.run();
}

std::string run_text(TableStore& store, int output_level,
                     const DropRules& rules = {{}, 1000, 1000, {}}) {
    const auto result = run(store, plan_all(store, output_level), rules);
    REQUIRE(result.status().to_string() == "ok");
    CHECK(result->counters.balanced());
    return store.edit_text(result->edit);
}

}  // namespace

TEST_CASE("compaction job: the newest version of every key wins, whatever its level") {
    TableStore store;
    store.add_table(1, "a@1=old b@2=keep d@3=old");
    store.add_table(0, "a@4=mid c@5=keep");
    store.add_table(0, "a@6=new d@7x");
    const auto result = run(store, plan_all(store, 1));
    REQUIRE(result.is_ok());
    CHECK(store.edit_text(result->edit) == "[a@6=new b@2=keep c@5=keep]");
    CHECK(result->counters.entries_in == 7);
    CHECK(result->counters.entries_out == 3);
    CHECK(result->counters.dropped_shadowed == 3);
    CHECK(result->counters.dropped_tombstone == 1);

    REQUIRE(result->edit.removed.size() == 3);
    CHECK(result->edit.removed[0] == RemovedFile{0, 3});
    CHECK(result->edit.removed[1] == RemovedFile{0, 2});
    CHECK(result->edit.removed[2] == RemovedFile{1, 1});
    CHECK(result->edit.added.at(0).level == 1);
    CHECK(result->edit.added.at(0).meta.reason == TableReason::kCompaction);
    CHECK(result->bytes_written == result->edit.added[0].meta.size_bytes);
}

TEST_CASE("compaction job: snapshots keep what they see") {
    TableStore store;
    store.add_table(1, "a@1=one b@2=two");
    store.add_table(0, "a@9x a@5=five b@8=eight");
    CHECK(run_text(store, 1, {{6, 1}, 1000, 1000, {}}) ==
          "[a@9x a@5=five a@1=one b@8=eight b@2=two]");
    CHECK(run_text(store, 1, {{6}, 1000, 1000, {}}) == "[a@9x a@5=five b@8=eight b@2=two]");
}

TEST_CASE("compaction job: a tombstone stays while a deeper table may hold its key") {
    TableStore store;
    store.add_table(3, "b@1=deep d@2=deep");
    store.add_table(1, "a@5x c@6x e@7x");
    CHECK(run_text(store, 1) == "[c@6x]");
}

TEST_CASE("compaction job: a tombstone stays while an older level 0 table may hold its key") {
    TableStore store;
    store.add_table(0, "b@1=old");
    const FileMetaPtr newer = store.add_table(0, "b@5x c@6x");
    CompactionPlan plan;
    plan.inputs.push_back({0, newer});
    const auto result = run(store, plan);
    REQUIRE(result.is_ok());
    CHECK(store.edit_text(result->edit) == "[b@5x]");
}

TEST_CASE("compaction job: expired entries go, or become tombstones over older versions") {
    TableStore store;
    store.add_table(2, "b@1=deep");
    store.add_table(1, "a@5=gone!1000 b@6=gone!999 c@7=stays!1001");
    const auto result = run(store, plan_all(store, 1));
    REQUIRE(result.is_ok());
    CHECK(store.edit_text(result->edit) == "[b@6x c@7=stays!1001]");
    CHECK(result->counters.dropped_expired == 1);
    CHECK(result->counters.expired_to_tombstone == 1);
    CHECK(result->edit.added[0].meta.tombstones == 1);
    CHECK(result->edit.added[0].meta.earliest_expiry_ms == 1001);
}

// Row 15 of the list of bugs: an empty output is no file at all.
TEST_CASE("compaction job: nothing left means no output file") {
    TableStore store;
    store.add_table(1, "a@1=v b@2=v");
    store.add_table(0, "a@5x b@6x");
    const auto files_before = store.fs.files("db");
    const auto result = run(store, plan_all(store, 1));
    REQUIRE(result.is_ok());
    CHECK(result->edit.added.empty());
    CHECK(result->edit.removed.size() == 2);
    CHECK(store.fs.files("db") == files_before);
    CHECK(result->bytes_written == 0);
}

// Row 10 of the list of bugs: one user key in two tables of a level.
TEST_CASE("compaction job: outputs are bounded, and no user key is in two of them") {
    TableStore store;
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    Random random(seed);
    std::vector<test::TextEntry> entries;
    DropRules rules{{}, 100'000, 1000, {}};
    for (Seqno s = 1; s < 5000; s += 7) rules.snapshots.push_back(s);
    for (uint64_t key = 0; key < 60; ++key) {
        for (uint64_t i = 1 + random.next() % 60; i > 0; --i) {
            entries.push_back(
                {make_internal_key("key" + std::to_string(100 + key), i * 80 + key, Kind::kPut),
                 test::random_bytes(random, 100)});
        }
    }
    store.table_options.block_size_bytes = 512;
    store.add_table(1, entries);
    const auto result = run(store, plan_all(store, 2), rules, 8 << 10);
    REQUIRE(result.is_ok());
    CHECK(result->edit.added.size() > 5);
    CHECK(result->counters.entries_out == entries.size());
    for (size_t i = 0; i < result->edit.added.size(); ++i) {
        const FileMeta& meta = result->edit.added[i].meta;
        CHECK(meta.size_bytes < (8 << 10) + 60 * 120 + 4096);  // one key's versions, and the tail
        if (i == 0) continue;
        CHECK(result->edit.added[i - 1].meta.largest_user_key() < meta.smallest_user_key());
    }
}

TEST_CASE("compaction job: an output ends before it meets too much of the level below") {
    TableStore store;
    store.add_table(1, "a@11=v b@12=v c@13=v d@14=v e@15=v");
    CompactionPlan plan = plan_all(store, 2);
    for (const char* key : {"a", "b", "c", "d"}) {
        FileMeta below;
        below.size_bytes = 60'000;
        below.smallest = below.largest = make_internal_key(key, 1, Kind::kPut);
        plan.below.push_back(std::make_shared<const FileMeta>(below));
    }
    const auto result = run(store, plan, {{}, 1000, 1000, {}}, 10'000);
    REQUIRE(result.is_ok());
    CHECK(store.edit_text(result->edit) == "[a@11=v b@12=v][c@13=v d@14=v][e@15=v]");
}

TEST_CASE("compaction job: a move changes the level and touches no file") {
    TableStore store;
    const FileMetaPtr file = store.add_table(1, "a@1=v b@2x");
    CompactionPlan plan = plan_all(store, 2);
    plan.move_only = true;
    const uint64_t operations = store.fs.operation_count();
    const auto result = run(store, plan);
    REQUIRE(result.is_ok());
    CHECK(store.fs.operation_count() == operations);
    REQUIRE(result->edit.added.size() == 1);
    CHECK(result->edit.added[0] == AddedFile{2, *file});
    CHECK(result->edit.removed.at(0) == RemovedFile{1, file->number});
    CHECK(discard_outputs(store.fs, "db", *result).is_ok());
    CHECK(store.table_text(*file) == "a@1=v b@2x");
}

// Row 6 of the list of bugs: the order of engine.md 7, as far as it is the job's.
TEST_CASE("compaction job: outputs are synced before their directory, and nothing is removed") {
    TableStore store;
    store.add_table(1, "a@1=v");
    store.add_table(0, "b@2=v");
    const uint64_t start = store.fs.operation_count();
    REQUIRE(run(store, plan_all(store, 1)).is_ok());
    CHECK(store.fs.journal_text("db", start) ==
          "create 000003.sst\nwrite 000003.sst\nsync 000003.sst\nsync_dir .\n");
    const auto crashed = store.fs.clone_after_crash(test::CrashOptions::lose_all());
    CHECK(crashed->files("db") ==
          std::vector<std::string>{"000001.sst", "000002.sst", "000003.sst"});
}

TEST_CASE("compaction job: cancelled, it leaves no output") {
    TableStore store;
    store.add_table(1, "a@1=v b@2=v");
    const std::atomic<bool> cancel{true};
    const auto files_before = store.fs.files("db");
    CHECK(run(store, plan_all(store, 2), {}, 1 << 20, &cancel).status().is(Code::kCancelled));
    CHECK(store.fs.files("db") == files_before);
}

TEST_CASE("compaction job: cancelled half-way, it stops within a slice and leaves no output") {
    TableStore store;
    std::vector<test::TextEntry> entries;
    for (int i = 0; i < 20'000; ++i) {
        entries.push_back(
            {make_internal_key(std::to_string(100'000 + i), 1 + static_cast<Seqno>(i), Kind::kPut),
             std::string(50, 'v')});
    }
    store.add_table(1, entries);
    const auto files_before = store.fs.files("db");
    std::atomic<bool> cancel{false};
    store.fs.set_before_op_hook([&](const test::Operation& operation) {
        if (operation.kind == test::OpKind::kSync) cancel = true;
    });
    CHECK(run(store, plan_all(store, 2), {{}, 100'000, 1, {}}, 100'000, &cancel)
              .status()
              .is(Code::kCancelled));
    CHECK(store.fs.files("db") == files_before);
}

// Row 9 of the list of bugs: an input that ends early must not shrink the store.
TEST_CASE("compaction job: an input with fewer entries than the MANIFEST says commits nothing") {
    TableStore store;
    FileMeta meta = *store.add_table(1, "a@1=v b@2=v");
    ++meta.entries;
    CompactionPlan plan;
    plan.output_level = 2;
    plan.inputs.push_back({1, std::make_shared<const FileMeta>(meta)});
    const auto files_before = store.fs.files("db");
    const auto result = run(store, plan);
    CHECK(result.status().is(Code::kCorruption));
    CHECK(result.status().message().find("000001.sst") != std::string::npos);
    CHECK(store.fs.files("db") == files_before);
}

TEST_CASE("compaction job: a damaged input stops the job, is named, and stays") {
    TableStore store;
    std::vector<test::TextEntry> entries;
    for (int i = 0; i < 2000; ++i) {
        entries.push_back(
            {make_internal_key(std::to_string(10'000 + i), 5, Kind::kPut), std::string(50, 'v')});
    }
    store.add_table(1, entries);
    store.add_table(2, "10000@1=old 99999@2=old");
    const auto files_before = store.fs.files("db");
    store.fs.corrupt("db/000001.sst", 70'000);
    const auto result = run(store, plan_all(store, 2), {{}, 1000, 1, {}}, 20'000);
    CHECK(result.status().is(Code::kCorruption));
    CHECK(result.status().message().find("000001.sst") != std::string::npos);
    CHECK(store.fs.files("db") == files_before);
}

TEST_CASE("compaction job: a fault at any operation leaves the inputs and nothing else") {
    const test::Fault fault = GENERATE(test::Fault::kEio, test::Fault::kEnospc,
                                       test::Fault::kShortWrite, test::Fault::kSyncFails);
    for (uint64_t at = 0;; ++at) {
        CAPTURE(at, static_cast<int>(fault));
        TableStore store;
        store.table_options.block_size_bytes = 64;
        store.add_table(1, "a@1=v b@2=v c@3=v d@4=v");
        store.add_table(0, "a@5=w b@6=w e@7x");
        const auto files_before = store.fs.files("db");
        const uint64_t start = store.fs.operation_count();
        store.fs.fail_at(start + at, fault);
        const auto result = run(store, plan_all(store, 1), {{}, 1000, 1, {}}, 64);
        if (store.fs.faults_hit() == 0) {
            REQUIRE(result.is_ok());
            break;
        }
        CHECK_FALSE(result.is_ok());
        CHECK(store.fs.files("db") == files_before);
    }
}

TEST_CASE("compaction job: a refused edit's outputs can be removed again") {
    TableStore store;
    store.add_table(1, "a@1=v");
    const auto files_before = store.fs.files("db");
    const auto result = run(store, plan_all(store, 2));
    REQUIRE(result.is_ok());
    CHECK(discard_outputs(store.fs, "db", *result).is_ok());
    CHECK(store.fs.files("db") == files_before);
}

TEST_CASE("compaction job: a merge of random tables reads like the tables it replaces") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 30; ++round) {
        TableStore store;
        store.table_options.block_size_bytes = 128;
        std::map<std::string, std::string> model;  // key -> value of the newest put
        Seqno seqno = 0;
        for (int table = 0; table < 5; ++table) {
            std::map<std::string, test::TextEntry> entries;  // by internal key: newest first
            for (int i = 0; i < 40; ++i) {
                const std::string key = "k" + std::to_string(10 + random.next() % 50);
                const bool put = random.next() % 3 != 0;
                const std::string value = put ? "v" + std::to_string(seqno) : "";
                const std::string internal =
                    make_internal_key(key, ++seqno, put ? Kind::kPut : Kind::kDelete);
                entries[internal] = {internal, value};
                put ? void(model[key] = value) : void(model.erase(key));
            }
            std::vector<test::TextEntry> sorted;
            for (auto& [key, entry] : entries) sorted.push_back(entry);
            store.add_table(table == 0 ? 1 : 0, sorted);
        }
        const auto result = run(store, plan_all(store, 1), {{}, seqno, 1, {}}, 256);
        REQUIRE(result.status().to_string() == "ok");
        const VersionPtr before = store.version();
        const auto after = before->with_edit(result->edit, nullptr);
        REQUIRE(after.is_ok());
        CHECK(check_step(*before, result->edit, **after).to_string() == "ok");
        std::string expected;
        for (const auto& [key, value] : model) expected += key + "=" + value + " ";
        std::string actual;
        for (const AddedFile& added : result->edit.added) {
            for (const test::TextEntry& entry : test::parse_entries(store.table_text(added.meta))) {
                actual += std::string(user_key_of(entry.key)) + "=" + entry.value + " ";
            }
        }
        CHECK(actual == expected);
    }
}

}  // namespace kv

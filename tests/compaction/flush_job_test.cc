// write_level0_table on a simulated disk.
// SPDX-License-Identifier: Apache-2.0
#include "compaction/flush_job.h"

#include <catch2/catch.hpp>
#include <map>

#include "compaction/table_store.h"
#include "iterator/merging_iterator.h"
#include "memtable/memtable.h"
#include "support/seed.h"

namespace kv {
namespace {

using test::TableStore;

/// Entries in memory, as a memtable would show them; fails after the last one if told so.
class VectorIterator final : public InternalIterator {
  public:
    VectorIterator(const std::string& text, Status end = Status::ok())
        : entries_(test::parse_entries(text)), end_(std::move(end)) {}
    FlushSource as_source() { return {*this, entries_.size()}; }
    bool valid() const override { return position_ < entries_.size(); }
    Status status() const override { return valid() ? Status::ok() : end_; }
    void seek_to_first() override { position_ = 0; }
    void seek_to_last() override { position_ = entries_.size() - 1; }
    void seek(Bytes) override { position_ = entries_.size(); }
    void seek_for_prev(Bytes) override { position_ = entries_.size(); }
    void next() override { ++position_; }
    void prev() override { --position_; }
    Bytes key() const override { return entries_[position_].key; }
    Bytes value() const override { return entries_[position_].value; }

  private:
    const std::vector<test::TextEntry> entries_;
    const Status end_;
    size_t position_ = 0;
};

Result<FlushResult> flush(TableStore& store, const std::string& entries,
                          const DropRules& rules = {{}, 1000, 1000, {}}) {
    VectorIterator source(entries);
    TableOptions options = store.table_options;
    options.reason = TableReason::kFlush;
    return write_level0_table(store.fs, "db", 7, source.as_source(), rules, options);
}

}  // namespace

TEST_CASE("flush: a memtable becomes one durable table") {
    TableStore store;
    const uint64_t start = store.fs.operation_count();
    const auto result = flush(store, "a@3=x b@1=y c@2x");
    REQUIRE(result.is_ok());
    REQUIRE(result->file.has_value());
    CHECK(result->file->number == 7);
    CHECK(result->file->reason == TableReason::kFlush);
    CHECK(result->file->largest_seqno == 3);
    CHECK(result->file->tombstones == 1);
    CHECK(store.table_text(*result->file) == "a@3=x b@1=y c@2x");
    const auto crashed = store.fs.clone_after_crash(test::CrashOptions::lose_all());
    CHECK(crashed->files("db") == std::vector<std::string>{"000007.sst"});
    CHECK(store.fs.journal_text("db", start) ==
          "create 000007.sst\nwrite 000007.sst\nsync 000007.sst\nsync_dir .\n");
}

TEST_CASE("flush: an empty source makes no file") {
    TableStore store;
    const auto result = flush(store, "");
    REQUIRE(result.is_ok());
    CHECK_FALSE(result->file.has_value());
    CHECK(store.fs.files("db").empty());
}

TEST_CASE("flush: shadowed versions are left out, tombstones never") {
    TableStore store;
    DropRules rules{{4}, 1000, 1000, [](Bytes) { return false; }};
    const auto result = flush(store, "a@9x a@8=v a@4=v a@3=v b@5=e!900", rules);
    REQUIRE(result.is_ok());
    CHECK(store.table_text(*result->file) == "a@9x a@4=v b@5x");
    CHECK(result->counters.entries_in == 5);
    CHECK(result->counters.dropped_shadowed == 2);
    CHECK(result->counters.expired_to_tombstone == 1);
}

TEST_CASE("flush: what is not published yet is kept whole") {
    TableStore store;
    const auto result = flush(store, "a@9=n a@8=m a@3=l a@2=k", {{}, 3, 1000, {}});
    REQUIRE(result.is_ok());
    CHECK(store.table_text(*result->file) == "a@9=n a@8=m a@3=l");
}

TEST_CASE("flush: a source that fails at its end makes no table") {
    TableStore store;
    VectorIterator source("a@1=v b@2=v", Status::io_error("the source is gone"));
    const auto result =
        write_level0_table(store.fs, "db", 7, source.as_source(), {{}, 10, 1, {}}, {});
    CHECK(result.status().is(Code::kIoError));
    CHECK(store.fs.files("db").empty());
}

TEST_CASE("flush: a malformed or misplaced entry makes no table") {
    TableStore store;
    CHECK(flush(store, "b@1=v a@2=v").status().is(Code::kCorruption));
    CHECK(flush(store, "a@0=v").status().is(Code::kCorruption));
    CHECK(store.fs.files("db").empty());
}

TEST_CASE("flush: a walk that shows fewer entries than there are makes no table") {
    TableStore store;
    VectorIterator source("a@1=v b@2=v");
    const auto result = write_level0_table(store.fs, "db", 7, {source, 3}, {{}, 10, 1, {}}, {});
    CHECK(result.status().is(Code::kCorruption));
    CHECK(result.status().to_string().find("2 entries of 3") != std::string::npos);
    CHECK(store.fs.files("db").empty());
}

TEST_CASE(
    "flush: versions that a memtable passes over are dropped and counted as if each was met") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 60; ++round) {
        CAPTURE(round);
        Memtable memtable;
        const Seqno last = 1 + random.below(300);
        const uint64_t keys = 1 + random.below(40);
        std::string entries;
        std::map<std::pair<uint64_t, Seqno>, std::string> sorted;
        for (Seqno seqno = 1; seqno <= last; ++seqno) {
            const uint64_t key = random.below(keys);
            const bool is_delete = random.below(4) == 0;
            const std::string user_key = "k" + std::to_string(1000 + key);
            memtable.add(user_key, seqno, is_delete ? Kind::kDelete : Kind::kPut,
                         is_delete ? "" : "v");
            sorted[{key, last - seqno}] =
                user_key + "@" + std::to_string(seqno) + (is_delete ? "x " : "=v ");
        }
        for (const auto& [place, text] : sorted) entries += text;
        DropRules rules{{}, random.below(3) == 0 ? random.below(last + 1) : last, 1000, {}};
        for (uint64_t i = random.below(4); i > 0; --i)
            rules.snapshots.push_back(1 + random.below(last));
        TableStore one_by_one, passing;
        const auto expected = flush(one_by_one, entries, rules);
        const auto walk = memtable.new_iterator();
        const auto found = write_level0_table(passing.fs, "db", 7, {*walk, memtable.entries()},
                                              rules, passing.table_options);
        REQUIRE(expected.is_ok());
        REQUIRE(found.status().to_string() == "ok");
        CHECK(passing.table_text(*found->file) == one_by_one.table_text(*expected->file));
        CHECK(found->counters.entries_in == expected->counters.entries_in);
        CHECK(found->counters.dropped_shadowed == expected->counters.dropped_shadowed);
    }
}

// Row 9 of the list of bugs: the return code of the sync counts.
TEST_CASE("flush: a fault at any operation leaves no file") {
    const test::Fault fault = GENERATE(test::Fault::kEio, test::Fault::kEnospc,
                                       test::Fault::kShortWrite, test::Fault::kSyncFails);
    for (uint64_t at = 0;; ++at) {
        CAPTURE(at, static_cast<int>(fault));
        TableStore store;
        store.fs.fail_at(store.fs.operation_count() + at, fault);
        const auto result = flush(store, "a@3=x b@1=y c@2x");
        if (store.fs.faults_hit() == 0) {
            REQUIRE(result.is_ok());
            break;
        }
        CHECK_FALSE(result.is_ok());
        CHECK(store.fs.files("db").empty());
    }
}

}  // namespace kv

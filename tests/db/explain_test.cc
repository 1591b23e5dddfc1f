// Explained reads: kv/explain.h.
// SPDX-License-Identifier: Apache-2.0
#include "kv/explain.h"

#include "db_fixture.h"

using namespace kv;
using namespace kv::test;

namespace {

using Outcome = GetExplanation::Outcome;

class Explained : public DbFixture {
  public:
    GetExplanation explain(Bytes key, const ReadOptions& options = {}) {
        const auto explanation = db().explain_get(key, options);
        INFO(explanation.status().to_string());
        REQUIRE(explanation.is_ok());
        return *explanation;
    }
};

}  // namespace

TEST_CASE_METHOD(Explained, "explain get: names the outcome and what decided it") {
    put("live", "value");
    put("gone", "1");
    REQUIRE(db().del("gone").status.is_ok());
    put("ranged", "1");
    WriteBatch batch;
    batch.delete_range("ranged", "rangedz");
    batch.put_with_expiry("old", "1", clock_.wall_ms() + 5);
    REQUIRE(db().write(std::move(batch)).status.is_ok());
    clock_.advance_ms(10);

    const GetExplanation live = explain("live");
    CHECK(live.outcome == Outcome::kLive);
    CHECK(live.value_bytes == 5);
    CHECK(live.source == "active memtable");
    CHECK(live.memtables == 1);
    CHECK(live.tables.empty());
    CHECK(explain("gone").outcome == Outcome::kDeleted);
    CHECK(explain("ranged").outcome == Outcome::kDeletedByRange);
    CHECK(explain("old").outcome == Outcome::kExpired);
    CHECK(explain("never").outcome == Outcome::kAbsent);
    CHECK(explain("never").source.empty());
}

TEST_CASE_METHOD(Explained, "explain get: tells of filters, blocks and tables") {
    put("a", "1");
    put("c", "1");
    REQUIRE(db().flush().is_ok());
    put("x", "1");
    put("z", "1");
    REQUIRE(db().flush().is_ok());

    const GetExplanation first = explain("a");
    CHECK(first.outcome == Outcome::kLive);
    REQUIRE(first.tables.size() == 1);
    CHECK(first.tables[0].found);
    CHECK(first.tables[0].filter_asked);
    CHECK(first.tables[0].disk_blocks == 1);
    CHECK(first.tables_passed_over == 1);
    CHECK(first.source.find("table ") == 0);
    CHECK(explain("a").tables[0].cached_blocks == 1);
    CHECK(explain("a").tables[0].disk_blocks == 0);

    const GetExplanation missing = explain("b");
    CHECK(missing.outcome == Outcome::kAbsent);
    REQUIRE(missing.tables.size() == 1);
    CHECK(missing.tables[0].filter_skipped);
}

TEST_CASE_METHOD(Explained, "explain get: reads at a snapshot and without the disk like get") {
    put("k", "1");
    ReadOptions before{.snapshot = db().snapshot()};
    REQUIRE(db().del("k").status.is_ok());
    CHECK(explain("k").outcome == Outcome::kDeleted);
    CHECK(explain("k", before).outcome == Outcome::kLive);
    before.snapshot = nullptr;
    REQUIRE(db().flush().is_ok());
    reopen();
    before.cache_only = true;
    CHECK(db().explain_get("k", before).status().is(Code::kWouldBlock));
}

TEST_CASE_METHOD(Explained, "explain get: reads as text, a line for each table") {
    put("a", "1");
    put("c", "1");
    REQUIRE(db().flush().is_ok());
    const std::string text = to_text(explain("a"));
    CHECK(text.find("live, decided by seqno 1 in table ") == 0);
    CHECK(text.find("filter says maybe, found, blocks: 0 cached, 1 from disk") !=
          std::string::npos);
    CHECK(to_text(explain("b")).find("filter says no") != std::string::npos);
}

TEST_CASE_METHOD(Explained,
                 "explain scan: counts entries, what it passed over, tables and blocks") {
    for (char key = 'a'; key <= 'j'; ++key) put(Bytes(&key, 1), std::string(100, key));
    REQUIRE(db().flush().is_ok());
    REQUIRE(db().del("c").status.is_ok());
    put("d", "newer");
    ScanOptions options;
    options.upper.emplace("h");
    const auto cold = db().explain_scan(options, 100);
    REQUIRE(cold.is_ok());
    CHECK(cold->entries == 6);
    CHECK(cold->passed_over >= 3);  // the tombstone of c, and what it and d hide
    CHECK(cold->memtables == 1);
    CHECK(cold->tables_by_level[0] == 1);
    CHECK(cold->disk_blocks > 0);
    CHECK(db().explain_scan(options, 2)->entries == 2);
    options.lower.emplace("x");
    options.upper.reset();
    CHECK(db().explain_scan(options, 100)->tables_by_level[0] == 0);
    CHECK(to_text(*cold).find("6 entries, ") == 0);
}

TEST_CASE_METHOD(Explained, "explain scan: says when the budget of dead entries ended it") {
    for (char key = 'a'; key <= 'j'; ++key) REQUIRE(db().del(Bytes(&key, 1)).status.is_ok());
    put("z", "1");
    ScanOptions options;
    options.max_skipped = 4;
    const auto cut = db().explain_scan(options, 100);
    REQUIRE(cut.is_ok());
    CHECK(cut->budget_exhausted);
    CHECK(cut->entries == 0);
    CHECK(to_text(*cut).find("0 entries, 4 passed over, which ended the walk\n") == 0);
    options.max_skipped = 0;
    const auto whole = db().explain_scan(options, 100);
    CHECK_FALSE(whole->budget_exhausted);
    CHECK(whole->entries == 1);
}

// Range tombstones through flush and compaction: what they hide is dropped, what they may still
// hide keeps them, and the outputs together cover what the inputs did.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <map>

#include "base/random.h"
#include "compaction/flush_job.h"
#include "compaction/job.h"
#include "compaction/range_merge.h"
#include "compaction/table_store.h"
#include "memtable/memtable.h"
#include "support/seed.h"
#include "version/order_check.h"

namespace kv {
namespace {

using test::TableStore;

DropRules rules_at(std::vector<Seqno> snapshots, Seqno published = 1000) {
    DropRules rules;
    rules.snapshots = std::move(snapshots);
    rules.published = published;
    return rules;
}

/// Everything of levels 0 to `output_level` into it.
Result<CompactionResult> merge(TableStore& store, int output_level, const DropRules& rules,
                               uint64_t table_bytes = 1 << 20, size_t parts = 1) {
    CompactionPlan plan;
    plan.output_level = output_level;
    const VersionPtr version = store.version();
    for (int level = 0; level <= output_level; ++level) {
        for (const FileMetaPtr& file : version->files(level)) plan.inputs.push_back({level, file});
    }
    CompactionJobOptions options;
    options.table = store.table_options;
    options.table_bytes = table_bytes;
    CompactionJob job(store.context(), plan, version, rules, options);
    Status status = job.prepare(parts);
    REQUIRE(status.to_string() == "ok");
    // The parts take turns, as they do on one thread.
    std::vector<size_t> left;
    for (size_t part = 0; part < job.parts(); ++part) left.push_back(part);
    while (!left.empty()) {
        std::vector<size_t> more;
        for (const size_t part : left) {
            const auto slice = job.run_slice(part);
            REQUIRE(slice.status().to_string() == "ok");
            if (*slice) more.push_back(part);
        }
        left = more;
    }
    auto result = job.finish(status);
    REQUIRE(result.status().to_string() == "ok");
    CHECK(result->counters.balanced());
    const auto after = version->with_edit(result->edit, nullptr);
    REQUIRE(after.is_ok());
    CHECK(check_step(*version, result->edit, **after).to_string() == "ok");
    CHECK(check_order(**after).to_string() == "ok");
    return result;
}

std::string merge_text(TableStore& store, int output_level, const DropRules& rules = rules_at({})) {
    return store.edit_text(merge(store, output_level, rules)->edit);
}

}  // namespace

TEST_CASE("range job: what a range tombstone covers is dropped, and the tombstone at the bottom") {
    TableStore store;
    store.add_table(1, "a@1=v b@2=v c@3=v d@4=v");
    store.add_table(0, "b@9=new [b-d)@8");
    const auto result = merge(store, 1, rules_at({}));
    CHECK(store.edit_text(result->edit) == "[a@1=v b@9=new d@4=v]");
    CHECK(result->counters.dropped_covered == 1);  // c; b@2 is shadowed
    CHECK(result->counters.forgotten_ranges == 1);
}

TEST_CASE("range job: a range tombstone stays while a deeper table may hold a key of it") {
    TableStore store;
    store.add_table(3, "c@1=deep");
    store.add_table(1, "b@2=v");
    store.add_table(0, "a@3=v [b-d)@8 [x-z)@9");
    CHECK(merge_text(store, 1) == "[a@3=v [b-d)@8]");
}

TEST_CASE("range job: a deeper table that only begins where the tombstone ends does not keep it") {
    TableStore store;
    store.add_table(3, "d@1=deep");
    store.add_table(0, "a@3=v [b-d)@8");
    CHECK(merge_text(store, 1) == "[a@3=v]");
}

TEST_CASE("range job: snapshots keep what they see") {
    TableStore store;
    store.add_table(0, "b@9=w b@2=v c@3=v [a-z)@8");
    CHECK(merge_text(store, 1, rules_at({5})) == "[b@9=w b@2=v c@3=v [a-z)@8]");
    CHECK(merge_text(store, 1, rules_at({8})) == "[b@9=w]");
    CHECK(merge_text(store, 1, rules_at({2})) == "[b@9=w b@2=v [a-z)@8]");
    // Not published yet: nobody may miss it, so nothing is dropped.
    CHECK(merge_text(store, 1, rules_at({}, 3)) == "[b@9=w b@2=v c@3=v [a-z)@8]");
}

TEST_CASE("range job: of the range tombstones of one class only the newest stays") {
    TableStore store;
    store.add_table(3, "a@1=deep z@1=deep");
    store.add_table(0, "[b-m)@8");
    store.add_table(0, "[a-d)@20 [a-d)@30 [k-p)@9");
    CHECK(merge_text(store, 1) == "[[a-d)@30 [d-k)@8 [k-p)@9]");
    CHECK(merge_text(store, 1, rules_at({25})) == "[[a-d)@30 [a-d)@20 [d-k)@8 [k-p)@9]");
}

TEST_CASE("range job: outputs cut a range tombstone between them, without a gap or an overlap") {
    TableStore store;
    store.add_table(3, "a@1=deep z@1=deep");
    std::string entries;
    for (char c = 'b'; c <= 'y'; ++c)
        entries += std::string(1, c) + "@50=" + std::string(90, c) + " ";
    store.add_table(0, entries + "[a-z)@40");
    const auto result = merge(store, 1, rules_at({}), 400);
    REQUIRE(result->edit.added.size() > 3);
    std::string end = "a";
    for (const AddedFile& added : result->edit.added) {
        CHECK(added.meta.range_tombstones == 1);
        CHECK(added.meta.smallest_user_key() == end);
        CHECK(added.meta.largest_is_exclusive());
        end = added.meta.largest_user_key();
    }
    CHECK(end == "z");
}

TEST_CASE("flush: a memtable of range deletes alone becomes a table") {
    TableStore store;
    Memtable memtable;
    memtable.add_range_delete("b", "d", 7);
    DropRules rules = rules_at({});
    rules.range_tombstones = memtable.range_tombstones();
    const auto source = memtable.new_iterator();
    const auto flushed = write_level0_table(store.fs, "db", 5, {*source, 0}, rules, {});
    REQUIRE(flushed.status().to_string() == "ok");
    REQUIRE(flushed->file.has_value());
    CHECK(check_file_meta(*flushed->file).to_string() == "ok");
    CHECK(flushed->file->range_tombstones == 1);
    CHECK(store.table_text(*flushed->file) == "[b-d)@7");
}

namespace {

/// What readers at `seqno` see of a set of tables: `key=value` of every key that is there.
std::string state_at(TableStore& store, const std::vector<FileMetaPtr>& files, Seqno seqno) {
    std::map<std::string, std::pair<Seqno, std::string>> newest;
    std::vector<RangeTombstoneSetPtr> sets;
    for (const FileMetaPtr& file : files) {
        const auto table = store.open_table(*file);
        REQUIRE(table.is_ok());
        sets.push_back((*table)->range_tombstones());
        const auto it = (*table)->new_iterator();
        for (it->seek_to_first(); it->valid(); it->next()) {
            const Seqno at = trailer_seqno(trailer_of(it->key()));
            if (at > seqno) continue;
            auto& entry = newest[std::string(user_key_of(it->key()))];
            const bool is_delete = trailer_kind(trailer_of(it->key())) == Kind::kDelete;
            if (at > entry.first) entry = {at, is_delete ? "" : std::string(it->value())};
        }
    }
    const auto ranges = RangeTombstoneSet::merge(sets);
    std::string text;
    for (const auto& [key, entry] : newest) {
        const Seqno covering = ranges != nullptr ? ranges->covering(key, seqno) : 0;
        if (!entry.second.empty() && covering < entry.first) text += key + "=" + entry.second + " ";
    }
    return text;
}

}  // namespace

TEST_CASE("range job: no merge changes what any reader sees, in however many parts") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 60; ++round) {
        TableStore store;
        const auto key = [&] { return std::string(1, static_cast<char>('a' + random.below(26))); };
        Seqno seqno = 1;
        const auto table_of = [&](int level, uint64_t operations) {
            Memtable memtable;
            for (uint64_t i = 0; i < operations; ++i, ++seqno) {
                std::string from = key(), to = key();
                if (random.one_in(5) && from != to) {
                    memtable.add_range_delete(std::min(from, to), std::max(from, to), seqno);
                } else if (random.one_in(4)) {
                    memtable.add(from, seqno, Kind::kDelete, {});
                } else {
                    memtable.add(from, seqno, Kind::kPut, "v" + std::to_string(seqno));
                }
            }
            std::vector<test::TextEntry> entries;
            const auto it = memtable.new_iterator();
            for (it->seek_to_first(); it->valid(); it->next()) {
                entries.push_back({std::string(it->key()), std::string(it->value())});
            }
            std::vector<RangeTombstone> ranges;
            if (const auto set = memtable.range_tombstones()) set->append_to(ranges);
            store.add_table(level, entries, ranges);
        };
        for (const int level : {3, 1, 0, 0, 0}) table_of(level, 1 + random.below(30));
        DropRules rules = rules_at({}, 1 + random.below(seqno));
        for (uint64_t i = random.below(4); i > 0; --i) {
            rules.snapshots.push_back(1 + random.below(rules.published));
        }
        std::vector<FileMetaPtr> before, after;
        for (const auto& level : store.levels)
            before.insert(before.end(), level.begin(), level.end());
        const auto result = merge(store, 1, rules, 64 + random.below(1000), 1 + random.below(4));
        after = store.levels[3];
        for (const AddedFile& added : result->edit.added) {
            after.push_back(std::make_shared<const FileMeta>(added.meta));
        }
        std::vector<Seqno> readers = rules.snapshots;
        for (Seqno at = rules.published; at <= seqno; ++at) readers.push_back(at);
        for (const Seqno reader : readers) {
            CAPTURE(round, reader);
            REQUIRE(state_at(store, after, reader) == state_at(store, before, reader));
        }
    }
}

}  // namespace kv

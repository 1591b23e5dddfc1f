// The order check: what it refuses, and that it never refuses what a correct store does.
// SPDX-License-Identifier: Apache-2.0
#include "version/order_check.h"

#include <catch2/catch.hpp>
#include <map>

#include "support/seed.h"
#include "version/version_fixture.h"

namespace kv {
namespace {

using namespace test;  // NOLINT: the fixture's vocabulary

TEST_CASE("order check: level 0 tables must not share seqnos") {
    CHECK(check_order(Version({{{table_ptr(1, "a", "z", 1, 5), table_ptr(2, "a", "z", 6, 9)}}}))
              .is_ok());
    const Status status =
        check_order(Version({{{table_ptr(1, "a", "b", 1, 5), table_ptr(2, "x", "z", 5, 9)}}}));
    CHECK(status.is(Code::kCorruption));
    CHECK(contains(status, "table 1 "));
    CHECK(contains(status, "table 2 "));
}

TEST_CASE("order check: regression row 10: a user key split over two tables of a level") {
    CHECK(check_order(Version({{{}, {table_ptr(1, "a", "k", 1, 5), table_ptr(2, "l", "z", 1, 5)}}}))
              .is_ok());
    CHECK(check_order(Version({{{}, {table_ptr(1, "a", "k", 3, 5), table_ptr(2, "k", "z", 1, 2)}}}))
              .is(Code::kCorruption));
    CHECK(check_order(Version({{{}, {table_ptr(1, "a", "m", 3, 5), table_ptr(2, "k", "z", 1, 2)}}}))
              .is(Code::kCorruption));
}

TEST_CASE("order check: regression row 11: newer data of a shared boundary key lies below") {
    // "k" was written at 5 above, at 9 below.
    CHECK(
        check_order(Version({{{}, {table_ptr(1, "k", "z", 5, 5)}, {table_ptr(2, "k", "m", 9, 9)}}}))
            .is(Code::kCorruption));
    CHECK(
        check_order(Version({{{table_ptr(1, "a", "k", 5, 5)}, {}, {table_ptr(2, "k", "m", 9, 9)}}}))
            .is(Code::kCorruption));
    CHECK(
        check_order(Version({{{}, {table_ptr(1, "k", "k", 9, 9)}, {table_ptr(2, "a", "k", 5, 8)}}}))
            .is_ok());
}

TEST_CASE("order check: an older table may straddle a newer one of a deeper level") {
    // The state from the comment in order_check.cc: no key is out of order.
    CHECK(check_order(
              Version({{{}, {table_ptr(1, "a", "m", 5, 6)}, {table_ptr(2, "k", "z", 51, 52)}}}))
              .is_ok());
}

Status step(const Version& before, const VersionEdit& edit) {
    return check_step(before, edit, *before.with_edit(edit, nullptr).value());
}

TEST_CASE("order check: a flush must be newer than every table before it") {
    const Version before({{{}, {}, {table_ptr(1, "a", "b", 10, 20)}}});
    VersionEdit newer, older;
    newer.add(0, table(2, "x", "y", 21, 30));
    older.add(0, table(2, "x", "y", 20, 30));
    CHECK(step(before, newer).is_ok());
    CHECK(step(before, older).is(Code::kCorruption));
}

TEST_CASE("order check: regression row 11: a level 0 table may not sink below an older one") {
    const Version before({{{table_ptr(2, "a", "m", 11, 20), table_ptr(1, "k", "z", 1, 10)}}});
    VersionEdit edit;
    edit.remove(0, 2);
    edit.add(1, table(3, "a", "m", 11, 20));
    CHECK(step(before, edit).is(Code::kCorruption));
    edit.remove(0, 1);
    edit.added[0].meta = table(3, "a", "z", 1, 20);
    CHECK(step(before, edit).is_ok());
    VersionEdit oldest;
    oldest.remove(0, 1);
    oldest.add(1, table(3, "k", "z", 1, 10));
    CHECK(step(before, oldest).is_ok());
}

TEST_CASE("order check: regression row 11: nothing moves past an overlapping level, nor upwards") {
    const Version before({{{},
                           {table_ptr(3, "a", "f", 21, 30)},
                           {table_ptr(2, "e", "k", 11, 20)},
                           {table_ptr(1, "x", "z", 1, 10)}}});
    VersionEdit past, beside, up;
    past.remove(1, 3);
    past.add(3, table(3, "a", "f", 21, 30));
    CHECK(step(before, past).is(Code::kCorruption));
    beside.remove(2, 2);
    beside.add(3, table(2, "e", "k", 11, 20));
    CHECK(step(before, beside).is_ok());
    up.remove(3, 1);
    up.add(1, table(1, "x", "z", 1, 10));
    CHECK(step(before, up).is(Code::kCorruption));
}

TEST_CASE("order check: outputs hold nothing that their inputs did not") {
    const Version before({{{}, {table_ptr(1, "c", "f", 5, 9)}}});
    for (const FileMeta& output : {table(2, "b", "f", 5, 9), table(2, "c", "g", 5, 9),
                                   table(2, "c", "f", 4, 9), table(2, "c", "f", 5, 10)}) {
        VersionEdit edit;
        edit.remove(1, 1);
        edit.add(2, output);
        CHECK(step(before, edit).is(Code::kCorruption));
    }
}

/// A store of single-letter keys with real contents, compacted at random by the rules; the order
/// check must never object.
class ToyStore {
  public:
    explicit ToyStore(uint64_t seed) : random_(seed) {}

    void flush() {
        Contents memtable;
        for (uint64_t i = random_.between(1, 6); i > 0; --i) memtable[random_key()] = ++seqno_;
        VersionEdit edit;
        add_table(edit, 0, memtable);
        apply(edit);
    }

    void compact() {
        const int level = static_cast<int>(random_.below(kLevels - 1));
        const auto& files = version_->files(level);
        if (files.empty()) return;
        const FileMetaPtr picked = files[random_.below(files.size())];
        std::vector<FileMetaPtr> inputs{picked};
        // Level 0: with it goes every older table it meets, and what those meet.
        for (const FileMetaPtr& file : files) {
            const bool older = level == 0 && file->largest_seqno < picked->smallest_seqno;
            if (!older) continue;
            for (size_t i = 0; i < inputs.size(); ++i) {
                if (!file->overlaps(*inputs[i])) continue;
                inputs.push_back(file);
                break;
            }
        }
        VersionEdit edit;
        Contents merged;
        const auto take = [&](int from, const FileMetaPtr& file) {
            edit.remove(from, file->number);
            for (const auto& [key, seqno] : contents_[file->number]) {
                merged[key] = std::max(merged[key], seqno);
            }
        };
        std::map<uint64_t, FileMetaPtr> below;
        for (const FileMetaPtr& file : inputs) {
            take(level, file);
            for (const FileMetaPtr& other : version_->overlapping(
                     level + 1, file->smallest_user_key(), file->largest_user_key())) {
                below[other->number] = other;
            }
        }
        for (const auto& entry : below) take(level + 1, entry.second);
        write_outputs(edit, level + 1, merged);
        apply(edit);
    }

    const Status& status() const { return status_; }
    const Version& version() const { return *version_; }

  private:
    using Contents = std::map<std::string, Seqno>;  // newest entry of each key

    std::string random_key() { return std::string(1, static_cast<char>('a' + random_.below(20))); }

    /// Outputs may be cut anywhere and lose entries, as expired ones and tombstones do; they may
    /// not straddle a table that stays.
    void write_outputs(VersionEdit& edit, int level, const Contents& merged) {
        const VersionPtr rest = [&] {
            VersionEdit removals;
            removals.removed = edit.removed;
            return version_->with_edit(removals, nullptr).value();
        }();
        Contents output;
        for (const auto& [key, seqno] : merged) {
            if (random_.one_in(6)) continue;
            const bool straddles =
                !output.empty() && !rest->overlapping(level, output.begin()->first, key).empty();
            if (!output.empty() && (straddles || random_.one_in(4))) {
                add_table(edit, level, output);
                output.clear();
            }
            output[key] = seqno;
        }
        if (!output.empty()) add_table(edit, level, output);
    }

    void add_table(VersionEdit& edit, int level, const Contents& contents) {
        FileMeta meta;
        meta.number = ++last_number_;
        meta.smallest =
            make_internal_key(contents.begin()->first, contents.begin()->second, Kind::kPut);
        meta.largest =
            make_internal_key(contents.rbegin()->first, contents.rbegin()->second, Kind::kPut);
        meta.smallest_seqno = kMaxSeqno;
        for (const auto& entry : contents) {
            meta.smallest_seqno = std::min(meta.smallest_seqno, entry.second);
            meta.largest_seqno = std::max(meta.largest_seqno, entry.second);
        }
        meta.entries = contents.size();
        contents_[meta.number] = contents;
        edit.add(level, meta);
    }

    void apply(const VersionEdit& edit) {
        const VersionPtr after = version_->with_edit(edit, nullptr).value();
        status_ = check_step(*version_, edit, *after);
        if (status_.is_ok()) status_ = check_order(*after);
        version_ = after;
    }

    Random random_;
    VersionPtr version_ = std::make_shared<const Version>();
    std::map<uint64_t, Contents> contents_;
    uint64_t last_number_ = 0;
    Seqno seqno_ = 0;
    Status status_;
};

TEST_CASE("order check: never objects to what a correct store does") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 30; ++round) {
        ToyStore store(random.next());
        for (int i = 0; i < 120; ++i) {
            random.one_in(3) ? store.flush() : store.compact();
            INFO(store.status().to_string());
            REQUIRE(store.status().is_ok());
        }
    }
}

}  // namespace
}  // namespace kv

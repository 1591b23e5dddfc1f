// The drop rule, line by line. Entries are written `KEY SEQNO KIND` (KIND: p put, d delete, or e
// and an expiry), fates as one letter each: k keep, t keep as tombstone, S T E dropped.
// SPDX-License-Identifier: Apache-2.0
#include "compaction/merge.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <sstream>

#include "base/coding.h"
#include "record/internal_key.h"
#include "support/seed.h"

namespace kv {
namespace {

constexpr uint64_t kNow = 1000;

struct Fed {
    std::string key;  // internal
    std::string value;
};

Fed make_entry(const std::string& key, Seqno seqno, const std::string& kind) {
    Fed entry;
    if (kind[0] == 'e') put_fixed64(entry.value, std::stoull(kind.substr(1)));
    if (kind != "d") entry.value += "v" + std::to_string(seqno);
    entry.key = make_internal_key(key, seqno,
                                  kind == "p"   ? Kind::kPut
                                  : kind == "d" ? Kind::kDelete
                                                : Kind::kPutWithExpiry);
    return entry;
}

/// The fates of `entries`, for a base of keys that `below` lists ("" none, "*" all).
std::string fates(const std::string& entries, std::vector<Seqno> snapshots, Seqno published,
                  const std::string& below = "") {
    DropRules rules;
    rules.snapshots = std::move(snapshots);
    rules.published = published;
    rules.now_ms = kNow;
    rules.may_exist_below = [below](Bytes key) {
        return below == "*" || below.find(key) != std::string::npos;
    };
    EntryDropper dropper(std::move(rules));
    MergeCounters counters;
    std::istringstream in(entries);
    std::string result, key, kind;
    for (Seqno seqno = 0; in >> key >> seqno >> kind;) {
        const Fed entry = make_entry(key, seqno, kind);
        const Verdict verdict = dropper.decide(entry.key, entry.value);
        if (verdict == Verdict::kMalformed) return result + "!";
        count_verdict(verdict, counters);
        result += "ktSTE"[static_cast<size_t>(verdict)];
    }
    CHECK(counters.balanced());
    CHECK(counters.entries_in == result.size());
    return result;
}

}  // namespace

TEST_CASE("drop rule: without snapshots only the newest version of a key stays") {
    CHECK(fates("", {}, 100).empty());
    CHECK(fates("a 9 p", {}, 100) == "k");
    CHECK(fates("a 9 p a 8 p a 1 p b 5 p b 4 d", {}, 100) == "kSSkS");
}

TEST_CASE("drop rule: every snapshot keeps the version that it sees, and no other") {
    CHECK(fates("a 9 p a 8 p a 5 p a 4 p a 2 p", {5}, 100) == "kSkSS");
    CHECK(fates("a 9 p a 8 p a 5 p a 4 p a 2 p", {8, 4, 4, 3}, 100) == "kkSkk");
    CHECK(fates("a 9 p a 8 p", {9}, 100) == "kS");
}

TEST_CASE("drop rule: versions that are not published yet are each kept") {
    CHECK(fates("a 9 p a 8 p a 7 p a 6 p", {}, 7) == "kkkS");
    CHECK(fates("a 9 p a 8 p", {}, 0) == "kk");
    CHECK(fates("a 9 d a 8 p", {}, 0) == "kk");
}

TEST_CASE("drop rule: a tombstone goes only when nothing older can lie below") {
    CHECK(fates("a 9 d", {}, 100) == "T");
    CHECK(fates("a 9 d", {}, 100, "a") == "k");
    CHECK(fates("a 9 d a 8 p b 7 d b 6 p", {}, 100, "b") == "TSkS");
}

TEST_CASE("drop rule: a tombstone stays while an older snapshot keeps what it hides") {
    CHECK(fates("a 9 d a 5 p", {6}, 100) == "kk");
    CHECK(fates("a 9 d a 5 p", {9}, 100) == "TS");
    CHECK(fates("a 9 d a 5 p", {8, 10}, 100) == "kk");
    // The older tombstone is in the oldest class and hides nothing, the newer is not.
    CHECK(fates("a 9 d a 5 d", {6}, 100) == "kT");
}

TEST_CASE("drop rule: an expired entry is a tombstone") {
    CHECK(fates("a 9 e999", {}, 100) == "E");
    CHECK(fates("a 9 e1000", {}, 100) == "E");
    CHECK(fates("a 9 e1001", {}, 100) == "k");
    CHECK(fates("a 9 e1000", {}, 100, "*") == "t");
    CHECK(fates("a 9 e1000 a 5 p", {}, 100) == "ES");
    CHECK(fates("a 9 e1000 a 5 p", {6}, 100) == "tk");
    CHECK(fates("a 9 e1000", {}, 5) == "t");
    CHECK(fates("a 9 p a 5 e1000", {6}, 100) == "kE");
}

// Row 14 of the list of bugs: seqno 0 as a bound must not swallow a live key.
TEST_CASE("drop rule: seqno 0 is before everything and never a version") {
    CHECK(fates("a 1 p", {0}, 0) == "k");
    CHECK(fates("a 2 p a 1 p", {0}, 2) == "kS");
    CHECK(fates("a 1 d", {0}, 1) == "T");
    CHECK(fates("a 0 p", {}, 100) == "!");
}

TEST_CASE("drop rule: the limits of seqno are ordinary seqnos") {
    const std::string last = std::to_string(kMaxSeqno);
    CHECK(fates("a " + last + " p a 1 p", {}, kMaxSeqno) == "kS");
    CHECK(fates("a " + last + " p a 1 p", {1}, kMaxSeqno) == "kk");
}

TEST_CASE("drop rule: disorder and unknown bytes stop the job with a reason") {
    CHECK(fates("b 5 p a 9 p", {}, 100) == "k!");
    CHECK(fates("a 5 p a 6 p", {}, 100) == "k!");
    CHECK(fates("a 5 p a 5 p", {}, 100) == "k!");

    EntryDropper dropper({});
    const auto complaint = [&](Bytes key, Bytes value) {
        CHECK(dropper.decide(key, value) == Verdict::kMalformed);
        const Status status = dropper.malformed_entry(key, value);
        CHECK(status.is(Code::kCorruption));
        return std::string(status.message());
    };
    CHECK(complaint("short", "").find("5 bytes") != std::string::npos);
    CHECK(complaint(make_internal_key("k", 3, Kind::kMerge), "").find("unknown kind") !=
          std::string::npos);
    CHECK(complaint(make_internal_key("k", 3, Kind::kPutWithExpiry), "1234567").find("expiry") !=
          std::string::npos);
    CHECK(complaint(make_internal_key("k", 0, Kind::kPut), "").find("seqno 0") !=
          std::string::npos);
}

TEST_CASE("drop rule: a user key begins at its first entry, kept or not") {
    EntryDropper dropper({{}, 100, kNow, [](Bytes) { return false; }});
    std::string starts;
    for (const Fed& entry : {make_entry("a", 9, "d"), make_entry("a", 8, "p"),
                             make_entry("ab", 7, "p"), make_entry("ab", 6, "p")}) {
        CHECK(dropper.decide(entry.key, entry.value) != Verdict::kMalformed);
        starts += dropper.at_new_user_key() ? 'n' : '.';
    }
    CHECK(starts == "n.n.");
}

namespace {

using History = std::map<std::string, std::map<Seqno, std::string>>;  // key -> seqno -> kind

/// What a reader at `boundary` sees of `key`: the seqno of the live put, 0 for none.
Seqno visible(const History& history, const std::string& key, Seqno boundary) {
    const auto versions = history.find(key);
    if (versions == history.end()) return 0;
    const auto after = versions->second.upper_bound(boundary);
    if (after == versions->second.begin()) return 0;
    const auto& [seqno, kind] = *std::prev(after);
    const bool dead = kind == "d" || (kind[0] == 'e' && std::stoull(kind.substr(1)) <= kNow);
    return dead ? 0 : seqno;
}

}  // namespace

TEST_CASE("drop rule: no reader can tell what was dropped") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const auto random_kind = [&] {
        const uint64_t n = random() % 4;
        return std::string(n == 0 ? "d" : n == 1 ? "e500" : n == 2 ? "e5000" : "p");
    };
    for (int round = 0; round < 500; ++round) {
        History below, in, out;
        Seqno seqno = 0;
        for (int i = 0; i < 5; ++i) below[std::string(1, char('a' + random() % 6))][++seqno] = "p";
        for (int i = 0; i < 30; ++i) {
            in[std::string(1, char('a' + random() % 6))][++seqno] = random_kind();
        }
        DropRules rules;
        rules.now_ms = kNow;
        rules.published = random() % (seqno + 1);
        for (uint64_t i = random() % 4; i > 0; --i) {
            rules.snapshots.push_back(random() % (rules.published + 1));
        }
        rules.may_exist_below = [&](Bytes key) { return below.count(std::string(key)) != 0; };
        std::vector<Seqno> boundaries = rules.snapshots;
        for (Seqno s = rules.published; s <= seqno; ++s) boundaries.push_back(s);
        EntryDropper dropper(rules);
        out = below;
        for (const auto& [key, versions] : in) {
            for (auto it = versions.rbegin(); it != versions.rend(); ++it) {
                const Fed entry = make_entry(key, it->first, it->second);
                const Verdict verdict = dropper.decide(entry.key, entry.value);
                REQUIRE(verdict != Verdict::kMalformed);
                if (verdict == Verdict::kKeep) out[key][it->first] = it->second;
                if (verdict == Verdict::kKeepAsTombstone) out[key][it->first] = "d";
            }
        }
        History all = below;
        for (const auto& [key, versions] : in) all[key].insert(versions.begin(), versions.end());
        for (const auto& [key, versions] : all) {
            for (const Seqno boundary : boundaries) {
                CAPTURE(key, boundary);
                CHECK(visible(out, key, boundary) == visible(all, key, boundary));
            }
        }
    }
}

}  // namespace kv

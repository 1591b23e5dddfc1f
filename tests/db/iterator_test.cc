// Iterators over what is dead: range deletes, runs of tombstones that walks remember, budgets.
// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <utility>

#include "base/random.h"
#include "db/db_fixture.h"
#include "support/seed.h"

using namespace kv;
using namespace kv::test;

namespace {

std::string key_of(uint64_t number) {
    char key[16];
    std::snprintf(key, sizeof key, "k%05u", static_cast<unsigned>(number));
    return key;
}

/// A store beside a std::map of what is alive in it, now and at some snapshots.
class Ward {
  public:
    using State = std::map<std::string, std::string>;
    explicit Ward(uint64_t seed) : random_(seed), f_(seed) {
        f_.options_.memtable_bytes = 1U << 20;
        f_.options_.table_bytes = 4U << 10 << random_.below(3);
        f_.options_.level1_bytes = 16U << 10;
        f_.options_.level0_compaction_trigger = 2 + static_cast<uint32_t>(random_.below(4));
    }
    ~Ward() { moments_.clear(); }

    void write(bool may_delete_range) {
        WriteBatch batch;
        const uint64_t first = random_.below(kKeys);
        const uint64_t count = 1 + random_.below(random_.one_in(3) ? 120 : 10);
        const uint64_t end = std::min(first + count, kKeys);
        const uint64_t die = random_.below(may_delete_range ? 8 : 6);
        if (die >= 6) {
            batch.delete_range(key_of(first), Bytes(key_of(end)));
            now_.erase(now_.lower_bound(key_of(first)), now_.lower_bound(key_of(end)));
        }
        for (uint64_t i = first; i < end && die < 6; ++i) {
            if (die < 3) {
                now_[key_of(i)] = "v" + std::to_string(++values_);
                batch.put(key_of(i), now_[key_of(i)]);
            } else if (die == 3) {  // dead on arrival
                batch.put_with_expiry(key_of(i), "gone", f_.clock_.wall_ms());
                now_.erase(key_of(i));
            } else {
                batch.del(key_of(i));
                now_.erase(key_of(i));
            }
        }
        REQUIRE(f_.db().write(std::move(batch), Durability::kMemory).status.is_ok());
    }
    void maintain() {
        if (random_.one_in(4)) REQUIRE(f_.db().compact_all().is_ok());
        if (random_.one_in(2)) REQUIRE(f_.db().flush().is_ok());
        f_.executor_.run_until_idle();
    }
    void remember() {
        if (moments_.size() > 3) moments_.erase(moments_.begin());
        moments_.emplace_back(f_.db().snapshot(), now_);
    }

    /// Random moves of one iterator, each held against the map.
    void walk(int steps) {
        ScanOptions options;
        State state = now_;
        if (!moments_.empty() && random_.one_in(3)) {
            const auto& moment = moments_[random_.below(moments_.size())];
            options.snapshot = moment.first;
            state = moment.second;
        }
        if (random_.one_in(3)) options.lower = key_of(random_.below(kKeys));
        if (random_.one_in(3)) options.upper = key_of(random_.below(kKeys));
        if (random_.one_in(3)) options.max_skipped = 1 + random_.below(30);
        if (options.lower) state.erase(state.begin(), state.lower_bound(*options.lower));
        if (options.upper) state.erase(state.lower_bound(*options.upper), state.end());
        const auto it = f_.db().new_iterator(options);
        auto at = state.end();
        for (int step = 0; step < steps; ++step) {
            const uint64_t die = random_.below(at == state.end() ? 6 : 40);
            const std::string target = key_of(random_.below(kKeys));
            bool forward = true;
            CAPTURE(step, die, target);
            if (die == 0) {
                it->seek_to_first();
                at = state.begin();
            } else if (die == 1) {
                it->seek_to_last();
                at = state.empty() ? state.end() : std::prev(state.end());
                forward = false;
            } else if (die <= 3) {
                it->seek(target);
                at = state.lower_bound(target);
            } else if (die <= 5) {
                it->seek_for_prev(target);
                at = state.upper_bound(target);
                at = at == state.begin() ? state.end() : std::prev(at);
                forward = false;
            } else if (die <= 22) {
                it->next();
                ++at;
            } else {
                it->prev();
                at = at == state.begin() ? state.end() : std::prev(at);
                forward = false;
            }
            resume(*it, forward, options.max_skipped);
            REQUIRE(it->status().is_ok());
            REQUIRE(it->valid() == (at != state.end()));
            if (!it->valid()) continue;
            REQUIRE(it->key() == at->first);
            REQUIRE(it->value() == at->second);
        }
    }

    Random random_;
    DbFixture f_;

  private:
    static constexpr uint64_t kKeys = 400;

    static void resume(Iterator& it, bool forward, uint64_t budget) {
        std::string last;
        while (it.budget_exhausted()) {
            REQUIRE(budget != 0);
            REQUIRE_FALSE(it.valid());
            const std::string key(it.resume_key());
            if (!last.empty()) REQUIRE((forward ? key > last : key < last));
            last = key;
            forward ? it.seek(key) : it.seek_for_prev(key);
        }
        CHECK(it.resume_key().empty());
    }

    State now_;
    std::vector<std::pair<SnapshotPtr, State>> moments_;
    uint64_t values_ = 0;
};

/// `count` keys, all but every `alive`-th deleted, in tables.
void fill_with_dead(DbFixture& f, uint64_t count, uint64_t alive) {
    f.options_.block_cache_bytes = 8U << 20;
    f.options_.level0_compaction_trigger = 30;
    f.options_.memtable_bytes = 8U << 20;
    for (uint64_t i = 0; i < count; ++i)
        REQUIRE(f.put(key_of(i), "value", Durability::kMemory).status.is_ok());
    REQUIRE(f.db().flush().is_ok());
    for (uint64_t i = 0; i < count; ++i)
        if (i % alive != 0) REQUIRE(f.db().del(key_of(i), Durability::kMemory).status.is_ok());
    REQUIRE(f.db().flush().is_ok());
}

/// Live entries, or nothing when more than `max_skipped` dead ones have to be passed (0: any).
std::optional<uint64_t> count_entries(DbFixture& f, bool reverse, uint64_t max_skipped = 0) {
    ScanOptions options;
    options.max_skipped = max_skipped;
    const auto it = f.db().new_iterator(options);
    uint64_t count = 0;
    for (reverse ? it->seek_to_last() : it->seek_to_first(); it->valid(); ++count)
        reverse ? it->prev() : it->next();
    REQUIRE(it->status().is_ok());
    if (it->budget_exhausted()) return std::nullopt;
    return count;
}

}  // namespace

TEST_CASE("iterator: agrees with a map through deletes of keys and ranges, in every order") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    for (uint64_t round = 0; round < 12; ++round) {
        CAPTURE(round);
        Ward ward(seed + round);
        for (int i = 0; i < 40; ++i) {
            ward.write(false);
            if (ward.random_.one_in(6)) ward.maintain();
            if (ward.random_.one_in(6)) ward.remember();
            if (ward.random_.one_in(4)) ward.walk(60);
        }
        for (int i = 0; i < 40; ++i) {
            ward.write(true);
            if (ward.random_.one_in(6)) ward.remember();
            ward.walk(60);
        }
    }
}

TEST_CASE("iterator: a second walk passes at once over what the first one found dead") {
    for (const bool reverse : {false, true}) {
        CAPTURE(reverse);
        DbFixture f;
        fill_with_dead(f, 6000, 3000);
        CHECK(count_entries(f, reverse, 500) == std::nullopt);
        REQUIRE(count_entries(f, reverse) == 2);
        CHECK(count_entries(f, reverse, 500) == 2);
        CHECK(count_entries(f, !reverse, 500) == 2);
        // New entries are seen among what is known to be dead.
        REQUIRE(f.put(key_of(1500), "again").status.is_ok());
        CHECK(count_entries(f, reverse, 500) == 3);
        CHECK(count_entries(f, !reverse, 500) == 3);
        // Other tables, other knowledge.
        REQUIRE(f.db().flush().is_ok());
        CHECK(count_entries(f, reverse, 500) == std::nullopt);
        CHECK(count_entries(f, reverse) == 3);
        CHECK(count_entries(f, !reverse, 500) == 3);
    }
}

TEST_CASE("iterator: what a walk has learnt does not mislead readers at older snapshots") {
    DbFixture f;
    f.options_.level0_compaction_trigger = 30;
    f.options_.memtable_bytes = 8U << 20;
    for (uint64_t i = 0; i < 200; ++i) REQUIRE(f.put(key_of(i), "value").status.is_ok());
    REQUIRE(f.db().flush().is_ok());
    ScanOptions old;
    old.snapshot = f.db().snapshot();
    for (uint64_t i = 0; i < 200; ++i) REQUIRE(f.db().del(key_of(i)).status.is_ok());
    CHECK(count_entries(f, false) == 0);  // learnt of the tables, from a memtable's tombstones
    CHECK(count_entries(f, false) == 0);
    const auto it = f.db().new_iterator(old);
    uint64_t seen = 0;
    for (it->seek_to_first(); it->valid(); it->next()) ++seen;
    CHECK(seen == 200);
}

TEST_CASE("iterator: a range delete lets a walk pass at once over older tables") {
    DbFixture f;
    fill_with_dead(f, 6000, 1);
    WriteBatch batch;
    batch.delete_range(key_of(10), Bytes(key_of(5990)));
    REQUIRE(f.db().write(std::move(batch)).status.is_ok());
    CHECK(count_entries(f, false, 200) == 20);
    CHECK(count_entries(f, true, 200) == 20);
}

TEST_CASE("iterator: stops at its budget and says where to go on") {
    DbFixture f;
    fill_with_dead(f, 1000, 500);
    ScanOptions options;
    options.max_skipped = 100;
    const auto it = f.db().new_iterator(options);
    it->seek_to_first();
    REQUIRE(it->valid());
    CHECK_FALSE(it->budget_exhausted());
    it->next();
    CHECK_FALSE(it->valid());
    CHECK(it->status().is_ok());
    REQUIRE(it->budget_exhausted());
    const std::string key(it->resume_key());
    CHECK(key > key_of(10));
    CHECK(key < key_of(110));
    uint64_t seeks = 0;
    for (std::string at = key; !it->valid(); at = it->resume_key(), ++seeks) it->seek(at);
    CHECK(it->key() == key_of(500));
    CHECK(seeks >= 4);
}

TEST_CASE("iterator: stops at its budget going backwards, too") {
    DbFixture f;
    fill_with_dead(f, 1000, 500);
    ScanOptions options;
    options.max_skipped = 100;
    const auto it = f.db().new_iterator(options);
    it->seek_to_last();
    REQUIRE(it->budget_exhausted());
    const std::string key(it->resume_key());
    CHECK(key > key_of(880));
    CHECK(key < key_of(990));
    uint64_t seeks = 0;
    for (std::string at = key; !it->valid(); at = it->resume_key(), ++seeks) it->seek_for_prev(at);
    CHECK(it->key() == key_of(500));
    CHECK(seeks >= 4);
}

TEST_CASE("iterator: what is alive does not count against the budget, either way") {
    DbFixture f;
    fill_with_dead(f, 1000, 1);
    ScanOptions options;
    options.max_skipped = 10;
    const auto it = f.db().new_iterator(options);
    uint64_t seen = 0;
    for (it->seek_to_first(); it->valid(); it->next()) ++seen;
    CHECK(seen == 1000);
    for (it->seek_to_last(); it->valid(); it->prev()) --seen;
    CHECK_FALSE(it->budget_exhausted());
    CHECK(seen == 0);
}

TEST_CASE("iterator: what a walk has learnt ends at its upper bound") {
    DbFixture f;
    f.options_.level0_compaction_trigger = 100;
    fill_with_dead(f, 200, 200);  // the first alone is alive
    REQUIRE(f.db().flush().is_ok());
    // Behind the bound, in a table of its own that the bounded walk has no need of.
    REQUIRE(f.put("k00300", "alive").status.is_ok());
    REQUIRE(f.db().flush().is_ok());
    REQUIRE(f.put("k00400", "alive").status.is_ok());
    ScanOptions bounded;
    bounded.upper = key_of(250);
    CHECK(f.scan(bounded) == "k00000=value");
    CHECK(f.scan() == "k00000=value k00300=alive k00400=alive");
    CHECK(f.scan({}, true) == "k00400=alive k00300=alive k00000=value");
}

TEST_CASE("iterator: passes over thousands of versions of one key by a seek") {
    DbFixture f;
    f.options_.memtable_bytes = 8U << 20;
    REQUIRE(f.put("a", "1").status.is_ok());
    ScanOptions old;
    old.snapshot = f.db().snapshot();
    for (int i = 0; i < 5000; ++i)
        REQUIRE(f.put("a", std::to_string(i), Durability::kMemory).status.is_ok());
    REQUIRE(f.put("b", "2").status.is_ok());
    CHECK(f.scan() == "a=4999 b=2");
    CHECK(f.scan(old) == "a=1");
    old.max_skipped = 100;
    CHECK(f.scan(old) == "a=1");
    ScanOptions budget;
    budget.max_skipped = 100;
    CHECK(f.scan(budget) == "a=4999 b=2");
}

TEST_CASE(
    "iterator: backwards, a value outlives the block that its newer, hidden versions lie in") {
    DbFixture f;
    f.options_.block_size_bytes = 256;
    f.options_.block_cache_bytes = 1;  // what nobody holds is gone
    ScanOptions old;
    std::string expected;
    for (uint64_t i = 40; i-- > 0;)
        expected += (i == 39 ? "" : " ") + key_of(i) + "=old" + key_of(i);
    for (uint64_t i = 0; i < 40; ++i) REQUIRE(f.put(key_of(i), "old" + key_of(i)).status.is_ok());
    old.snapshot = f.db().snapshot();
    for (int version = 0; version < 3; ++version) {
        for (uint64_t i = 0; i < 40; ++i)
            REQUIRE(f.put(key_of(i), std::string(100, 'n')).status.is_ok());
    }
    CHECK(f.scan(old, true) == expected);
    REQUIRE(f.db().flush().is_ok());
    CHECK(f.scan(old, true) == expected);
    REQUIRE(f.db().compact_all().is_ok());
    CHECK(f.scan(old, true) == expected);
}

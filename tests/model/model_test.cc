// Random operations on a store and on a model that keeps every version; every answer must be equal.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "db/db_fixture.h"
#include "model/model_store.h"
#include "support/seed.h"

using namespace kv;
using namespace kv::test;

namespace {

/// A store and its model, driven by the same random operations.
class Twins {
  public:
    explicit Twins(uint64_t seed) : random_(seed), f_(seed) {
        f_.options_.memtable_bytes = 8U << 10 << random_.below(3);
        f_.options_.table_bytes = 4U << 10 << random_.below(3);
        f_.options_.level1_bytes = 16U << 10;
        f_.options_.block_size_bytes = 64U << random_.below(5);
        f_.options_.block_cache_bytes = random_.one_in(4) ? 1 : 32U << 10;
        f_.options_.bloom_bits_per_key = random_.one_in(4) ? 0 : 10;
        f_.options_.level0_compaction_trigger = 2;
        f_.options_.wal_segment_bytes = 16U << 10;
    }
    ~Twins() { snapshots_.clear(); }

    void step() {
        switch (random_.below(20)) {
            case 0:
            case 1:
            case 2:
            case 3:
            case 4:
            case 5:
                write();
                break;
            case 6:
            case 7:
            case 8:
                check_get();
                break;
            case 9:
            case 10:
                check_scan();
                break;
            case 11:
            case 12:
                check_walk();
                break;
            case 13:
                take_snapshot();
                break;
            case 14:
                drop_snapshot();
                break;
            case 15:
                f_.clock_.advance_ms(random_.below(300));
                break;
            case 16:
            case 17:
                for (uint64_t i = random_.below(10); i > 0; --i) f_.executor_.run_one();
                break;
            case 18:
                maintain();
                break;
            default:
                conditional_write();
                break;
        }
    }

  private:
    std::string key() {
        return std::string(1 + random_.below(3), 'k') + std::to_string(random_.below(120));
    }
    std::string value() {
        return std::string(random_.below(random_.one_in(20) ? 800 : 60),
                           static_cast<char>('a' + random_.below(26)));
    }
    Durability level() { return static_cast<Durability>(random_.below(3)); }
    uint64_t now() const { return f_.clock_.wall_ms(); }

    void write() {
        WriteBatch batch;
        for (uint64_t i = 1 + (random_.one_in(4) ? random_.below(20) : 0); i > 0; --i) {
            const std::string k = key();
            if (random_.one_in(30)) {
                std::string end = random_.one_in(10) ? "" : key();
                if (end == k) end += "x";
                std::string begin = k;
                if (!end.empty() && end < begin) std::swap(begin, end);
                batch.delete_range(begin, end.empty() ? std::nullopt : std::optional<Bytes>(end));
                model_.del_range(begin, end);
            } else if (random_.one_in(4)) {
                batch.del(k);
                model_.del(k);
            } else if (random_.one_in(4)) {
                const std::string v = value();
                const uint64_t expiry = now() + 1 + random_.below(1000);
                batch.put_with_expiry(k, v, expiry);
                model_.put(k, v, expiry);
            } else {
                const std::string v = value();
                batch.put(k, v);
                model_.put(k, v);
            }
        }
        const WriteResult result = f_.db().write(std::move(batch), level());
        REQUIRE(result.status.is_ok());
        REQUIRE(result.last_seqno == model_.last_seqno());
    }

    void conditional_write() {
        const std::string k = key();
        const auto live = model_.get(k, kMaxSeqno, now());
        const ModelStore::Version* newest = model_.newest(k);
        const Seqno guess = random_.below(model_.last_seqno() + 1);
        WriteBatch batch;
        bool holds = false;
        bool may_be_refused = false;  // though it holds: compaction forgets deletions
        switch (random_.below(4)) {
            case 0:
                batch.require({Precondition::Kind::kAbsent, k, "", 0});
                holds = !live.has_value();
                break;
            case 1:
                batch.require({Precondition::Kind::kPresent, k, "", 0});
                holds = live.has_value();
                break;
            case 2:
                batch.require(
                    {Precondition::Kind::kSeqnoEquals, k, "", live ? live->seqno : guess});
                holds = live.has_value();
                break;
            default:
                batch.require({Precondition::Kind::kNotNewer, k, "", guess});
                holds = newest == nullptr || newest->seqno <= guess;
                may_be_refused = !live.has_value();
                break;
        }
        const std::string v = value();
        batch.put(k, v);
        const WriteResult result = f_.db().write(std::move(batch), level());
        CAPTURE(k);
        REQUIRE((result.status.is_ok() || result.status.is(Code::kConflict)));
        if (!holds || !may_be_refused) REQUIRE(result.status.is_ok() == holds);
        if (result.status.is_ok()) model_.put(k, v);
    }

    /// A random snapshot, or the present.
    SnapshotPtr moment() {
        if (snapshots_.empty() || random_.one_in(2)) return nullptr;
        return snapshots_[random_.below(snapshots_.size())];
    }
    static Seqno seqno_of(const SnapshotPtr& snapshot) {
        return snapshot == nullptr ? kMaxSeqno : snapshot->seqno();
    }

    void check_get() {
        const std::string k = key();
        ReadOptions options;
        options.snapshot = moment();
        const auto expected = model_.get(k, seqno_of(options.snapshot), now());
        const auto found = f_.db().get(k, options);
        CAPTURE(k);
        REQUIRE(found.is_ok());
        REQUIRE(found->has_value() == expected.has_value());
        if (!expected) return;
        REQUIRE((*found)->value == *expected->value);
        REQUIRE((*found)->seqno == expected->seqno);
        REQUIRE((*found)->expiry_ms == expected->expiry_ms);
    }

    void bounds(ScanOptions& options, std::string& lower, std::string& upper) {
        if (random_.one_in(2)) options.lower = lower = key();
        if (random_.one_in(2)) options.upper = upper = key();
        if (!upper.empty() && upper < lower) {
            std::swap(lower, upper);
            options.lower = lower;
            options.upper = upper;
        }
        options.snapshot = moment();
    }

    void check_scan() {
        ScanOptions options;
        std::string lower, upper;
        bounds(options, lower, upper);
        auto expected = model_.scan(lower, upper, seqno_of(options.snapshot), now());
        const bool reverse = random_.one_in(2);
        if (reverse) std::reverse(expected.begin(), expected.end());
        const auto it = f_.db().new_iterator(options);
        if (reverse) {
            it->seek_to_last();
        } else {
            it->seek_to_first();
        }
        for (const auto& [k, version] : expected) {
            CAPTURE(k, reverse);
            REQUIRE(it->status().is_ok());
            REQUIRE(it->valid());
            REQUIRE(it->key() == k);
            REQUIRE(it->value() == *version.value);
            if (reverse) {
                it->prev();
            } else {
                it->next();
            }
        }
        REQUIRE_FALSE(it->valid());
        REQUIRE(it->status().is_ok());
    }

    /// Seeks and steps in both directions at will.
    void check_walk() {
        ScanOptions options;
        std::string lower, upper;
        bounds(options, lower, upper);
        const auto expected = model_.scan(lower, upper, seqno_of(options.snapshot), now());
        const auto size = static_cast<std::ptrdiff_t>(expected.size());
        const auto it = f_.db().new_iterator(options);
        std::ptrdiff_t at = -1;
        for (int i = 0; i < 30; ++i) {
            const bool inside = at >= 0 && at < size;
            const uint64_t move = random_.below(inside ? 8 : 2);
            const std::string k = key();
            if (move == 0) {
                it->seek(k);
                at = std::lower_bound(expected.begin(), expected.end(), k,
                                      [](const auto& e, const auto& t) { return e.first < t; }) -
                     expected.begin();
            } else if (move == 1) {
                it->seek_for_prev(k);
                at = std::upper_bound(expected.begin(), expected.end(), k,
                                      [](const auto& t, const auto& e) { return t < e.first; }) -
                     expected.begin() - 1;
            } else if (move < 5) {
                it->next();
                ++at;
            } else {
                it->prev();
                --at;
            }
            CAPTURE(i, move, k, at, size);
            REQUIRE(it->valid() == (at >= 0 && at < size));
            if (!it->valid()) continue;
            REQUIRE(it->key() == expected[static_cast<size_t>(at)].first);
            REQUIRE(it->value() == *expected[static_cast<size_t>(at)].second.value);
            REQUIRE(it->seqno() == expected[static_cast<size_t>(at)].second.seqno);
        }
    }

    void take_snapshot() {
        if (snapshots_.size() < 4) snapshots_.push_back(f_.db().snapshot());
    }
    void drop_snapshot() {
        if (!snapshots_.empty()) {
            snapshots_.erase(snapshots_.begin() +
                             static_cast<std::ptrdiff_t>(random_.below(snapshots_.size())));
        }
    }
    void maintain() {
        switch (random_.below(10)) {
            case 0:
                REQUIRE(f_.db().compact_all().is_ok());
                break;
            case 1:
                snapshots_.clear();
                f_.reopen();
                break;
            case 2:
            case 3:
                REQUIRE(f_.db().flush().is_ok());
                break;
            default:
                f_.executor_.run_until_idle();
                break;
        }
    }

    Random random_;
    DbFixture f_;
    ModelStore model_;
    std::vector<SnapshotPtr> snapshots_;
};

}  // namespace

TEST_CASE("model: every answer equals that of a store that keeps every version") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    for (uint64_t run = 0; run < 12; ++run) {
        CAPTURE(run);
        Twins twins(seed + run);
        for (int i = 0; i < 4000; ++i) {
            CAPTURE(i);
            twins.step();
        }
    }
}

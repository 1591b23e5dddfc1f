// Whether a sync waits for more writers, as a table of what happened before.
// SPDX-License-Identifier: Apache-2.0
#include "db/sync_patience.h"

#include <catch2/catch.hpp>

#include "db/sync_gathering.h"
#include "kv/deterministic_executor.h"

using namespace kv;
using namespace kv::db;

namespace {

constexpr uint64_t kSyncUs = 2000;

/// One round of clients who come back: `queued` are there at its start, `wanted` once it begins.
uint64_t wanted_before(SyncPatience& patience, uint64_t queued) {
    return patience.before_sync(queued, kSyncUs).writers;
}

}  // namespace

TEST_CASE("sync patience: waits for those who were answered last and those who came meanwhile") {
    SyncPatience patience;
    CHECK(wanted_before(patience, 5) == 0);  // nothing is known yet
    patience.synced(3, 5);
    CHECK(wanted_before(patience, 5) == 8);
    CHECK(wanted_before(patience, 8) == 0);
    patience.waited(8);
    patience.synced(8, 0);
    CHECK(wanted_before(patience, 1) == 8);
}

TEST_CASE("sync patience: a lone writer never waits, nor does a sync with nobody to serve") {
    SyncPatience patience;
    patience.synced(1, 0);
    CHECK(wanted_before(patience, 1) == 0);
    patience.synced(9, 0);
    CHECK(wanted_before(patience, 0) == 0);
}

TEST_CASE("sync patience: a wait takes half of a sync at most, and quick syncs none") {
    SyncPatience patience;
    patience.synced(9, 1);
    for (const uint64_t sync_us : {SyncPatience::kSlowSyncUs, kSyncUs, uint64_t{1'000'000}}) {
        const SyncPatience::Wait wait = patience.before_sync(1, sync_us);
        CHECK(wait.gap_us > 0);
        CHECK(wait.gap_us * SyncPatience::kMostGaps <= sync_us / 2);
        CHECK(wait.gap_us <= SyncPatience::kLongestGapUs);
    }
    CHECK(patience.before_sync(1, SyncPatience::kSlowSyncUs - 1).writers == 0);
}

TEST_CASE("sync patience: where they do not come back, ever more syncs go at once") {
    SyncPatience patience;
    uint32_t waits = 0;
    for (int i = 0; i < 1000; ++i) {
        patience.synced(10, 10);
        if (wanted_before(patience, 10) == 0) continue;
        ++waits;
        patience.waited(14);
    }
    CHECK(waits >= 1000 / (SyncPatience::kMostSkipped + 1));
    CHECK(waits <= 1000 / (SyncPatience::kMostSkipped + 1) + 7);
}

TEST_CASE("sync patience: one in eight may be missing, and one good wait is enough for the next") {
    SyncPatience patience;
    patience.synced(16, 0);
    REQUIRE(wanted_before(patience, 1) == 16);
    patience.waited(13);
    patience.synced(16, 0);
    CHECK(wanted_before(patience, 1) == 0);
    CHECK(wanted_before(patience, 1) == 16);
    patience.waited(14);
    CHECK(wanted_before(patience, 1) == 16);
}

TEST_CASE("sync gathering: ends when enough have joined, or when nobody joins any more") {
    DeterministicExecutor executor(1);
    SyncGathering gathering(executor);
    gathering.joined(4);
    gathering.taken(4);
    gathering.synced(4);
    int ran = 0;
    const auto join_later = [&] {
        executor.post(Lane::kCommit, [&] {
            ++ran;
            gathering.joined(1);
        });
    };
    gathering.joined(1);
    for (int i = 0; i < 5; ++i) join_later();
    gathering.wait(kSyncUs);
    CHECK(ran == 3);
    executor.run_until_idle();
    gathering.taken(6);
    gathering.synced(6);
    gathering.joined(1);
    join_later();
    gathering.wait(kSyncUs);
    CHECK(ran == 6);
}

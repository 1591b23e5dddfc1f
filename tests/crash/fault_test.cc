// A fault at every n-th operation: EIO, a full disk, a short write, a failed sync. Nothing that was
// acknowledged as durable is lost, nothing is applied in part, and the store recovers by itself or
// says that it does not.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "crash/crash_world.h"
#include "support/seed.h"

using namespace kv;
using namespace kv::test;

namespace {

/// One workload with `fault` at operation `index`; true if the fault was met.
bool fail_once(uint64_t seed, uint64_t index, Fault fault, FailedSync mode) {
    CrashWorld world(seed);
    world.disk().set_failed_sync(mode);
    world.disk().fail_at(index, fault);
    const Status opened = world.open();
    if (!opened.is_ok()) {
        // A store that cannot be opened says so; what was there before stays.
        world.disk().clear_faults();
        const Verdict verdict = check_recovery(world.disk(), world.history(), 0, seed);
        INFO(verdict.text);
        REQUIRE(verdict.ok);
        return true;
    }
    world.run(60);
    world.settle();
    const auto check = [&](const char* moment) {
        const auto survivor = world.disk().clone_after_crash(CrashOptions::random(seed + index));
        const Verdict verdict =
            check_recovery(*survivor, world.history(), world.history().durable(), seed);
        INFO(moment << ": the store " << verdict.text);
        REQUIRE(verdict.ok);
    };
    check("after the fault");
    // The fault is gone: retries bring the store back to work.
    world.let_time_pass();
    world.run(20);
    world.let_time_pass();
    check("after the recovery");
    // The first may still meet the fault itself.
    Status last = world.db().sync();
    world.let_time_pass();
    if (!last.is_ok()) last = world.db().sync();
    INFO(last.to_string());
    CHECK(last.is_ok());
    return world.disk().faults_hit() > 0;
}

void fail_everywhere(Fault fault, FailedSync mode, uint64_t stride) {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    uint64_t hits = 0;
    for (uint64_t index = seed % stride;; index += stride) {
        CAPTURE(index);
        if (!fail_once(seed, index, fault, mode)) break;
        ++hits;
    }
    CHECK(hits > 10);
}

}  // namespace

TEST_CASE("fault: EIO at any operation loses nothing acknowledged") {
    fail_everywhere(Fault::kEio, FailedSync::kLoseData, 7);
}

TEST_CASE("fault: a full disk at any operation is refused, survived and left behind") {
    fail_everywhere(Fault::kEnospc, FailedSync::kLoseData, 7);
}

TEST_CASE("fault: a short write at any operation leaves no half batch") {
    fail_everywhere(Fault::kShortWrite, FailedSync::kLoseData, 7);
}

TEST_CASE("fault: a failed sync that dropped the pages is never trusted") {
    fail_everywhere(Fault::kSyncFails, FailedSync::kLoseData, 5);
}

TEST_CASE("fault: a failed sync that stored the data after all does no harm") {
    fail_everywhere(Fault::kSyncFails, FailedSync::kDurableAnyway, 5);
}

TEST_CASE(
    "fault: a power failure at any moment of moving the log to a fresh segment loses nothing") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    size_t points = 0, doubts = 0;
    for (uint64_t index = 20 + seed % 5; index < 220; index += 5) {
        CAPTURE(index);
        CrashWorld world(seed + index);
        Random random(seed + index);
        REQUIRE(world.open().is_ok());
        world.disk().fail_at(index, Fault::kSyncFails);
        std::string failure;
        world.disk().set_before_op_hook([&](const Operation& operation) {
            if (!failure.empty() || !is_mutating(operation.kind)) return;
            if (world.disk().faults_hit() == 0) return;
            ++points;
            const auto survivor =
                world.disk().clone_after_crash(CrashOptions::random(random.next()));
            const Verdict verdict =
                check_recovery(*survivor, world.history(), world.history().durable(), seed);
            if (!verdict.ok) failure = "before " + to_string(operation) + " it " + verdict.text;
        });
        world.run(40);
        world.let_time_pass();
        world.disk().set_before_op_hook({});
        doubts += world.in_doubt();
        INFO(failure);
        REQUIRE(failure.empty());
    }
    CHECK(points > 100);
    CHECK(doubts > 0);
}

// Power failure and process death at every operation on the disk.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cstdlib>

#include "crash/crash_world.h"
#include "support/seed.h"

using namespace kv;
using namespace kv::test;

namespace {

/// 1,200, or what the slow run asks for.
size_t wanted_crash_points() {
    const char* wanted = std::getenv("KV_CRASH_POINTS");
    return wanted == nullptr ? 1200 : std::strtoull(wanted, nullptr, 10);
}

/// Runs one workload and crashes at every `stride`-th mutating operation. Returns the crash points.
size_t crash_everywhere(uint64_t seed, size_t batches, uint64_t stride) {
    CrashWorld world(seed);
    Random random(seed ^ 0xC0FFEE);
    size_t points = 0;
    std::string failure;
    world.disk().set_before_op_hook([&](const Operation& operation) {
        if (!failure.empty() || !is_mutating(operation.kind) || !random.one_in(stride)) return;
        ++points;
        const bool killed = random.one_in(3);
        const CrashOptions how = killed             ? CrashOptions::keep_all()
                                 : random.one_in(4) ? CrashOptions::lose_all()
                                                    : CrashOptions::random(random.next());
        const auto survivor = world.disk().clone_after_crash(how);
        const size_t at_least = killed ? world.history().written() : world.history().durable();
        const Verdict verdict = check_recovery(*survivor, world.history(), at_least, seed);
        if (verdict.ok) return;
        failure = (killed ? "killed before " : "power failed before ") + to_string(operation) +
                  " (operation " + std::to_string(operation.index) + "): the store " + verdict.text;
    });
    REQUIRE(world.open().is_ok());
    world.run(batches);
    world.settle();
    world.disk().set_before_op_hook({});
    INFO(failure);
    REQUIRE(failure.empty());
    return points;
}

}  // namespace

TEST_CASE("crash: at every operation the recovered store is a prefix that holds what was acked") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    const size_t wanted = wanted_crash_points();
    size_t points = 0;
    for (uint64_t run = 0; points < wanted; ++run) {
        CAPTURE(run);
        points += crash_everywhere(seed + run * 1000, 150, 2);
    }
    CHECK(points >= wanted);
}

TEST_CASE("crash: a crash during recovery from a crash loses nothing either") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int run = 0; run < 12; ++run) {
        CAPTURE(run);
        CrashWorld world(random.next());
        REQUIRE(world.open().is_ok());
        world.run(60 + random.below(100));
        const size_t at_least = world.history().durable();
        const auto first = world.disk().clone_after_crash(CrashOptions::random(random.next()));
        std::string failure;
        size_t points = 0;
        first->set_before_op_hook([&](const Operation& operation) {
            if (!failure.empty() || !is_mutating(operation.kind)) return;
            ++points;
            const auto second = first->clone_after_crash(CrashOptions::random(random.next()));
            const Verdict verdict = check_recovery(*second, world.history(), at_least, 7);
            if (!verdict.ok) failure = "before " + to_string(operation) + " it " + verdict.text;
        });
        const Verdict verdict = check_recovery(*first, world.history(), at_least, 8);
        first->set_before_op_hook({});
        INFO(verdict.text);
        REQUIRE(verdict.ok);
        INFO(failure);
        REQUIRE(failure.empty());
        CHECK(points > 3);
    }
}

TEST_CASE("crash: one seed replays one run") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    std::vector<std::string> journals;
    std::vector<uint64_t> traces;
    for (int run = 0; run < 2; ++run) {
        CrashWorld world(seed);
        REQUIRE(world.open().is_ok());
        world.run(150);
        world.settle();
        traces.push_back(world.trace());
        journals.push_back(world.disk().journal_text("db"));
    }
    CHECK(traces[0] == traces[1]);
    CHECK(journals[0] == journals[1]);
}

// How fast writes are let in under pressure: limits, rate, waits, overload.
// SPDX-License-Identifier: Apache-2.0
#include "db/admission.h"

#include <catch2/catch.hpp>

using kv::db::Admission;
using Pressure = Admission::Pressure;

namespace {

constexpr uint64_t kMiB = 1U << 20;
constexpr uint64_t kSecondUs = 1'000'000;

Admission::Limits limits() {
    return {.soft_level0_tables = 20,
            .hard_level0_tables = 40,
            .soft_debt_bytes = 1000 * kMiB,
            .hard_debt_bytes = 3000 * kMiB,
            .most_immutables = 3};
}

Pressure level0(uint64_t tables, uint64_t written_bytes = 0) {
    Pressure pressure;
    pressure.level0_tables = tables;
    pressure.written_bytes = written_bytes;
    return pressure;
}

/// An admission that has seen writes come at `mib_per_second`.
void see_writes(Admission& admission, uint64_t mib_per_second) {
    admission.observe({}, 0);
    admission.observe(level0(0, mib_per_second * kMiB), kSecondUs);
}

}  // namespace

TEST_CASE("admission: nothing is limited below the soft limits") {
    Admission admission(limits());
    see_writes(admission, 100);
    Pressure pressure = level0(20);
    pressure.debt_bytes = 1000 * kMiB;
    pressure.immutables = 1;
    admission.observe(pressure, kSecondUs);
    CHECK_FALSE(admission.limits());
    CHECK_FALSE(admission.is_overloaded());
    admission.admitted(1000 * kMiB, kSecondUs);
    CHECK(admission.wait_us(kSecondUs) == 0);
    CHECK(admission.bytes_per_second() == UINT64_MAX);
}

TEST_CASE("admission: the rate falls from the rate of writes before, with the worst pressure") {
    Admission admission(limits());
    see_writes(admission, 100);
    const auto rate_at = [&](const Pressure& pressure) {
        admission.observe(pressure, kSecondUs);
        return static_cast<double>(admission.bytes_per_second()) / kMiB;
    };
    CHECK(rate_at(level0(21)) == Approx(95));
    CHECK(rate_at(level0(30)) == Approx(50));
    Pressure debt = level0(21);
    debt.debt_bytes = 2500 * kMiB;
    CHECK(rate_at(debt) == Approx(25));
    Pressure memtables;
    memtables.immutables = 3;
    CHECK(rate_at(memtables) == Approx(100.0 / 3));
    CHECK_FALSE(admission.is_overloaded());
    CHECK(rate_at(level0(39)) == Approx(5));
}

TEST_CASE("admission: at a hard limit the store is overloaded, and below it again at once") {
    Admission admission(limits());
    admission.observe(level0(40), 0);
    CHECK(admission.is_overloaded());
    CHECK(admission.bytes_per_second() > 0);
    admission.observe(level0(39), 1);
    CHECK_FALSE(admission.is_overloaded());
    CHECK(admission.limits());
    admission.observe(level0(20), 2);
    CHECK_FALSE(admission.limits());
}

TEST_CASE("admission: a large store may owe a share of what it holds") {
    Admission admission(limits());
    Pressure pressure;
    pressure.debt_bytes = 3000 * kMiB;
    pressure.stored_bytes = 100'000 * kMiB;
    admission.observe(pressure, 0);
    CHECK_FALSE(admission.limits());
    pressure.stored_bytes = 8'000 * kMiB;
    admission.observe(pressure, 0);
    CHECK(admission.limits());
    CHECK_FALSE(admission.is_overloaded());
}

TEST_CASE("admission: a base measured while writes were limited or few does not count") {
    Admission admission(limits());
    see_writes(admission, 100);
    admission.observe(level0(30, 100 * kMiB), kSecondUs);
    admission.observe(level0(30, 101 * kMiB), 9 * kSecondUs);
    CHECK(admission.bytes_per_second() == 50 * kMiB);
    admission.observe(level0(0, 101 * kMiB), 10 * kSecondUs);
    admission.observe(level0(0, 102 * kMiB), 20 * kSecondUs);  // 0.1 MiB a second
    admission.observe(level0(30, 102 * kMiB), 20 * kSecondUs);
    CHECK(admission.bytes_per_second() == Admission::kSmallestBase / 2);
}

TEST_CASE("admission: over time as much is let in as the rate says, in short waits") {
    for (const uint64_t group : {200U, 5'000U, 100'000U}) {
        Admission admission(limits());
        see_writes(admission, 100);
        admission.observe(level0(30, 100 * kMiB), kSecondUs);  // 50 MiB a second
        uint64_t now_us = 10 * kSecondUs, let_in = 0, longest_us = 0;
        while (now_us < 12 * kSecondUs) {
            const uint64_t wait_us = admission.wait_us(now_us);
            longest_us = std::max(longest_us, wait_us);
            now_us += wait_us;
            REQUIRE(admission.wait_us(now_us) == 0);
            admission.admitted(group, now_us);
            let_in += group;
        }
        CAPTURE(group);
        CHECK(static_cast<double>(let_in) / kMiB == Approx(100).epsilon(0.01));
        CHECK(longest_us < 2 * Admission::kGrainUs + group * kSecondUs / (50 * kMiB));
    }
}

TEST_CASE("admission: no wait is long, however large the group before") {
    Admission admission(limits());
    admission.observe(level0(39), 0);
    for (int i = 0; i < 5; ++i) admission.admitted(1000 * kMiB, 0);
    CHECK(admission.wait_us(0) == Admission::kLongestWaitUs);
    CHECK(admission.wait_us(Admission::kLongestWaitUs) == 0);
}

// The YCSB mixes, what they draw, and which keys inserts get.
// SPDX-License-Identifier: Apache-2.0
#include "bench/traffic/operation_mix.h"

#include <catch2/catch.hpp>

#include "bench/traffic/workload.h"

namespace kv::bench {

namespace {

constexpr uint64_t kKeys = 1000;
constexpr int kDraws = 100'000;

Workload of_letter(std::string_view letter) {
    Workload workload;
    const auto known = ycsb_workload(letter);
    REQUIRE(known);
    workload.key_count = kKeys;
    workload.mix = known->mix;
    workload.distribution = known->distribution;
    workload.zeta = zipfian_zeta(kKeys);
    return workload;
}

std::array<double, kOpKinds> drawn_shares(const Workload& workload, Role role = Role::kAll) {
    InsertedKeys inserted(workload.key_count);
    OperationChooser chooser(workload, inserted, 0);
    std::array<double, kOpKinds> shares{};
    for (int i = 0; i < kDraws; ++i) {
        shares[static_cast<size_t>(chooser.next(role).kind)] += 1.0 / kDraws;
    }
    return shares;
}

}  // namespace

TEST_CASE("operation mix: each YCSB workload draws its shares") {
    CHECK_FALSE(ycsb_workload("g"));
    CHECK_FALSE(ycsb_workload(""));
    for (const std::string_view letter : {"a", "b", "c", "d", "e", "f"}) {
        INFO(letter);
        const Workload workload = of_letter(letter);
        const auto shares = drawn_shares(workload);
        double sum = 0;
        for (size_t i = 0; i < kOpKinds; ++i) {
            CHECK(shares[i] == Approx(workload.mix[i]).margin(0.01));
            if (workload.mix[i] == 0) CHECK(shares[i] == 0);
            sum += workload.mix[i];
        }
        CHECK(sum == Approx(1));
    }
}

TEST_CASE("operation mix: a reader only reads and a writer only writes") {
    const Workload workload = of_letter("a");
    CHECK(drawn_shares(workload, Role::kReader)[0] == Approx(1));
    CHECK(drawn_shares(workload, Role::kWriter)[1] == Approx(1));
}

TEST_CASE("operation mix: the first connections are the readers") {
    Workload workload;
    CHECK(workload.role(0) == Role::kAll);
    workload.readers = 2;
    workload.writers = 1;
    CHECK(workload.role(1) == Role::kReader);
    CHECK(workload.role(2) == Role::kWriter);
}

TEST_CASE("operation mix: scans ask for 1 to 100 entries, from keys that are there") {
    const Workload workload = of_letter("e");
    InsertedKeys inserted(workload.key_count);
    OperationChooser chooser(workload, inserted, 0);
    uint32_t fewest = kMaxScanEntries;
    uint32_t most = 0;
    for (int i = 0; i < kDraws; ++i) {
        const Operation operation = chooser.next(Role::kAll);
        if (operation.kind != OpKind::kScan) continue;
        CHECK(operation.key_index < kKeys);
        fewest = std::min(fewest, operation.scan_entries);
        most = std::max(most, operation.scan_entries);
    }
    CHECK(fewest == 1);
    CHECK(most == kMaxScanEntries);
}

TEST_CASE("operation mix: workload D reads what was inserted, never what is on its way") {
    const Workload workload = of_letter("d");
    InsertedKeys inserted(workload.key_count);
    OperationChooser chooser(workload, inserted, 0);
    uint64_t next_insert = kKeys;
    uint64_t answered = kKeys - 1;
    uint64_t newest_read = 0;
    for (int i = 0; i < kDraws; ++i) {
        const Operation operation = chooser.next(Role::kAll);
        if (operation.kind == OpKind::kInsert) {
            CHECK(operation.key_index == next_insert++);
            if (next_insert % 2 == 0) {
                inserted.finish(answered + 1);
                inserted.finish(answered + 2);
                answered += 2;
            }
        } else {
            CHECK(operation.key_index <= answered);
            newest_read = std::max(newest_read, operation.key_index);
        }
    }
    CHECK(answered > kKeys + 1000);
    CHECK(newest_read > answered - 100);
}

TEST_CASE("inserted keys: the newest waits for every earlier insert") {
    InsertedKeys inserted(10);
    CHECK(inserted.newest() == 9);
    CHECK(inserted.allocate() == 10);
    CHECK(inserted.allocate() == 11);
    CHECK(inserted.allocate() == 12);
    inserted.finish(12);
    inserted.finish(11);
    CHECK(inserted.newest() == 9);
    inserted.finish(10);
    CHECK(inserted.newest() == 12);
}

}  // namespace kv::bench

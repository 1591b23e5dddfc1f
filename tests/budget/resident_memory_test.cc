// The memory budget against the resident size that the kernel reports, through writes, flushes,
// compactions, reads, scans and replay.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <fstream>
#include <string>

#include "base/random.h"
#include "kv/db.h"
#include "support/seed.h"
#include "support/temp_dir.h"

using namespace kv;
using namespace kv::test;

namespace {

constexpr uint64_t kMiB = 1ULL << 20;
constexpr uint64_t kBudget = 64 * kMiB;
/// What architecture.md allows beside the budget: program, stacks, the allocator's own.
constexpr uint64_t kAllowance = 64 * kMiB;
constexpr uint64_t kKeys = 600'000;

/// The largest resident size of this process so far.
uint64_t peak_resident_bytes() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        uint64_t kib = 0;
        if (word == "VmHWM:" && status >> kib) return kib << 10;
    }
    return 0;
}

class BudgetedStore {
  public:
    BudgetedStore() { options_.memory_budget_bytes = kBudget; }

    void open() {
        auto opened = Db::open(options_, dir_.file("db"));
        INFO(opened.status().to_string());
        REQUIRE(opened.is_ok());
        db_ = std::move(*opened);
    }
    void close() { db_.reset(); }
    Db& db() { return *db_; }

    static std::string key(uint64_t number) {
        std::string text = std::to_string(number);
        return "key" + std::string(13 - text.size(), '0') + text;
    }
    void overwrite(uint64_t count) {
        std::string value(400, 'v');
        for (uint64_t i = 0; i < count; ++i) {
            // Half of it random, so that no codec makes the work small.
            for (size_t at = 0; at < 200; at += 8) {
                const uint64_t noise = random_.next();
                value.replace(at, 8, reinterpret_cast<const char*>(&noise), 8);
            }
            while (true) {
                const WriteResult written =
                    db().put(key(random_.below(kKeys)), value, Durability::kOs);
                if (written.status.is_ok()) break;
                INFO(written.status.to_string());
                REQUIRE(written.status.is(Code::kOverloaded));
            }
        }
    }
    void read(uint64_t count) {
        for (uint64_t i = 0; i < count; ++i) REQUIRE(db().get(key(random_.below(kKeys))).is_ok());
    }
    uint64_t scan() {
        uint64_t entries = 0;
        const auto it = db().new_iterator();
        for (it->seek_to_first(); it->valid(); it->next()) ++entries;
        REQUIRE(it->status().is_ok());
        return entries;
    }

  private:
    const uint64_t seed_ = test_seed();
    Random random_{seed_};
    TempDir dir_;
    Options options_;
    std::unique_ptr<Db> db_;
};

void check_resident(const char* after) {
    CAPTURE(after, peak_resident_bytes() / kMiB);
    CHECK(peak_resident_bytes() > kMiB);
    CHECK(peak_resident_bytes() <= kBudget + kAllowance);
}

}  // namespace

TEST_CASE("memory budget: the process stays within it, whatever the store does") {
    BudgetedStore store;
    store.open();
    store.overwrite(700'000);  // about 300 MB, five times the budget
    check_resident("writes");
    store.read(100'000);
    check_resident("reads");
    store.scan();
    check_resident("a scan");
    REQUIRE(store.db().compact_all().is_ok());
    check_resident("a full compaction");
    store.overwrite(100'000);
    store.close();
    store.open();
    check_resident("replay");
    CHECK(store.scan() > 0);
    const StoreStats stats = store.db().stats();
    CHECK(stats.memory_used_bytes <= kBudget);
}

// See store_report.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands/store_report.h"

#include <algorithm>

#include "kv/keyspace.h"

namespace kv::server {
namespace {

// A walk reads values along with keys, and exporters ask every few seconds. What is passed over are
// mostly old versions.
constexpr uint64_t kMostCounted = 100'000;
constexpr uint64_t kMostWalkedBytes = 32U << 20;
constexpr uint64_t kMostPassedOver = 1'000'000;

DatabaseReport look_into(Db& db, Keyspace space) {
    ScanOptions options;
    options.lower = space.first();
    options.upper = space.end();
    options.fill_cache = false;
    options.max_skipped = kMostPassedOver;
    DatabaseReport report;
    const auto walk = db.new_iterator(options);
    uint64_t bytes = 0;
    walk->seek_to_first();
    for (; walk->valid() && report.keys < kMostCounted && bytes < kMostWalkedBytes; walk->next()) {
        ++report.keys;
        if (walk->expiry_ms() != 0) ++report.expiring;
        bytes += walk->key().size() + walk->value().size();
    }
    const bool whole = !walk->valid() && !walk->budget_exhausted() && walk->status().is_ok();
    if (whole) return report;
    const uint64_t walked = report.keys;
    report.keys = std::max(walked, db.approximate_count(options));
    if (walked != 0) report.expiring = report.expiring * report.keys / walked;
    return report;
}

}  // namespace

StoreReport gather_report(Db& db, bool with_databases) {
    StoreReport report;
    report.stats = db.stats();
    if (!with_databases) return report;
    for (uint32_t database = 0; database < kDatabases; ++database) {
        report.databases[database] = look_into(db, Keyspace(database));
    }
    return report;
}

}  // namespace kv::server

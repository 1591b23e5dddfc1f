// See store_report.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands/store_report.h"

#include "kv/keyspace.h"

namespace kv::server {

StoreReport gather_report(Db& db) {
    StoreReport report;
    report.stats = db.stats();
    for (uint32_t database = 0; database < kDatabases; ++database) {
        const Keyspace space(database);
        ScanOptions options;
        options.lower = space.first();
        options.upper = space.end();
        report.keys[database] = db.approximate_count(options);
    }
    return report;
}

}  // namespace kv::server

// An application that embeds kvd's engine: opens the store named on its command line, writes,
// reads.
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "kv/db.h"

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    auto db = kv::Db::open(kv::Options{}, argv[1]);
    if (!db.has_value()) {
        std::fprintf(stderr, "%s\n", db.error().to_string().c_str());
        return 1;
    }
    if (!(*db)->put("greeting", "hello from the engine").status.is_ok()) return 1;
    const auto entry = (*db)->get("greeting");
    if (!entry.has_value() || !entry->has_value()) return 1;
    std::printf("%s\n", (*entry)->value.c_str());
    return 0;
}

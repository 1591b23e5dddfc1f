// What STATS answers: the store's counters and the daemon's, as names and texts.
// Thread rule: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/shared_state.h"

namespace kv::server {

struct Stat {
    std::string name;  ///< Dotted lower case: "engine.cache_hits", "server.requests".
    std::string value;
};

/// Those whose name starts with `prefix`, sorted by name. `engine` is what the store says, which
/// a network thread must not ask for itself.
std::vector<Stat> collect_stats(const SharedState& shared, const StoreStats& engine,
                                std::string_view prefix);

}  // namespace kv::server

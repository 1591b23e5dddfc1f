// The settings that CONFIG GET and CONFIG SET know by Redis's names, read from kvd's configuration
// and state. A few can be changed while the daemon runs; kvd.toml decides about the rest.
// Thread rule: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "kv/types.h"
#include "server/shared_state.h"

namespace kv::server {

/// Where a setting's value is told from.
struct SettingSource {
    const SharedState& shared;
    Durability durability;  ///< Of the connection that asks.
};

struct Setting {
    std::string_view name;
    std::string (*get)(const SettingSource& source);
    /// Null: cannot be changed while running.
    void (*set)(SharedState& shared, int64_t value) = nullptr;
    int64_t min = 0;  ///< Of what can be set; there is no upper bound.
};

/// Sorted by name.
std::span<const Setting> settings();
/// Null when there is none. `name` in any case.
const Setting* find_setting(std::string_view name);

}  // namespace kv::server

// Names of the durability levels.
// SPDX-License-Identifier: Apache-2.0
#include "kv/client_types.h"
#include "protocol/frame.h"

namespace kv::client {

static_assert(
    static_cast<int>(Durability::kMemory) == static_cast<int>(protocol::Durability::kMemory) &&
        static_cast<int>(Durability::kOs) == static_cast<int>(protocol::Durability::kOs) &&
        static_cast<int>(Durability::kDisk) == static_cast<int>(protocol::Durability::kDisk),
    "levels are sent as they are");

std::string_view durability_name(Durability level) {
    switch (level) {
        case Durability::kMemory:
            return "memory";
        case Durability::kOs:
            return "os";
        case Durability::kDisk:
            break;
    }
    return "disk";
}

std::optional<Durability> parse_durability(std::string_view name) {
    for (const Durability level : {Durability::kMemory, Durability::kOs, Durability::kDisk}) {
        if (durability_name(level) == name) return level;
    }
    return std::nullopt;
}

}  // namespace kv::client

// How long a test of the client or of kvcli waits for what has to come: only a hang may fail it,
// never a busy machine.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace kv::test {

inline constexpr std::chrono::seconds kPatience{120};

}  // namespace kv::test

// The version that the programs of this folder print; set by the build.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace kv::cli {
#ifdef KV_VERSION
inline constexpr std::string_view kVersion = KV_VERSION;
#else
inline constexpr std::string_view kVersion = "unversioned";
#endif
}  // namespace kv::cli

// What to do about damage, said at the end of every message that tells of it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace kv {

/// Of a log segment, a MANIFEST or CURRENT. They go on while the store runs: a copy of an hour ago
/// would take back what was acknowledged since, and nothing could tell.
inline constexpr const char* kStoreAdvice =
    "; `kvtool verify DIR` shows how far the damage reaches, `kvtool repair DIR --out NEW` saves "
    "what "
    "is whole; or restore the whole directory from a backup (an older copy of this file alone "
    "would "
    "lose what was written since)";

/// Of a table, which never changes.
inline constexpr const char* kTableAdvice =
    "; restore this file or the whole directory from a backup, or save what is whole with `kvtool "
    "repair DIR --out NEW`";

}  // namespace kv

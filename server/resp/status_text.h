// error_text: what the store's refusals are called towards Redis clients. Codes that clients know
// keep their meaning: BUSY is worth a retry, MISCONF says that writes are off.
// Thread rule: pure.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "kv/status.h"

namespace kv::server {

/// With its code, without the leading "-": "BUSY too many writes are waiting; retry after 20 ms".
std::string error_text(const Status& status);

/// There is no room for what was asked for or is to be answered (limits.network_memory).
Status network_memory_full();

}  // namespace kv::server

// A client as CLIENT LIST shows it. Thread rule: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "server/resp/client_handle.h"

namespace kv::server {

/// "id=3 addr=127.0.0.1:50000 ...", with a line end: the fields of Redis 7.0 in their order, and
/// the library's name and version. Fields that have no meaning here are there with a 0.
std::string client_line(const ClientHandle& client, uint64_t now_us);

/// "normal", "pubsub": the type that CLIENT LIST TYPE asks for. There are no others.
std::string_view client_type(const ClientHandle& client);

}  // namespace kv::server

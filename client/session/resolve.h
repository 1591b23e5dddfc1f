// resolve: the addresses of a host, within a time limit. The system's look-up has limits of its
// own, in tens of seconds where a name server does not answer, and cannot be stopped: it runs on a
// thread that is left behind when nobody waits for it any more.
// Caller: connect_socket.
// Thread rule: from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <netdb.h>

#include <memory>

#include "kv/result.h"
#include "session/socket.h"

namespace kv::client {

using AddressList = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

/// For TCP, in the order to try them. kUnavailable: unknown host. kDeadline, kCancelled.
Result<AddressList> resolve(const Address& address, const Patience& patience);

}  // namespace kv::client

// Choosing the wire by the protocol.
// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/wire.h"

#include "bench/wire/native_connection.h"
#include "bench/wire/resp_connection.h"

namespace kv::bench {

std::unique_ptr<Wire> Wire::make(const Workload& workload) {
    if (workload.protocol == Protocol::kResp) return std::make_unique<RespWire>(workload);
    return std::make_unique<NativeWire>(workload);
}

}  // namespace kv::bench

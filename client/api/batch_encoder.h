// BatchEncoder: from the application's Batch to the protocol's BATCH request.
// Thread rule: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kv/client_batch.h"
#include "protocol/write_messages.h"

namespace kv::client {

class BatchEncoder {
  public:
    /// Views into `batch`, which must outlive the request and stay unchanged.
    static protocol::BatchRequest request(const Batch& batch);
};

}  // namespace kv::client

// See status_text.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/resp/status_text.h"

namespace kv::server {

std::string error_text(const Status& status) {
    const std::string message(status.message());
    switch (status.code()) {
        case Code::kOverloaded:
            return "BUSY " + message + "; retry after " + std::to_string(status.detail()) + " ms";
        case Code::kNoSpace:
        case Code::kReadOnly:
        case Code::kIoError:
            return "MISCONF " + message;
        case Code::kInDoubt:
            return "INDOUBT the write may or may not survive: " + message;
        case Code::kCorruption:
            return "ERR corruption: " + message;
        default:
            return "ERR " + message;
    }
}

Status network_memory_full() { return {Code::kOverloaded, "network buffers are full", 100}; }

}  // namespace kv::server

// FrameTemplate: a request encoded once, of which each copy gets its own id and key: two small
// copies a request instead of an encoding.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "bench/traffic/workload.h"

namespace kv::bench {

class FrameTemplate {
  public:
    static FrameTemplate get(const Workload& workload);
    /// The value is printable noise, the same in every request.
    static FrameTemplate put(const Workload& workload);

    /// Appends the request for key number `key_index`.
    void append(uint64_t request_id, uint64_t key_index, std::string& out) const;

  private:
    FrameTemplate(std::string frame, const std::string& placeholder_key);

    std::string frame_;
    size_t id_offset_;
    size_t key_offset_;
    size_t key_bytes_;
};

}  // namespace kv::bench

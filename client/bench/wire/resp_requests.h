// Requests of the Redis protocol: the encoder, and RespTemplate, a command encoded once of which
// each copy gets its own key.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "kv/bytes.h"

namespace kv::bench {

/// Appends a command as an array of bulk strings; the first word is its name.
void append_resp_command(std::string& out, std::initializer_list<Bytes> words);

class RespTemplate {
  public:
    /// "NAME key REST...", the key `key_bytes` long.
    RespTemplate(Bytes name, size_t key_bytes, std::initializer_list<Bytes> rest = {});

    /// Appends the request for key number `key_index`.
    void append(uint64_t key_index, std::string& out) const;

  private:
    std::string command_;
    size_t key_offset_;
    size_t key_bytes_;
};

}  // namespace kv::bench

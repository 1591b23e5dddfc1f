// AddressFile: DATA_DIR/kvd.addr, which names the addresses of the listeners that are on, one
// `name=ADDR:PORT` a line. It appears at once and whole when the server is ready, and goes at a
// clean stop; after a crash it stays until the next start replaces it.
// Thread rule: one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "kv/status.h"

namespace kv::server {

class AddressFile {
  public:
    explicit AddressFile(const std::string& data_dir) : path_(data_dir + "/kvd.addr") {}

    /// Writes a temporary file and renames it into place.
    Status publish(const std::string& text) const;
    /// Fine when there is none.
    Status remove() const;
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

}  // namespace kv::server

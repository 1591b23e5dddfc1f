// See address_file.h. Not data: it is never synced, only replaced atomically for its readers.
// SPDX-License-Identifier: Apache-2.0
#include "server/address_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace kv::server {

Status AddressFile::publish(const std::string& text) const {
    const std::string temporary = path_ + ".tmp";
    {
        std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
        file << text;
        file.flush();
        if (!file) return Status::io_error("cannot write " + temporary);
    }
    if (std::rename(temporary.c_str(), path_.c_str()) != 0) {
        return Status::io_error("rename " + temporary + " to " + path_ + ": " +
                                std::strerror(errno));
    }
    return Status::ok();
}

Status AddressFile::remove() const {
    if (unlink(path_.c_str()) != 0 && errno != ENOENT) {
        return Status::io_error("unlink " + path_ + ": " + std::strerror(errno));
    }
    return Status::ok();
}

}  // namespace kv::server

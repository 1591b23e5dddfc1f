// Checkpoints: copies of the open store that clients ask for, each a store of its own in
// DATA_DIR/checkpoints/NAME.
//
// They stay within the data directory: their tables are hard links, which need its file system, and
// no client may choose another place on the server's machine. What becomes of one is up to the
// operator; kvd never deletes it.
// Thread rule: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>

#include "kv/db.h"
#include "kv/result.h"

namespace kv::server {

class Checkpoints {
  public:
    struct Made {
        std::string path;
        CheckpointInfo info;
    };

    Checkpoints(Db& db, const std::string& data_dir);

    /// Returns once it is on the disk, whole. kInvalidArgument: `name` is none for a checkpoint, or
    /// there is one of that name. kOverloaded: another one is being made. Else as Db::checkpoint.
    Result<Made> make(const std::string& name);

  private:
    Db& db_;
    const std::string data_dir_;  // absolute: clients, elsewhere, are told the path
    std::mutex making_;
};

}  // namespace kv::server

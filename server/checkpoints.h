// Checkpoints: copies of the open store that clients ask for, each a store of its own in
// DATA_DIR/checkpoints/NAME.
//
// They stay within the data directory: their tables are hard links, which need its file system, and
// no client may choose another place on the server's machine. One gets its name when it is whole.
// Until then it is in .NAME.unfinished, a name that no client can ask for: what is found there at a
// start was cut off by the end of its kvd, and is removed. What becomes of a whole one is up to the
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

    /// Removes what the kvd before did not finish.
    Checkpoints(Db& db, const std::string& data_dir);

    /// Returns once it is on the disk, whole. kInvalidArgument: `name` is none for a checkpoint, or
    /// there is one of that name. kOverloaded: another one is being made. Else as Db::checkpoint.
    Result<Made> make(const std::string& name);

  private:
    void remove_unfinished() const;
    Result<CheckpointInfo> write(const std::string& unfinished, const std::string& path);

    Db& db_;
    const std::string all_;  // absolute: clients, elsewhere, are told the path
    std::mutex making_;
};

}  // namespace kv::server

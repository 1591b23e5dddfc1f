// Pipeline: many writes in flight over one client, with a bounded depth and one place for errors.
//
// For loaders: write() returns at once until `depth` writes are outstanding, then waits for one of
// them. Writes of one pipeline are applied in the order given while the connection lasts.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "kv/client.h"

namespace kv::client {

class Pipeline {
  public:
    /// Called for every finished write, on the client's reader thread. `tag` is write()'s own.
    using Observer = std::function<void(uint64_t tag, const Result<WriteReceipt>& result)>;

    /// At most `depth` (>= 1) writes in flight. The client must outlive the pipeline.
    Pipeline(Client& client, size_t depth, WriteOptions options = {}, Observer observer = {});
    /// Waits for what is outstanding.
    ~Pipeline();
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;

    /// Sends `batch`. Once a write has failed: that error, and nothing is sent any more.
    Status write(const Batch& batch, uint64_t tag = 0);
    /// Waits until nothing is outstanding. The first error of all writes so far.
    Status drain();

  private:
    struct State;
    Client& client_;
    WriteOptions options_;
    std::shared_ptr<State> state_;
};

}  // namespace kv::client

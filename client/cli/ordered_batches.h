// OrderedBatches: many batches in flight, applied in the order given. A server that is overloaded
// refuses some of them and takes others behind them; then all are sent again from the first that it
// refused, after the time it asks for. So a batch may be applied twice: puts and deletes only.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "kv/client_pipeline.h"

namespace kv::cli {

class OrderedBatches {
  public:
    /// At most `depth` in flight over `client`, which must outlive this. While the server is
    /// overloaded `gives_up` is asked whether to go on waiting.
    OrderedBatches(Client& client, size_t depth, client::WriteOptions options,
                   std::function<bool()> gives_up);

    /// Sends `batch`; tags must rise. An error may be that of an earlier batch, and is for good.
    Status send(client::Batch batch, uint64_t tag);
    /// Waits until all are stored. kOverloaded: a minute has passed without one that was.
    Status finish();
    /// The tag of the first batch that is not known to be stored.
    std::optional<uint64_t> first_open() const;

  private:
    using Clock = std::chrono::steady_clock;
    struct Sent {
        uint64_t tag;
        std::shared_ptr<const client::Batch> batch;
        bool stored;
    };
    static constexpr std::chrono::minutes kPatience{1};

    void open_pipeline();
    void note(uint64_t tag, const Result<client::WriteReceipt>& result);
    Status resume(Status status);
    Status send_again();

    Client& client_;
    const size_t depth_;
    const client::WriteOptions options_;
    const std::function<bool()> gives_up_;

    mutable std::mutex mutex_;
    // Guarded by mutex_.
    std::deque<Sent> sent_;  // from the first one not stored on
    uint64_t pause_ms_ = 0;  // that the server asked for since the last time all were sent again
    Clock::time_point stored_one_ = Clock::now();

    // Last: its end waits for callbacks that use the rest.
    std::optional<client::Pipeline> pipeline_;
};

}  // namespace kv::cli

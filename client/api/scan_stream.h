// ScanStream: the receiving end of one scan. Chunks arrive on the reader thread, the application
// takes entries out at its own pace, and every chunk taken gives the server credit for more.
// Thread rule: next, entry and status belong to the application's one thread; on_answer to the
// reader thread; cancel to anyone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "kv/client_types.h"
#include "session/session.h"

namespace kv::client {

class ScanStream final : public CallSink, public std::enable_shared_from_this<ScanStream> {
  public:
    ScanStream(std::shared_ptr<Session> session, ScanOptions options);

    bool next();
    const KeyedEntry& entry() const { return entry_; }
    const Status& status() const { return status_; }
    void cancel();
    /// The application is gone: stop the server if it still sends.
    void close();

    void on_answer(const Status& status, Bytes body, bool more) override;

  private:
    enum class Phase : uint8_t { kFresh, kRunning, kFinished };

    // Sends the request, from the start or from the last token. Waits for a server that is coming
    // back until `deadline_us`.
    Status start(uint64_t deadline_us);
    bool next_chunk();
    // Behind the last chunk of a stream that ended so: goes on with another one, or finishes.
    bool go_on(const Status& end, uint64_t deadline_us);
    bool finish(Status status);
    void grant(size_t bytes);
    uint64_t deadline_us() const;

    // Set once.
    const std::shared_ptr<Session> session_;
    const ScanOptions options_;
    const uint64_t snapshot_id_;

    // The application's thread only.
    Phase phase_ = Phase::kFresh;
    Status status_;
    std::string body_;  // chunk_ points into it
    protocol::ScanChunk chunk_;
    size_t index_ = 0;  // next entry of chunk_
    KeyedEntry entry_;
    std::string token_;
    uint64_t delivered_ = 0;           // entries, over all connections
    uint64_t cancellations_seen_ = 0;  // the session's, when the stream began
    size_t owed_credit_ = 0;
    int fruitless_resumes_ = 0;

    std::mutex mutex_;
    std::condition_variable changed_;
    // Guarded by mutex_.
    std::deque<std::string> chunks_;
    bool ended_ = false;
    Status end_status_;
    bool cancelled_ = false;
    std::weak_ptr<Connection> connection_;
    uint64_t request_id_ = 0;
};

}  // namespace kv::client

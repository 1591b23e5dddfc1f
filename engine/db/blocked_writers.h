// BlockedWriters: the callers of Db::write that sleep until their write is answered.
//
// Writes answered together are woken by one system call: a writer whose request has joined a round
// of the log sleeps on that round's word, together with all others of the round. One that falls
// asleep before it has joined (whoever forms the group has not come to it) sleeps on a word of its
// own. Waking costs nothing while nobody sleeps, which is the case of a lone writer.
// Thread rule: wait on the writer's thread; join and answer on whoever holds its request.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "kv/db.h"
#include "kv/executor.h"

namespace kv::db {

/// Lives on its thread's stack, the request included, and may be gone as soon as it is answered.
/// The request has no observer, which tells it from submitted ones.
struct BlockedWriter {
    WriteRequest request;
    /// 0: queued. Else asleep on this word, in a round, or answered; see the .cc.
    std::atomic<uint32_t> state{0};

    BlockedWriter() { request.context = this; }
    BlockedWriter(const BlockedWriter&) = delete;
};

class BlockedWriters {
  public:
    explicit BlockedWriters(Executor& executor) : executor_(executor) {}
    BlockedWriters(const BlockedWriters&) = delete;

    static bool owns(const WriteRequest& request) { return request.observer == nullptr; }
    /// What a chain of requests holds; answer() takes it back. The memory stays the writer's.
    static std::unique_ptr<WriteRequest> lend(BlockedWriter& writer) {
        return std::unique_ptr<WriteRequest>(&writer.request);
    }

    /// `request` will be answered with all others of `round`. Any number; nearby ones differ.
    void join(WriteRequest& request, uint64_t round);
    /// Returns once the writer's request has been answered.
    void wait(BlockedWriter& writer);

    /// Answers requests of any rounds; wake, after the last of them, lets their writers run.
    class Answers {
      public:
        explicit Answers(BlockedWriters& writers) : writers_(writers) {}
        void answer(std::unique_ptr<WriteRequest> request);
        void wake();

      private:
        BlockedWriters& writers_;
        uint32_t rounds_ = 0;  // a bit each
    };

  private:
    static constexpr uint32_t kRounds = 4;
    struct alignas(64) Round {
        std::atomic<uint32_t> word{0};  // counts up when writers of the round have been answered
        std::atomic<uint32_t> sleepers{0};
    };

    Executor& executor_;
    std::array<Round, kRounds> rounds_;
};

}  // namespace kv::db

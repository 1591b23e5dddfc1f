// CallTable: the requests of one connection, from the queue to their last answer.
//
// A pure state machine: requests, answers, lost connections and the time go in; frames to send and
// completions come out. It decides what a caller is told when there is no answer: a write that was
// handed to the transport is in doubt, one that was not is surely not applied.
// Thread rule: guarded by its connection's mutex. Completions are to be run outside of it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kv/bytes.h"
#include "kv/status.h"
#include "protocol/opcode.h"

namespace kv::client {

/// Where the answers of one call go.
class CallSink {
  public:
    virtual ~CallSink() = default;
    /// On the reader thread, once for each answer; the last time with `more` false, which happens
    /// exactly once. `body` is valid during the call, and empty unless `status` is ok. Must neither
    /// block nor throw.
    virtual void on_answer(const Status& status, Bytes body, bool more) = 0;
};

/// A call that ended without an answer from the server.
struct Completion {
    std::shared_ptr<CallSink> sink;
    Status status;
    uint64_t cancel_id = 0;  ///< The server may still work at this request: tell it to stop.

    void run() const { sink->on_answer(status, {}, false); }
};

class CallTable {
  public:
    static constexpr uint64_t kNever = UINT64_MAX;

    /// `first_id` is the request id of the first call; they count up from there.
    explicit CallTable(uint64_t first_id) : next_id_(first_id) {}
    void set_max_outstanding(uint32_t limit) { max_outstanding_ = limit; }

    /// Queues a complete request frame, whose id is filled in here, and returns that id.
    uint64_t add(protocol::Opcode opcode, std::string frame, uint64_t deadline_us,
                 std::shared_ptr<CallSink> sink);
    /// Queues a frame that has no answer (QUIET) and goes ahead of all calls.
    void add_control(std::string frame);

    /// Moves frames to the end of `out` until it holds about `target_bytes`, the queue is empty or
    /// too many calls are outstanding. From now on they count as sent. Each tells the server how
    /// much of its time is left at `now_us`, so that none begins after its caller was told what
    /// became of it; one without any stays. False if none was moved.
    bool take_sendable(std::string& out, size_t target_bytes, uint64_t now_us);

    /// The sink for an answer to `id`; null when the caller has been told already, or never asked.
    /// Without `more` the call is over.
    std::shared_ptr<CallSink> answered(uint64_t id, bool more);
    /// Was this call a write? False for unknown ids.
    bool is_write(uint64_t id) const;

    /// Ends the calls whose time has run out. A sent call stays outstanding until its answer.
    std::vector<Completion> expire(uint64_t now_us);
    /// The earliest deadline, kNever without one.
    uint64_t next_deadline_us() const;
    /// Ends one call (empty when there is no such), or all of them.
    std::vector<Completion> cancel(uint64_t id);
    std::vector<Completion> cancel_all();
    /// The server takes no call after `last_id` any more.
    std::vector<Completion> refuse_after(uint64_t last_id, const Status& why);
    /// The connection is gone.
    std::vector<Completion> lose(const Status& why);

    /// Sent, and not answered for the last time.
    uint32_t outstanding() const { return outstanding_; }
    bool idle() const { return calls_.empty() && control_.empty(); }

  private:
    struct Call {
        protocol::Opcode opcode;
        bool sent = false;
        uint64_t deadline_us = kNever;
        std::string frame;               // until sent
        std::shared_ptr<CallSink> sink;  // null: the caller has been told, the answer is awaited
    };
    using Calls = std::map<uint64_t, Call>;

    // Tells the caller of `it` and forgets the call unless an answer is to come. Returns the next.
    Calls::iterator end_call(Calls::iterator it, Code code_unless_in_doubt, const std::string& why,
                             std::vector<Completion>& out);

    uint64_t next_id_;
    uint32_t max_outstanding_ = 1;
    uint32_t outstanding_ = 0;
    Calls calls_;
    std::deque<uint64_t> queue_;  // ids not sent yet; some may have ended meanwhile
    std::deque<std::string> control_;
};

}  // namespace kv::client

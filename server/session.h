// Session: the native protocol on one connection (server/wire_session.h).
//
// It keeps the order rules (writes in arrival order, fences), the limits (outstanding requests,
// unread replies, scans) and the credits of scans. The shell around it is connection.h.
// Thread rule: the connection's network thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "kv/db.h"
#include "kv/keyspace_catalog.h"
#include "protocol/frame_parser.h"
#include "server/answer.h"
#include "server/read_pool.h"
#include "server/request_table.h"
#include "server/scan_stream.h"
#include "server/session_host.h"
#include "server/shared_state.h"
#include "server/slow_reader.h"
#include "server/slow_sender.h"
#include "server/wire_session.h"

namespace kv::server {

class Session final : public WireSession {
  public:
    /// `refused`: over the connection limit; HELLO is answered with that.
    Session(SessionHost& host, SharedState& shared, Counters& counters, std::string peer,
            bool refused);
    ~Session() override;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void on_input(protocol::ReceiveBuffer& input, uint64_t now_us) override;
    void on_end_of_input(uint64_t now_us) override;
    void on_written(std::unique_ptr<WriteRequest> request, uint64_t now_us) override;
    /// Parked scans may go on.
    void on_replies_sent(uint64_t now_us) override;
    void on_tick(uint64_t now_us) override;
    /// GOAWAY, end scans, refuse what is new, end when nothing is left.
    void on_drain(uint64_t now_us) override;
    void on_no_memory(uint64_t now_us) override;
    void close() override;

    End end() const override { return end_; }
    bool wants_input() const override;
    ReplyQueue& replies() override { return replies_; }
    size_t in_flight() const override { return in_flight_; }
    size_t needed_bytes() const override { return needed_bytes_; }
    size_t held_bytes() const override { return held_bytes_; }
    bool hello_done() const override { return hello_done_; }

  private:
    friend class ReadTask;
    friend class ScanTask;
    friend class PrepareTask;
    friend class KeyspaceTask;
    using Job = std::function<PoolTask::Next(std::string& reply)>;

    struct HeldRequest {
        RequestInfo info;
        protocol::Durability durability;
        std::string body;
    };
    struct OpenScan {
        std::unique_ptr<ScanStream> stream;
        ScanCredit credit;
        PoolTask* task = nullptr;  // a chunk is being made
        Refusal stop;              // why it must end before its end
        uint64_t waits_since_us = 0;
    };

    // session.cc: frames, order and limits.
    void on_frame(const protocol::FrameView& frame);
    Refusal judge_frame(const RequestInfo& info, const protocol::FrameView& frame) const;
    void begin(const RequestInfo& info, protocol::Durability durability, Bytes body);
    void begin_held();
    /// It has its final answer.
    void finish(uint64_t id);
    /// Takes it out of the table and gives back what it held.
    void forget(uint64_t id);
    void on_cancel(const RequestInfo& info, Bytes body);
    bool cancel(uint64_t id);
    void fatal(const RequestInfo& info, protocol::WireStatus status, Bytes message);
    void end_when_done();
    size_t running() const { return table_.size() - held_.size() - scans_.size(); }
    void note_limits();
    void note_no_memory();

    // session_hello.cc: the beginning.
    void on_hello(const RequestInfo& info, const protocol::FrameView& frame);
    void choose_keyspace(const RequestInfo& info, const protocol::HelloRequest& hello,
                         Bytes extension);
    void on_keyspace_made(const RequestInfo& info, const protocol::HelloRequest& hello,
                          Result<KeyspaceCatalog::Created> made);
    void finish_hello(const RequestInfo& info, const protocol::HelloRequest& hello,
                      KeyspacePtr keyspace);

    // Answers.
    template <class Message>
    void answer(const RequestInfo& info, const Message& message) {
        append_answer(replies_.slab(), info, now_us_, message);
    }
    void refuse(const RequestInfo& info, const Refusal& refusal);
    void refuse(const RequestInfo& info, const Status& status);
    void refuse_write(const RequestInfo& info, const Status& status);
    /// Decodes or answers `malformed`.
    template <class Message>
    bool decode(const RequestInfo& info, Bytes body, Message& message);

    // session_reads.cc: answered here when in memory, else by a task in the pool.
    void on_get(const RequestInfo& info, Bytes body);
    void on_multi_get(const RequestInfo& info, Bytes body);
    void on_count(const RequestInfo& info, Bytes body);
    void on_explain(const RequestInfo& info, Bytes body);
    void on_snapshot(const RequestInfo& info, Bytes body);
    void answer_get(const RequestInfo& info, std::optional<Entry> entry);
    /// `bytes`: of the request, which the job has copied.
    void read_in_pool(const RequestInfo& info, size_t bytes, Job job);
    void on_read_done(uint64_t id, std::string reply, bool had_room);
    Result<SnapshotPtr> find_snapshot(uint64_t id) const;

    // session_writes.cc: one order for all writes of the connection.
    void on_write(const RequestInfo& info, protocol::Durability durability, Bytes body);
    Refusal build(const RequestInfo& info, Bytes body, WriteBatch& batch, uint32_t& deletes) const;
    Refusal build_range_delete(Bytes body, WriteBatch& batch) const;
    void submit_waiting();
    void on_prepared();
    void count_written(const PendingRequest& pending, const WriteResult& result);

    // session_keyspaces.cc: managing keyspaces, this connection's or another.
    void on_keyspaces(const RequestInfo& info, Bytes body);
    void on_change_keyspace(const RequestInfo& info, Bytes body);

    // session_store.cc: about the store as a whole.
    void on_status(const RequestInfo& info, Bytes body);
    void on_stats(const RequestInfo& info, Bytes body);
    void on_checkpoint(const RequestInfo& info, Bytes body);

    // session_scans.cc: chunks under credits.
    void on_scan(const RequestInfo& info, Bytes body);
    void on_scan_credit(const RequestInfo& info, Bytes body);
    void continue_scan(uint64_t id, OpenScan& scan);
    void on_scan_chunk(uint64_t id, ScanStream::Chunk chunk);
    /// A chunk that is being made ends with its slice.
    void end_scan(uint64_t id, const Refusal& refusal);
    void stop_scans(const Refusal& refusal);
    void check_scan_leases();

    SessionHost& host_;
    SharedState& shared_;
    Counters& counters_;
    const std::string peer_;
    const bool refused_;

    uint64_t now_us_;  // of the event being handled
    const uint64_t connected_us_;
    uint64_t last_input_us_;
    SlowReader slow_reader_;
    SlowSender slow_sender_;
    protocol::FrameParser parser_;
    size_t needed_bytes_ = 0;
    uint32_t max_frame_bytes_;
    size_t max_outstanding_;
    uint64_t features_ = 0;  // agreed on in HELLO
    bool hello_done_ = false, draining_ = false, input_ended_ = false, closed_ = false;
    bool outstanding_noted_ = false;
    bool beginning_held_ = false;
    End end_ = End::kOpen;
    KeyspacePtr keyspace_;  // set once, by HELLO; null before

    ReplyQueue replies_;
    RequestTable table_;
    std::deque<HeldRequest> held_;
    std::map<uint64_t, OpenScan> scans_;
    Refusal no_more_scans_;                                     // why none may begin
    std::deque<std::unique_ptr<WriteRequest>> waiting_writes_;  // the first is being prepared
    bool preparing_ = false;
    size_t in_flight_ = 0;
    size_t held_bytes_ = 0;
    uint64_t last_accepted_id_ = 0;
};

template <class Message>
bool Session::decode(const RequestInfo& info, Bytes body, Message& message) {
    const Status status = protocol::decode(body, message);
    if (status.is_ok()) return true;
    refuse(info, Refusal{protocol::WireStatus::kMalformed, std::string(status.message())});
    return false;
}

}  // namespace kv::server

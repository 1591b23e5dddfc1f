// RespSession: RESP on one connection (server/wire_session.h). Every command sees all earlier ones
// of its connection and answers leave in order.
//
// How a command runs depends on what it is and on what is outstanding:
//   reads, nothing written before them    here, from memory; else in the read pool, several at once
//   writes, and reads behind writes       gathered into scripts, one write for what was read from
//                                         the socket at once and fits (write_script.h)
//   SET as it mostly is                   the same, without a script: it looks nothing up
//   long reads (KEYS, SCAN, ...)          in the pool, with nothing else outstanding
//   a transaction                         as one write, or one read: resp_exec.cc
//   the rest                              here, with nothing else outstanding (resp_control.cc)
// What cannot run yet stays in the receive buffer. Transactions are in transaction.h.
// Thread rule: the connection's network thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "protocol/resp/reply_writer.h"
#include "protocol/resp/request_parser.h"
#include "server/commands/control_context.h"
#include "server/counters.h"
#include "server/resp/answer_line.h"
#include "server/resp/command_stats.h"
#include "server/resp/refused_reads.h"
#include "server/resp/reply_silence.h"
#include "server/resp/store_view.h"
#include "server/resp/transaction.h"
#include "server/resp/write_script.h"
#include "server/slow_reader.h"
#include "server/slow_sender.h"
#include "server/wire_session.h"

namespace kv::server {

class RespSession final : public WireSession, private SessionControl {
  public:
    /// `refused`: over the connection limit; the client is told so and let go.
    RespSession(SessionHost& host, SharedState& shared, Counters& counters,
                CommandStats& command_stats, std::shared_ptr<ClientHandle> client, bool refused);
    ~RespSession() override;
    RespSession(const RespSession&) = delete;
    RespSession& operator=(const RespSession&) = delete;

    void on_start() override;
    void on_input(protocol::ReceiveBuffer& input, uint64_t now_us) override;
    void on_end_of_input(uint64_t now_us) override;
    void on_written(std::unique_ptr<WriteRequest> request, uint64_t now_us) override;
    void on_replies_sent(uint64_t now_us) override;
    void on_tick(uint64_t now_us) override;
    void on_mail(uint64_t now_us) override;
    void on_drain(uint64_t now_us) override;
    void on_no_memory(uint64_t now_us) override;
    void close() override;

    End end() const override { return end_; }
    bool wants_input() const override;
    bool is_paused() const override { return pauses_ && !input_ended_; }
    ReplyQueue& replies() override { return replies_; }
    size_t in_flight() const override { return in_flight_; }
    size_t needed_bytes() const override { return needed_bytes_; }
    size_t held_bytes() const override;
    bool hello_done() const override { return true; }
    bool answers_in_order() const override { return true; }
    ClientHandle* client() override { return client_.get(); }

  private:
    friend class RespExecTask;
    friend class RespReadTask;
    friend class RespReportTask;
    friend class RespPrepareTask;
    friend class RespRetryTask;

    /// Whether a command was dealt with, or has to stay in the input until something is over.
    enum class Taken : uint8_t { kYes, kLater };

    /// Something has begun and is not answered: what wants to be alone has to wait.
    bool is_busy() const { return gathered_ != nullptr || !line_.empty(); }

    // resp_session.cc, and resp_messages.cc for mail: requests, limits, the end; answers in order:
    // to the slab, else to line_.
    Taken take(const protocol::resp::Args& args);
    const Command* resolve(const protocol::resp::Args& args);
    Taken run_command(const Command& command, const protocol::resp::Args& args);
    void note_call(const Command& command, const protocol::resp::Args& args, uint64_t took_us,
                   Bytes answer);
    void consider_slow(const Command& command, const protocol::resp::Args& args, uint64_t took_us);
    uint64_t lap_us();
    bool must_pause(const Command& command);
    void reject(const Command& command, const std::string& error);
    void refuse_command(std::string_view error);
    bool refuse_without_memory(const Command& command);
    void note_limits();
    void end_when_done();
    void queue_messages(const std::vector<Mail>& mail);
    void end_now(Counter limit, Incident incident, const std::string& why);
    std::string& begin_answer();
    void finish_answer();
    void move_answers();
    // resp_control.cc: commands about the connection and the server.
    Taken run_control(const Command& command, const protocol::resp::Args& args);
    void run_control_into(const Command& command, const protocol::resp::Args& args,
                          std::string& out, const StoreReport* report);
    void answer_with_report(uint64_t answer_id, AnswerLine::Write commands);
    void on_reported(uint64_t answer_id, AnswerLine::Write& commands, const StoreReport* report);
    // resp_data.cc: commands on keys.
    Taken run_data(const Command& command, const protocol::resp::Args& args);
    Taken run_read(const Command& command, const protocol::resp::Args& args);
    void read_in_pool(const Command& command, const protocol::resp::Args& args);
    void on_read_done(uint64_t answer_id, protocol::resp::Reply answer);
    bool add_blind_set(const Command& command, const protocol::resp::Args& args);
    void add_to_script(const Command& command, const protocol::resp::Args& args);
    void submit_gathered();
    void submit(std::unique_ptr<WriteRequest> request, AnswerLine::Write write);
    void submit_waiting();
    void on_prepared();
    std::string answer_of(AnswerLine::Write& write, const Status& status);
    void note_script(const WriteScript& script);
    void note_refused(size_t commands, Bytes error);
    void retry_reads();
    // resp_transaction.cc: MULTI, DISCARD, WATCH, UNWATCH.
    Taken run_transactional(const Command& command, const protocol::resp::Args& args);
    void queue_command(const Command& command, const protocol::resp::Args& args);
    Taken watch(const Command& command, const protocol::resp::Args& args);
    void publish_transaction();
    // resp_exec.cc: EXEC.
    Taken exec();
    void read_for_exec(uint64_t answer_id, AnswerLine::Write write);
    void finish_exec(uint64_t answer_id, AnswerLine::Write write, const Status& status);
    void answer_exec(uint64_t answer_id, WriteScript& script, const Status& status,
                     const StoreReport* report);

    // SessionControl.
    void close_after_reply() override { end_ = End::kAfterReplies; }
    void send_messages() override;
    void reset() override;
    void choose_version(protocol::resp::Version version) override;
    void select(uint32_t database) override;
    void set_reply_mode(ReplyMode mode) override { silence_.set(mode); }
    void set_durability(Durability level) override { durability_ = level; }
    Durability durability() const override { return durability_; }
    void hold_until(uint64_t until_us) override { held_until_us_ = until_us; }

    SessionHost& host_;
    SharedState& shared_;
    Counters& counters_;
    CommandStats& command_stats_;
    const std::shared_ptr<ClientHandle> client_;
    const bool refused_;

    // What the client has chosen.
    protocol::resp::Version version_ = protocol::resp::Version::k2;
    Keyspace space_;
    Durability durability_;
    StoreView memory_;  // what can be read right here
    ReplySilence silence_;
    Transaction transaction_;

    // Input.
    protocol::resp::RequestParser parser_;
    size_t needed_bytes_ = 0, unread_bytes_ = 0;  // the latter from the command on that is run
    bool waits_ = false;   // the next command needs that nothing is outstanding
    bool pauses_ = false;  // CLIENT PAUSE holds the next command back
    uint64_t held_until_us_ = 0, held_id_ = 0;  // DEBUG SLEEP (0: not held), place of its answer
    std::string held_answer_;
    std::string protocol_error_;  // said, once what is outstanding has been
    bool input_ended_ = false, draining_ = false, closed_ = false, outstanding_noted_ = false;
    End end_ = End::kOpen;

    // Output.
    ReplyQueue replies_;
    AnswerLine line_;
    std::string answer_;                        // being made, where not in the slab
    protocol::resp::ReplyWriter::Apart apart_;  // of the answer being made
    size_t answer_start_ = 0;
    bool answer_in_slab_ = false;
    SlowReader slow_reader_;
    SlowSender slow_sender_;

    // Writes: gathered from the input at hand, waiting for their keys, or with the engine.
    std::unique_ptr<WriteRequest> gathered_;
    AnswerLine::Write gathered_write_;
    RefusedReads refused_reads_;
    std::deque<std::unique_ptr<WriteRequest>> waiting_;  // the first is being prepared
    bool preparing_ = false;
    uint32_t prepare_next_ = 0;      // scripts whose keys are brought into memory before
    PoolTask* exec_task_ = nullptr;  // not finished
    size_t in_flight_ = 0;
    std::string scratch_;  // a stored key

    uint64_t now_us_;  // of the event being handled
    uint64_t lap_began_us_ = 0;
    uint64_t last_active_us_;  // bytes came or answers left
};

}  // namespace kv::server

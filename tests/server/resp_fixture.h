// A RespSession without threads and sockets: the test feeds it text, decides when writes and pool
// tasks finish, and reads what it says. In all text '|' is a line end. What the connection around a
// session does (server/connection.cc) is done here the same way, so a session that forgets to say
// that it progressed shows it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kv/clock.h"
#include "server/fake_db.h"
#include "server/resp/resp_session.h"
#include "server/shared_state.h"

namespace kv::server {

/// Stands still as FakeClock does, unless every look at it is to take time.
class SteppingClock final : public Clock {
  public:
    uint64_t step_us = 0;
    uint64_t wall_ms() const override { return us_ / 1000; }
    uint64_t monotonic_us() const override { return us_ += step_us; }
    void advance_ms(uint64_t ms) { us_ += ms * 1000; }

  private:
    mutable uint64_t us_ = 1'000'000'000;
};

class RespFixture : public SessionHost, public WriteObserver, public MailCarrier {
  public:
    using End = WireSession::End;

    FakeDb db;
    SteppingClock clock;
    config::Config config;
    std::deque<std::unique_ptr<WriteRequest>> submitted;
    std::deque<std::unique_ptr<PoolTask>> posted;
    bool pool_full = false;
    bool refused = false;
    bool peer_reads = true;  ///< False: what is said stays in the reply queue.

    RespFixture() { config.read_threads = 1; }
    ~RespFixture() override {
        if (session_ == nullptr) return;
        session_->close();
        finish_all();
    }

    /// Made at first use, so that a test can set `config` before.
    RespSession& session();
    SharedState& shared() {
        session();
        return *shared_;
    }
    ClientHandle& handle() { return *client(); }
    const std::shared_ptr<ClientHandle>& client() {
        session();
        return client_;
    }
    uint64_t count(Counter counter) { return shared().total(counter); }
    End end() { return session().end(); }
    uint64_t now() { return clock.monotonic_us(); }

    /// Bytes arrive at once, as far as the session takes any. What was said since the last look.
    std::string send_bytes(Bytes bytes);
    /// One input of the inline commands in `text`, each with a '|' behind it.
    std::string send(Bytes text);
    /// What was said since the last look, its line ends as '|'.
    std::string said();
    /// Bytes of commands that wait for their turn.
    size_t unread() const { return input_.unread().size(); }
    /// Of the memory that input is received into.
    size_t input_capacity() const { return input_.capacity(); }
    size_t offers = 0;  ///< Times that the session was offered input.

    /// The engine runs and answers the oldest submitted write.
    void finish_write();
    /// The pool runs a task to its end; 0 is the oldest.
    void finish_task(size_t index = 0);
    void finish_all() {
        while (!submitted.empty() || !posted.empty()) {
            submitted.empty() ? finish_task() : finish_write();
        }
    }
    /// send(), and all that it takes.
    std::string ask(Bytes text);

    void tick(uint64_t advance_ms) {
        clock.advance_ms(advance_ms);
        session().on_tick(now());
        if (!session().replies().empty() || end() != End::kOpen) progressed_ = true;
        settle_if_progressed();
    }
    void deliver(Mail::Kind kind, const std::string& bytes = {}) {
        session();
        ClientHandle::deliver(client_, {kind, std::make_shared<const std::string>(bytes)});
        take_mail();
    }
    void take_mail() {
        if (!std::exchange(mail_waits_, false)) return;
        session().on_mail(now());
        settle();
    }
    void drain() {
        session().on_drain(now());
        settle();
    }
    void end_input() {
        session().on_end_of_input(now());
        settle();
    }
    void settle();

    // SessionHost.
    void submit(std::unique_ptr<WriteRequest> request) override {
        submitted.push_back(std::move(request));
    }
    bool post(std::unique_ptr<PoolTask>& task) override {
        if (pool_full) return false;
        posted.push_back(std::move(task));
        return true;
    }
    void progressed() override { progressed_ = true; }
    void hello_finished() override {}
    // WriteObserver.
    void on_written(std::unique_ptr<WriteRequest> request) override {
        session().on_written(std::move(request), now());
    }
    // MailCarrier.
    void on_mail(std::shared_ptr<ClientHandle>) override { mail_waits_ = true; }

  private:
    void settle_if_progressed() {
        if (std::exchange(progressed_, false)) settle();
    }
    void take_replies();

    std::unique_ptr<SharedState> shared_;
    std::shared_ptr<ClientHandle> client_;
    std::unique_ptr<RespSession> session_;
    protocol::ReceiveBuffer input_;
    std::string said_;
    bool fresh_ = false;
    bool progressed_ = false;
    bool mail_waits_ = false;
};

}  // namespace kv::server

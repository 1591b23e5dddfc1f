// A Session without threads and sockets: the test feeds it bytes, decides when writes and pool
// tasks finish, and reads its answers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "kv/clock.h"
#include "server/fake_db.h"
#include "server/session.h"
#include "server/wire_client.h"

namespace kv::server {

class SessionFixture : public SessionHost, public WriteObserver {
  public:
    FakeDb db;
    FakeClock clock;
    config::Config config;
    std::deque<std::unique_ptr<WriteRequest>> submitted;
    std::deque<std::unique_ptr<PoolTask>> posted;
    bool pool_full = false;
    bool refused = false;

    ~SessionFixture() override {
        if (session_ == nullptr) return;
        session_->close();
        finish_all();
    }

    /// Made at first use, so that a test can set `config` before.
    Session& session() {
        if (session_ == nullptr) {
            shared_ = std::make_unique<SharedState>(db, config, clock, 1);
            REQUIRE(shared_->keyspaces.open(db).is_ok());
            session_ = std::make_unique<Session>(*this, *shared_, shared_->counters[0],
                                                 "10.0.0.1:5000", refused);
        }
        return *session_;
    }
    SharedState& shared() {
        session();
        return *shared_;
    }
    uint64_t count(Counter counter) { return shared().total(counter); }

    /// Bytes arrive. Returns the answers that are there afterwards.
    std::vector<Answer> send(Bytes bytes) {
        while (!bytes.empty()) {
            const std::span<char> room = input_.writable(session().needed_bytes());
            const size_t size = std::min(room.size(), bytes.size());
            std::copy_n(bytes.data(), size, room.data());
            input_.commit(size);
            bytes.remove_prefix(size);
            session().on_input(input_, now());
        }
        return answers();
    }
    /// Says HELLO and drops the answer.
    void greet() { REQUIRE(send(hello()).at(0).ok()); }

    /// The same for a keyspace, which is made if need be.
    void greet_in(Bytes keyspace) {
        std::vector<Answer> found = send(hello_in(1, keyspace, true));
        if (found.empty()) {
            finish_task();
            found = answers();
        }
        REQUIRE(found.at(0).ok());
    }

    std::vector<Answer> answers() {
        ReplyQueue& replies = session().replies();
        while (!replies.empty()) {
            const ReplyQueue::Parts parts = replies.front();
            for (size_t i = 0; i < parts.count; ++i) stream_.add(parts.views[i]);
            size_t size = 0;
            for (size_t i = 0; i < parts.count; ++i) size += parts.views[i].size();
            replies.consume(size);
            session().on_replies_sent(now());
        }
        std::vector<Answer> found;
        while (auto answer = stream_.next()) found.push_back(std::move(*answer));
        return found;
    }

    /// The engine answers the oldest submitted write.
    void finish_write() {
        REQUIRE_FALSE(submitted.empty());
        std::vector<std::unique_ptr<WriteRequest>> one;
        submitted.front()->observer = this;
        one.push_back(std::move(submitted.front()));
        submitted.pop_front();
        db.submit(std::move(one));
        session().on_input(input_, now());
    }
    /// The pool runs the oldest task to its end.
    void finish_task() {
        REQUIRE_FALSE(posted.empty());
        std::unique_ptr<PoolTask> task = std::move(posted.front());
        posted.pop_front();
        while (task->run() == PoolTask::Next::kAgain) {
        }
        task->finish();
    }
    /// The pool runs the oldest task for one turn. False: it needs another, behind the others.
    bool run_slice() {
        REQUIRE_FALSE(posted.empty());
        std::unique_ptr<PoolTask> task = std::move(posted.front());
        posted.pop_front();
        const bool done = task->run() == PoolTask::Next::kDone;
        if (done) task->finish();
        if (!done) posted.push_back(std::move(task));
        return done;
    }
    void finish_all() {
        while (!submitted.empty() || !posted.empty()) {
            submitted.empty() ? finish_task() : finish_write();
        }
    }
    void tick(uint64_t advance_ms) {
        clock.advance_ms(advance_ms);
        session().on_tick(now());
    }
    uint64_t now() { return clock.monotonic_us(); }

    // SessionHost.
    void submit(std::unique_ptr<WriteRequest> request) override {
        submitted.push_back(std::move(request));
    }
    bool post(std::unique_ptr<PoolTask>& task) override {
        if (pool_full) return false;
        posted.push_back(std::move(task));
        return true;
    }
    void progressed() override {}
    void hello_finished() override {}
    // WriteObserver.
    void on_written(std::unique_ptr<WriteRequest> request) override {
        session().on_written(std::move(request), now());
    }

  private:
    std::unique_ptr<SharedState> shared_;
    std::unique_ptr<Session> session_;
    protocol::ReceiveBuffer input_;
    AnswerStream stream_;
};

}  // namespace kv::server

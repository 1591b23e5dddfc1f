// See resp_fixture.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/resp_fixture.h"

#include <algorithm>
#include <span>

namespace kv::server {

RespSession& RespFixture::session() {
    if (session_ == nullptr) {
        shared_ = std::make_unique<SharedState>(db, config, clock, 1);
        client_ = std::make_shared<ClientHandle>(shared_->clients.next_id(), "10.0.0.1:5000",
                                                 "10.0.0.9:7481", 10, now(), *this, shared_->memory,
                                                 config.limits.unread_reply_bytes);
        session_ = std::make_unique<RespSession>(*this, *shared_, shared_->counters[0],
                                                 shared_->command_stats[0], client_, refused);
        session_->on_start();
        settle();
    }
    return *session_;
}

std::string RespFixture::send_bytes(Bytes bytes) {
    while (!bytes.empty() && session().wants_input()) {
        const std::span<char> room = input_.writable(session().needed_bytes());
        const size_t size = std::min(room.size(), bytes.size());
        std::copy_n(bytes.data(), size, room.data());
        input_.commit(size);
        fresh_ = true;
        bytes.remove_prefix(size);
        settle();
    }
    return said();
}

std::string RespFixture::send(Bytes text) {
    std::string bytes;
    for (const char c : text) c == '|' ? bytes += "\r\n" : bytes += c;
    return send_bytes(bytes);
}

std::string RespFixture::said() {
    session();
    std::string text;
    for (const char c : std::exchange(said_, {})) {
        if (c != '\r') text += c == '\n' ? '|' : c;
    }
    return text;
}

void RespFixture::finish_write() {
    REQUIRE_FALSE(submitted.empty());
    std::vector<std::unique_ptr<WriteRequest>> one;
    submitted.front()->observer = this;
    one.push_back(std::move(submitted.front()));
    submitted.pop_front();
    db.submit(std::move(one));
    settle_if_progressed();
}

void RespFixture::finish_task(size_t index) {
    REQUIRE(posted.size() > index);
    const auto at = posted.begin() + static_cast<std::ptrdiff_t>(index);
    std::unique_ptr<PoolTask> task = std::move(*at);
    posted.erase(at);
    while (task->run() == PoolTask::Next::kAgain) {
    }
    task->finish();
    settle_if_progressed();
}

std::string RespFixture::ask(Bytes text) {
    std::string answers = send(text);
    while (!submitted.empty() || !posted.empty()) {
        finish_all();
        answers += said();
    }
    return answers;
}

void RespFixture::settle() {
    bool stalled = true;
    while (stalled) {
        if (fresh_ && session_->wants_input()) {
            ++offers;
            session_->on_input(input_, now());
            fresh_ = !session_->wants_input();
        }
        stalled = !session_->wants_input();
        take_replies();
        if (stalled && !session_->wants_input()) break;
    }
}

void RespFixture::take_replies() {
    ReplyQueue& replies = session_->replies();
    if (!peer_reads || replies.empty()) return;
    while (!replies.empty()) {
        const ReplyQueue::Parts parts = replies.front();
        size_t size = 0;
        for (size_t i = 0; i < parts.count; ++i) {
            said_ += parts.views[i];
            size += parts.views[i].size();
        }
        replies.consume(size);
    }
    session_->on_replies_sent(now());
}

}  // namespace kv::server

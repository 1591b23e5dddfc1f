// The life of a connection after its handshake: sending for all callers, reading for all callers.
// SPDX-License-Identifier: Apache-2.0
#include "session/connection.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "kv/assert.h"
#include "protocol/messages.h"
#include "session/signals_blocked.h"

namespace kv::client {

namespace {

// Small requests are gathered up to this much for one system call.
constexpr size_t kSendBytes = 256U << 10;
// A caller that sends for others hands over to the reader thread after this many rounds.
constexpr int kMaxRounds = 16;
// How long the answers to what a server had accepted may take after its fatal answer.
constexpr uint64_t kLastAnswersUs = 1'000'000;

void run_all(const std::vector<Completion>& completions) {
    for (const Completion& completion : completions) completion.run();
}

// An answer's status as the caller of this operation should see it. A write may have happened when
// the server says so, whatever it calls its trouble.
Status caller_status(const protocol::Header& header, Bytes body) {
    protocol::ErrorResponse error;
    Status parsed = protocol::decode(body, error);
    if (!parsed.is_ok()) return parsed.with_context("error answer of the server");
    Status status = protocol::from_wire(header.status, error.message, error.detail);
    const bool in_doubt =
        header.has(protocol::flag::kInDoubt) || protocol::is_in_doubt(header.status);
    if (protocol::changes_store(header.opcode) && in_doubt && !status.is(Code::kInDoubt)) {
        return {Code::kInDoubt, status.to_string(), error.detail};
    }
    return status;
}

}  // namespace

Connection::~Connection() { close(); }

void Connection::close() {
    KV_ASSERT(!is_reader_thread());
    {
        const std::lock_guard lock(mutex_);
        closing_ = true;
    }
    usable_ = false;
    wake();
    if (reader_.joinable()) reader_.join();
}

void Connection::start_reader() {
    const SignalsBlocked signals_blocked;
    reader_ = std::thread([this] { read_loop(); });
    pthread_setname_np(reader_.native_handle(), "kv_client");
}

uint64_t Connection::submit(protocol::Opcode opcode, std::string frame, uint64_t deadline_us,
                            std::shared_ptr<CallSink> sink) {
    std::unique_lock lock(mutex_);
    if (!usable()) {
        const Status why = refusal();
        lock.unlock();
        sink->on_answer(Status(Code::kUnavailable, std::string(why.message())), {}, false);
        return 0;
    }
    const uint64_t id = calls_.add(opcode, std::move(frame), deadline_us, std::move(sink));
    const bool reader_sleeps_too_long = deadline_us < reader_wakes_us_;
    if (reader_sleeps_too_long) reader_wakes_us_ = deadline_us;
    flush(lock);
    lock.unlock();
    if (reader_sleeps_too_long) wake();
    return id;
}

void Connection::send_control(std::string frame) {
    std::unique_lock lock(mutex_);
    if (!lost_.is_ok() || gives_up_us_ != CallTable::kNever) return;
    calls_.add_control(std::move(frame));
    flush(lock);
}

void Connection::send_cancels(const std::vector<Completion>& ended) {
    protocol::Header header = protocol::request_header(protocol::Opcode::kCancel, 0);
    header.flags |= protocol::flag::kQuiet;
    for (const Completion& completion : ended) {
        if (completion.cancel_id == 0) continue;
        std::string frame;
        protocol::append_frame(frame, header, protocol::CancelRequest{completion.cancel_id});
        send_control(std::move(frame));
    }
}

void Connection::cancel(uint64_t id) {
    std::vector<Completion> ended;
    {
        const std::lock_guard lock(mutex_);
        ended = calls_.cancel(id);
    }
    run_all(ended);
    send_cancels(ended);
}

void Connection::cancel_all() {
    std::vector<Completion> ended;
    {
        const std::lock_guard lock(mutex_);
        ended = calls_.cancel_all();
    }
    run_all(ended);
    send_cancels(ended);
}

Status Connection::refusal() const {
    if (!lost_.is_ok()) return lost_;
    if (!leaving_.is_ok()) return leaving_;
    return {Code::kUnavailable, "the client was closed"};
}

void Connection::wake() {
    const uint64_t one = 1;
    // Only fails when the counter is full, and then the reader wakes anyway.
    (void)!::write(wake_.fd(), &one, sizeof one);
}

void Connection::flush(std::unique_lock<std::mutex>& lock) {
    if (sending_) return;
    sending_ = true;
    for (int round = 0; lost_.is_ok() && gives_up_us_ == CallTable::kNever; ++round) {
        if (outgoing_sent_ == outgoing_.size()) {
            outgoing_.clear();
            outgoing_sent_ = 0;
            if (!calls_.take_sendable(outgoing_, kSendBytes, now_us())) {
                sending_ = false;
                return;
            }
        }
        lock.unlock();
        const auto sent = socket_.send_some(Bytes(outgoing_).substr(outgoing_sent_));
        lock.lock();
        if (!sent.is_ok()) {
            // The reader finds out what has been answered before it gives up on the rest.
            socket_.shutdown();
            return;
        }
        outgoing_sent_ += *sent;
        if (*sent == 0 || round >= kMaxRounds) {
            socket_full_ = true;
            wake();
            return;
        }
    }
}

int Connection::poll_timeout_ms(uint64_t now) const {
    if (reader_wakes_us_ == CallTable::kNever) return -1;
    const uint64_t left_ms = reader_wakes_us_ > now ? (reader_wakes_us_ - now + 999) / 1000 : 0;
    return static_cast<int>(std::min<uint64_t>(left_ms, 3'600'000));
}

Status Connection::prepare_poll(short& events, int& timeout_ms) {
    std::vector<Completion> expired;
    {
        const std::lock_guard lock(mutex_);
        if (closing_) return {Code::kUnavailable, "the client was closed"};
        const uint64_t now = now_us();
        if ((!usable() && calls_.idle()) || now >= gives_up_us_) return refusal();
        if (now >= reader_wakes_us_) {
            expired = calls_.expire(now);
            reader_wakes_us_ = std::min(calls_.next_deadline_us(), gives_up_us_);
        }
        events = static_cast<short>(socket_full_ ? POLLIN | POLLOUT : POLLIN);
        timeout_ms = poll_timeout_ms(now);
    }
    // What these queue with nearer deadlines wakes the poll that follows.
    run_all(expired);
    send_cancels(expired);
    return Status::ok();
}

void Connection::read_loop() {
    Status status;
    while (status.is_ok()) {
        pollfd entries[2] = {{socket_.fd(), 0, 0}, {wake_.fd(), POLLIN, 0}};
        int timeout_ms = 0;
        status = prepare_poll(entries[0].events, timeout_ms);
        if (!status.is_ok() || ::poll(entries, 2, timeout_ms) < 0) continue;
        if (entries[1].revents != 0) {
            uint64_t count;
            (void)!::read(wake_.fd(), &count, sizeof count);
        }
        if ((entries[0].revents & POLLOUT) != 0) {
            std::unique_lock lock(mutex_);
            socket_full_ = false;
            sending_ = false;
            flush(lock);
        }
        if ((entries[0].revents & ~POLLOUT) != 0) status = read_once();
    }
    lose(status);
    ended_.store(true, std::memory_order_release);
}

Status Connection::read_once() {
    const auto room = received_.writable(needed_bytes_);
    KV_ASSIGN_OR_RETURN(const size_t got, socket_.receive_some(room.data(), room.size()));
    received_.commit(got);
    KV_RETURN_IF_ERROR(take_frames());
    std::unique_lock lock(mutex_);
    flush(lock);  // answers may have made room for queued calls
    return Status::ok();
}

Status Connection::take_frames() {
    while (true) {
        const auto step = parser_.next(received_.unread());
        if (step.outcome == protocol::FrameParser::Outcome::kError) {
            return {Code::kUnavailable, "bytes from the server: " + parser_.error_message()};
        }
        if (step.outcome == protocol::FrameParser::Outcome::kNeedMore) {
            needed_bytes_ = step.needed_bytes;
            return Status::ok();
        }
        KV_RETURN_IF_ERROR(dispatch(step.frame));
        received_.consume(step.consumed);
    }
}

Status Connection::dispatch(const protocol::FrameView& frame) {
    if (frame.header.magic == protocol::Magic::kPush) return take_push(frame);
    const bool ok = frame.header.status == 0;
    const bool more = ok && frame.header.has(protocol::flag::kMore);
    std::shared_ptr<CallSink> sink;
    {
        const std::lock_guard lock(mutex_);
        sink = calls_.answered(frame.header.request_id, more);
    }
    const Status status = ok ? Status::ok() : caller_status(frame.header, frame.body);
    // Before its caller hears of it, whose next call is to go elsewhere.
    if (protocol::is_fatal(frame.header.status)) {
        take_fatal(
            {Code::kUnavailable, "the server gave up the connection: " + status.to_string()});
    }
    if (sink != nullptr) sink->on_answer(status, ok ? frame.body : Bytes(), more);
    return Status::ok();
}

Status Connection::take_push(const protocol::FrameView& frame) {
    if (frame.header.opcode != protocol::Opcode::kGoaway) return Status::ok();
    protocol::GoawayPush push;
    KV_RETURN_IF_ERROR(protocol::decode(frame.body, push));
    std::vector<Completion> refused;
    {
        const std::lock_guard lock(mutex_);
        if (leaving_.is_ok()) {
            leaving_ = {Code::kUnavailable,
                        "the server is going away: " + std::string(push.message)};
        }
        usable_ = false;
        refused = calls_.refuse_after(push.last_accepted_id, leaving_);
    }
    run_all(refused);
    return Status::ok();
}

void Connection::take_fatal(const Status& why) {
    const std::lock_guard lock(mutex_);
    if (gives_up_us_ != CallTable::kNever) return;
    leaving_ = why;
    usable_ = false;
    gives_up_us_ = now_us() + kLastAnswersUs;
    reader_wakes_us_ = std::min(reader_wakes_us_, gives_up_us_);
}

void Connection::lose(const Status& why) {
    std::vector<Completion> lost;
    {
        const std::lock_guard lock(mutex_);
        // That the server closes is what its fatal answer announced.
        lost_ = gives_up_us_ == CallTable::kNever ? why : leaving_;
        usable_ = false;
        lost = calls_.lose(lost_);
    }
    socket_.shutdown();
    run_all(lost);
}

}  // namespace kv::client

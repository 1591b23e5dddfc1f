// See connection.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/connection.h"

#include <poll.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <cstdlib>
#include <span>
#include <utility>

#include "server/network_thread.h"
#include "server/resp/resp_session.h"
#include "server/session.h"

namespace kv::server {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr size_t kReceiveBytes = 64U << 10;
// After the last answer the peer gets this long to close first, so that no reset destroys answers
// it has not read.
constexpr uint64_t kLingerUs = 1'000'000;
// A client that has been silent for so long is not expected to ask for anything soon.
constexpr uint64_t kActiveUs = 10'000'000;

/// The peer has closed, or will send no more, whatever is still to be read.
bool has_hung_up(int socket) {
    pollfd look{socket, POLLRDHUP, 0};
    return ::poll(&look, 1, 0) > 0 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

size_t write_parts(asio::ip::tcp::socket& socket, const ReplyQueue& replies, error_code& error) {
    if (const Bytes only = replies.only_part(); !only.empty()) {
        return socket.write_some(asio::buffer(only.data(), only.size()), error);
    }
    const ReplyQueue::Parts parts = replies.front();
    std::array<asio::const_buffer, ReplyQueue::kMaxParts> buffers;
    for (size_t i = 0; i < parts.count; ++i) {
        buffers[i] = asio::buffer(parts.views[i].data(), parts.views[i].size());
    }
    return socket.write_some(std::span<const asio::const_buffer>(buffers.data(), parts.count),
                             error);
}

}  // namespace

Connection::Connection(NetworkThread& thread, SharedState& shared, size_t thread_index,
                       Arrival arrival)
    : thread_(thread),
      shared_(shared),
      counters_(shared.counters[thread_index]),
      socket_(std::move(arrival.socket)),
      address_(std::move(arrival.address)),
      session_(make_session(arrival, socket_.native_handle(), thread_index)),
      input_(kReceiveBytes) {}

Connection::~Connection() { shared_.memory.add(-accounted_bytes_); }

std::unique_ptr<WireSession> Connection::make_session(Arrival& arrival, int fd,
                                                      size_t thread_index) {
    if (arrival.protocol == WireProtocol::kNative) {
        return std::make_unique<Session>(*this, shared_, counters_, std::move(arrival.peer),
                                         arrival.refused);
    }
    auto client = std::make_shared<ClientHandle>(
        shared_.clients.next_id(), std::move(arrival.peer), std::move(arrival.local), fd,
        shared_.clock.monotonic_us(), thread_, shared_.memory,
        shared_.config.limits.unread_reply_bytes);
    client->owner = this;
    return std::make_unique<RespSession>(*this, shared_, counters_,
                                         shared_.command_stats[thread_index], std::move(client),
                                         arrival.refused);
}

void Connection::start() {
    counters_.add(Counter::kAccepted);
    session_->on_start();
    settle();
}

bool Connection::is_gone() const {
    return closed_ && !reading_ && !writing_ && session_->in_flight() == 0;
}

void Connection::start_read() {
    const size_t needed = session_->needed_bytes();
    if (!lingering_ && needed > input_.capacity() && shared_.memory.exceeded()) {
        session_->on_no_memory(thread_.now_us());
        progressed();
        return;
    }
    const size_t capacity = input_.capacity();
    const std::span<char> room = input_.writable(lingering_ ? 0 : needed);
    if (input_.capacity() != capacity) account_memory();
    reading_ = true;
    socket_.async_read_some(
        asio::buffer(room.data(), room.size()),
        [this](const error_code& error, size_t count) { on_read(error, count); });
}

void Connection::on_read(const error_code& error, size_t count) {
    reading_ = false;
    if (closed_) return progressed();
    if (error && error != asio::error::eof) return close();
    if (error == asio::error::eof) {
        if (lingering_) return close();
        session_->on_end_of_input(thread_.now_us());
        return settle();
    }
    counters_.add(Counter::kSocketReads);
    counters_.add(Counter::kBytesIn, count);
    input_.commit(count);
    if (lingering_) {
        input_.clear();
        return start_read();
    }
    fresh_ = true;
    last_input_us_ = thread_.now_us();
    active_ = true;
    // Answers leave at the end of the round: a client that reads those of many connections is then
    // woken once, not by each.
    const uint64_t reads_before = counters_.read(Counter::kReads);
    offer_input(last_input_us_);
    // Many connections may be answered in a round.
    account_memory(MemoryBudget::kChargedAtOnce);
    reads_ = writes_in_flight_ == 0 || counters_.read(Counter::kReads) != reads_before;
    count_activity();
    progressed();
}

void Connection::offer_input(uint64_t now_us) {
    if (!fresh_ || !session_->wants_input()) return;
    session_->on_input(input_, now_us);
    // Unless it was held up, only more input can help it.
    fresh_ = !session_->wants_input();
}

void Connection::settle() {
    if (closed_) return;
    bool stalled = true;
    while (stalled) {
        if (fresh_) offer_input(thread_.now_us());
        stalled = !session_->wants_input();
        if (!flush()) return;
        // Sending may have brought the connection below a limit that held its input back.
        if (stalled && !session_->wants_input()) break;
    }
    account_memory();
    if (session_->end() == WireSession::End::kNow) return close();
    if (session_->end() == WireSession::End::kAfterReplies && session_->replies().empty()) end();
    if (wants_to_read()) thread_.read_later(*this);
}

bool Connection::wants_to_read() const { return !closed_ && !reading_ && session_->wants_input(); }

void Connection::read_on() {
    if (wants_to_read()) start_read();
}

bool Connection::flush() {
    ReplyQueue& replies = session_->replies();
    // Its end of the stream was sent: nothing can follow that.
    if (lingering_) replies.consume(replies.bytes());
    bool sent = false;
    while (!writing_ && !replies.empty()) {
        error_code error;
        const size_t count = write_parts(socket_, replies, error);
        if (error == asio::error::would_block || error == asio::error::try_again) {
            wait_until_writable();
            break;
        }
        if (error) {
            close();
            return false;
        }
        counters_.add(Counter::kSocketWrites);
        counters_.add(Counter::kBytesOut, count);
        replies.consume(count);
        sent = true;
    }
    if (sent) session_->on_replies_sent(thread_.now_us());
    return true;
}

void Connection::wait_until_writable() {
    writing_ = true;
    socket_.async_wait(asio::ip::tcp::socket::wait_write, [this](const error_code&) {
        writing_ = false;
        // An error shows again, with its cause, at the next write.
        closed_ ? progressed() : settle();
    });
}

void Connection::end() {
    if (lingering_) return;
    if (session_->in_flight() != 0) {
        // What was accepted is answered, if the engine can do it in the time that a drain has.
        if (close_at_us_ == 0) {
            close_at_us_ = thread_.now_us() + shared_.config.limits.drain_timeout_ms * 1000;
        }
        return;
    }
    lingering_ = true;
    close_at_us_ = thread_.now_us() + kLingerUs;
    error_code ignored;  // a peer that is gone already needs no goodbye
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    if (reading_) return;  // what it reads into must stay
    input_.clear();
    start_read();
}

void Connection::account_memory(int64_t least_bytes) {
    // Of a buffer that has grown all counts, whatever lies in it. Of one that has not only what
    // lies in it does: the rest is the price of a connection, which has a limit of its own.
    const bool has_grown = input_.capacity() > kReceiveBytes;
    const size_t buffer = has_grown ? input_.capacity() : input_.unread().size();
    const auto now_bytes = static_cast<int64_t>(
        buffer + input_.block().size() + session_->replies().own_bytes() + session_->held_bytes());
    // The counter is shared by all threads.
    if (std::abs(now_bytes - accounted_bytes_) < least_bytes) return;
    shared_.memory.add(now_bytes - accounted_bytes_);
    accounted_bytes_ = now_bytes;
}

void Connection::count_activity() {
    const bool active = active_ && !closed_;
    const bool writing = active && writes_in_flight_ != 0;
    const auto count = [](bool is, bool& counted, size_t& number) {
        if (is != counted) is ? ++number : --number;
        counted = is;
    };
    NetworkThread::Activity& activity = thread_.activity();
    count(active, counted_active_, activity.active);
    count(writing, counted_writing_, activity.writing);
    count(writing && session_->answers_in_order(), counted_waiting_, activity.waiting);
    count(active && reads_, counted_reading_, activity.reading);
}

void Connection::close() {
    if (closed_) return;
    closed_ = true;
    counters_.add(Counter::kClosed);
    error_code ignored;
    socket_.close(ignored);
    count_activity();
    if (ClientHandle* const client = session_->client()) client->owner = nullptr;
    session_->close();
    shared_.census.left(address_, !session_->hello_done());
    thread_.connection_closed();
    progressed();
}

void Connection::on_written(std::unique_ptr<WriteRequest> request, uint64_t now_us) {
    --writes_in_flight_;
    count_activity();
    session_->on_written(std::move(request), now_us);
}

void Connection::on_tick(uint64_t now_us) {
    if (closed_) return;
    if (active_ && now_us - last_input_us_ > kActiveUs) {
        active_ = false;
        count_activity();
    }
    if (close_at_us_ != 0 && now_us > close_at_us_) return close();
    if (lingering_) return;
    // As everywhere in Redis, who is gone gets nothing done: what was held back is dropped.
    if (session_->is_paused() && has_hung_up(socket_.native_handle())) {
        session_->on_end_of_input(now_us);
    }
    session_->on_tick(now_us);
    // Most ticks find nothing to do.
    if (!session_->replies().empty() || session_->end() != WireSession::End::kOpen) settle();
}

void Connection::on_mail(uint64_t now_us) {
    if (closed_) return;
    session_->on_mail(now_us);
    account_memory(MemoryBudget::kChargedAtOnce);
    progressed();
}

void Connection::drain(uint64_t now_us) {
    if (closed_) return;
    session_->on_drain(now_us);
    settle();
}

void Connection::submit(std::unique_ptr<WriteRequest> request) {
    request->context = this;
    ++writes_in_flight_;
    count_activity();
    thread_.submit(std::move(request));
}

bool Connection::post(std::unique_ptr<PoolTask>& task) { return thread_.post(task); }

void Connection::progressed() { thread_.settle_later(*this); }

void Connection::hello_finished() { shared_.census.hello_finished(address_); }

}  // namespace kv::server

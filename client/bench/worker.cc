// The event loop of the load generator.
// SPDX-License-Identifier: Apache-2.0
#include "bench/worker.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "protocol/messages.h"

namespace kv::bench {

namespace {

constexpr int kMaxEvents = 128;
constexpr int kWaitMs = 100;
// How long to wait, after the end, for answers still on their way.
constexpr uint64_t kDrainNs = 5'000'000'000;

uint64_t now_ns() {
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                     std::chrono::steady_clock::now().time_since_epoch())
                                     .count());
}

// A request id names its slot, and differs from the slot's earlier ones.
uint64_t make_id(uint32_t generation, uint32_t slot) {
    return (uint64_t{generation} << 32) | (slot + 1);
}

}  // namespace

Worker::Worker(const Workload& workload, const Control& control, uint32_t index, uint64_t requests)
    : workload_(workload),
      control_(control),
      get_(FrameTemplate::get(workload)),
      put_(FrameTemplate::put(workload)),
      chooser_(workload.distribution, workload.key_count, workload.seed + index * 7919,
               workload.key_count / workload.threads * index, workload.zeta),
      random_(workload.seed ^ (uint64_t{index} << 32)),
      limited_(workload.requests != 0),
      requests_left_(requests),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

Status Worker::connect(uint32_t count) {
    connections_.reserve(count);  // epoll keeps pointers into it
    for (uint32_t i = 0; i < count; ++i) {
        KV_ASSIGN_OR_RETURN(WireConnection wire, WireConnection::open(workload_.address));
        if (workload_.pipeline > wire.max_outstanding()) {
            return Status::invalid_argument("--pipeline " + std::to_string(workload_.pipeline) +
                                            "; the server allows " +
                                            std::to_string(wire.max_outstanding()));
        }
        connections_.emplace_back(std::move(wire));
        connections_.back().slots.resize(workload_.pipeline);
        watch(connections_.back(), true);
    }
    return Status::ok();
}

void Worker::watch(Connection& connection, bool add) {
    epoll_event event{};
    event.events = connection.wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.ptr = &connection;
    if (::epoll_ctl(epoll_.fd(), add ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, connection.wire.fd(),
                    &event) != 0) {
        lose(connection, Status::io_error(std::string("epoll_ctl: ") + std::strerror(errno)));
    }
}

bool Worker::may_send() {
    return !control_.stop.load(std::memory_order_relaxed) && (!limited_ || requests_left_ > 0);
}

void Worker::request(Connection& connection, uint32_t slot, uint64_t now) {
    const bool read = random_.fraction() < workload_.read_ratio;
    const uint64_t id = make_id(++connection.generation, slot);
    if (read) {
        get_.append(id, chooser_.next_for_read(), connection.wire.outgoing());
    } else {
        put_.append(id, chooser_.next_for_write(), connection.wire.outgoing());
    }
    connection.slots[slot] = {now, read ? OpKind::kRead : OpKind::kWrite, true};
    ++connection.in_flight;
    if (limited_ && measuring_) --requests_left_;
}

void Worker::fill(Connection& connection, uint64_t now) {
    for (uint32_t slot = 0; slot < connection.slots.size() && may_send(); ++slot) {
        if (!connection.slots[slot].busy) request(connection, slot, now);
    }
    send(connection);
}

void Worker::send(Connection& connection) {
    const auto all = connection.wire.send();
    if (!all.is_ok()) {
        lose(connection, all.error());
    } else if (*all == connection.wants_write) {
        connection.wants_write = !*all;
        watch(connection, false);
    }
}

void Worker::lose(Connection& connection, const Status& why) {
    if (connection.lost) return;
    connection.lost = true;
    if (first_error_.is_ok()) first_error_ = why;
    measurement_.errors["connection_lost"] += std::max<uint64_t>(connection.in_flight, 1);
    connection.in_flight = 0;
    ::epoll_ctl(epoll_.fd(), EPOLL_CTL_DEL, connection.wire.fd(), nullptr);
}

void Worker::take_answer(Connection& connection, const protocol::FrameView& frame, uint64_t now) {
    if (frame.header.magic == protocol::Magic::kPush) return;  // GOAWAY: the connection ends soon
    const uint64_t index = (frame.header.request_id & UINT32_MAX) - 1;
    if (index >= connection.slots.size() || !connection.slots[index].busy) return;
    Slot& slot = connection.slots[index];
    slot.busy = false;
    --connection.in_flight;
    if (frame.header.status != 0) {
        ++measurement_.errors[std::string(protocol::status_name(frame.header.status))];
        if (first_error_.is_ok()) {
            protocol::ErrorResponse error;
            if (protocol::decode(frame.body, error).is_ok()) {
                first_error_ =
                    protocol::from_wire(frame.header.status, error.message, error.detail);
            }
        }
        return;
    }
    measurement_.latency_ns[static_cast<size_t>(slot.kind)].record(now - slot.start_ns);
    progress_.store(progress_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    if (slot.kind == OpKind::kRead) {
        protocol::GetResponse response;
        if (protocol::decode(frame.body, response).is_ok() && !response.found) {
            ++measurement_.misses;
        }
    }
}

void Worker::serve(Connection& connection, uint32_t events) {
    if (connection.lost) return;
    if ((events & EPOLLOUT) != 0) send(connection);
    if ((events & ~static_cast<uint32_t>(EPOLLOUT)) == 0 || connection.lost) return;
    uint64_t now = 0;
    const Status status = connection.wire.receive([&](const protocol::FrameView& frame) {
        if (now == 0) now = now_ns();
        take_answer(connection, frame, now);
    });
    if (!status.is_ok()) {
        lose(connection, status);
    } else if (now != 0) {
        fill(connection, now);
    }
}

uint64_t Worker::in_flight() const {
    uint64_t sum = 0;
    for (const Connection& connection : connections_) sum += connection.in_flight;
    return sum;
}

void Worker::run() {
    measuring_ = control_.measuring.load();
    measure_start_ns_ = now_ns();
    uint64_t drain_until = 0;
    for (Connection& connection : connections_) fill(connection, now_ns());
    while (true) {
        epoll_event events[kMaxEvents];
        const int count = ::epoll_wait(epoll_.fd(), events, kMaxEvents, kWaitMs);
        if (!measuring_ && control_.measuring.load(std::memory_order_relaxed)) {
            measuring_ = true;
            // A connection lost in the warm-up is missing from all that is measured.
            const auto lost = measurement_.errors.extract("connection_lost");
            measurement_ = {};
            if (!lost.empty()) measurement_.errors[lost.key()] = lost.mapped();
            measure_start_ns_ = now_ns();
        }
        for (int i = 0; i < count; ++i) {
            serve(*static_cast<Connection*>(events[i].data.ptr), events[i].events);
        }
        if (std::all_of(connections_.begin(), connections_.end(),
                        [](const Connection& connection) { return connection.lost; })) {
            break;
        }
        if (may_send()) continue;
        const uint64_t now = now_ns();
        if (drain_until == 0) drain_until = now + kDrainNs;
        const uint64_t unanswered = in_flight();
        if (unanswered == 0) break;
        if (now < drain_until) continue;
        measurement_.errors["unanswered"] += unanswered;
        break;
    }
    measurement_.seconds = static_cast<double>(now_ns() - measure_start_ns_) / 1e9;
}

}  // namespace kv::bench

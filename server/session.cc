// See session.h. Here: frames, fences, limits and the end of a session. HELLO, reads, writes and
// scans have files of their own.
// SPDX-License-Identifier: Apache-2.0
#include "server/session.h"

#include <algorithm>
#include <utility>

#include "protocol/extensions.h"

namespace kv::server {

using protocol::Opcode;
using protocol::WireStatus;

namespace {

// Requests behind a fence are copied; past this the connection is not read from.
constexpr size_t kMaxHeldBytes = 1U << 20;
constexpr uint64_t kOverloadedRetryMs = 100;

}  // namespace

Session::Session(SessionHost& host, SharedState& shared, Counters& counters, std::string peer,
                 bool refused)
    : host_(host),
      shared_(shared),
      counters_(counters),
      peer_(std::move(peer)),
      refused_(refused),
      now_us_(shared.clock.monotonic_us()),
      connected_us_(now_us_),
      last_input_us_(now_us_),
      slow_reader_(shared, counters, peer_),
      slow_sender_(shared, counters, peer_),
      parser_(protocol::FrameParser::Side::kServer),
      max_frame_bytes_(static_cast<uint32_t>(shared.config.limits.hello_frame_bytes)),
      max_outstanding_(protocol::kPreAuthOutstanding) {
    parser_.set_limits({max_frame_bytes_, protocol::kMaxVersion, false});
}

Session::~Session() = default;

bool Session::wants_input() const {
    if (end_ != End::kOpen || input_ended_ || closed_) return false;
    // Open scans do not count: they have a limit of their own, and must be able to get credits.
    if (table_.size() - scans_.size() >= max_outstanding_) return false;
    if (!held_.empty() && held_bytes_ >= kMaxHeldBytes) return false;
    return !slow_reader_.is_over_limit(replies_.bytes());
}

void Session::on_input(protocol::ReceiveBuffer& input, uint64_t now_us) {
    now_us_ = now_us;
    last_input_us_ = now_us;
    bool any_frame = false;
    while (wants_input()) {
        const protocol::FrameParser::Step step = parser_.next(input.unread());
        if (step.outcome == protocol::FrameParser::Outcome::kNeedMore) {
            needed_bytes_ = step.needed_bytes;
            break;
        }
        if (step.outcome == protocol::FrameParser::Outcome::kError) {
            counters_.add(Counter::kBadFrames);
            const RequestInfo info = request_info(parser_.bad_header(), now_us_);
            fatal(info, protocol::frame_error_status(step.error), parser_.error_message());
            break;
        }
        needed_bytes_ = 0;
        any_frame = true;
        on_frame(step.frame);
        input.consume(step.consumed);
    }
    slow_sender_.note(wants_input() ? input.unread().size() : 0, any_frame, now_us_);
    note_limits();
    end_when_done();
}

void Session::note_limits() {
    const bool outstanding_full = hello_done_ && table_.size() - scans_.size() >= max_outstanding_;
    if (outstanding_full && !outstanding_noted_) {
        counters_.add(Counter::kLimitOutstanding);
        shared_.report(Incident::kOutstanding,
                       peer_ + ": " + std::to_string(max_outstanding_) +
                           " requests unanswered (limits.outstanding_per_connection): not reading");
    }
    outstanding_noted_ = outstanding_full;
    slow_reader_.note(replies_.bytes(), now_us_);
}

void Session::note_no_memory() {
    counters_.add(Counter::kLimitMemory);
    shared_.report(Incident::kMemory, "network buffers are full (limits.network_memory)");
}

Refusal Session::judge_frame(const RequestInfo& info, const protocol::FrameView& frame) const {
    if (frame.header.has(protocol::flag::kExt)) {
        const Status status = protocol::refuse_critical_extensions(frame.extensions);
        if (!status.is_ok()) return {WireStatus::kUnsupported, std::string(status.message())};
    }
    switch (protocol::opcode_state(info.opcode)) {
        case protocol::OpcodeState::kServed:
            break;
        case protocol::OpcodeState::kReserved:
            return {WireStatus::kUnsupported, std::string(protocol::opcode_name(info.opcode)) +
                                                  ": this version does not offer it"};
        case protocol::OpcodeState::kPush:
        case protocol::OpcodeState::kUnknown:
            return {WireStatus::kUnknownOpcode,
                    "opcode " + std::to_string(static_cast<unsigned>(info.opcode)) +
                        " is not a request"};
    }
    if (info.opcode == Opcode::kHello) {
        return {WireStatus::kInvalidArgument, "HELLO was answered before on this connection"};
    }
    if (info.opcode == Opcode::kDeleteRange && (features_ & protocol::feature::kRangeDelete) == 0) {
        return {WireStatus::kUnsupported,
                "DELETE_RANGE: HELLO did not agree on the feature range deletes"};
    }
    if (protocol::is_write(info.opcode) && !protocol::is_known(frame.header.durability())) {
        return {WireStatus::kInvalidArgument, "unknown durability"};
    }
    if (draining_ && !protocol::is_control(info.opcode)) {
        return {WireStatus::kDraining, "the server is shutting down"};
    }
    return {};
}

void Session::on_frame(const protocol::FrameView& frame) {
    const RequestInfo info = request_info(frame.header, now_us_);
    counters_.add(Counter::kFrames);
    if (!hello_done_) return on_hello(info, frame);
    if (table_.find(info.id) != nullptr) {
        return fatal(info, WireStatus::kDuplicateRequestId,
                     "request id " + std::to_string(info.id) + " is still unanswered");
    }
    const Refusal refusal = judge_frame(info, frame);
    if (refusal.refused()) return refuse(info, refusal);
    if (info.opcode == Opcode::kCancel) return on_cancel(info, frame.body);
    if (info.opcode == Opcode::kScanCredit) return on_scan_credit(info, frame.body);

    last_accepted_id_ = info.id;
    const bool fenced_in = info.has(protocol::flag::kFence) && running() > 0;
    if (held_.empty() && !fenced_in) return begin(info, frame.header.durability(), frame.body);
    held_.push_back({info, frame.header.durability(), std::string(frame.body)});
    held_bytes_ += frame.body.size();
    table_.insert({info, Stage::kHeld, 0, nullptr, frame.body.size()});
}

void Session::begin_held() {
    // What begins may end at once and ask for the next one: the loop that began it goes on to that.
    if (beginning_held_) return;
    beginning_held_ = true;
    while (!held_.empty() && !closed_) {
        if (held_.front().info.has(protocol::flag::kFence) && running() > 0) break;
        HeldRequest request = std::move(held_.front());
        held_.pop_front();
        forget(request.info.id);
        begin(request.info, request.durability, request.body);
    }
    beginning_held_ = false;
}

void Session::begin(const RequestInfo& info, protocol::Durability durability, Bytes body) {
    if (info.expired(now_us_)) {
        return refuse(info, Refusal{WireStatus::kDeadline, "the deadline passed in the queue"});
    }
    if (shared_.memory.exceeded()) {
        note_no_memory();
        return refuse(
            info, Refusal{WireStatus::kOverloaded, "network buffers are full", kOverloadedRetryMs});
    }
    if (keyspace_->is_dropped() && protocol::is_about_keys(info.opcode)) {
        return refuse(info, Refusal{WireStatus::kUnknownKeyspace,
                                    "keyspace \"" + keyspace_->name() + "\" has been dropped"});
    }
    if (protocol::is_write(info.opcode)) return on_write(info, durability, body);
    counters_.add(Counter::kReads);
    switch (info.opcode) {
        case Opcode::kGet:
            return on_get(info, body);
        case Opcode::kMultiGet:
            return on_multi_get(info, body);
        case Opcode::kScan:
            return on_scan(info, body);
        case Opcode::kCount:
            return on_count(info, body);
        case Opcode::kExplain:
            return on_explain(info, body);
        case Opcode::kStatus:
            return on_status(info, body);
        case Opcode::kStats:
            return on_stats(info, body);
        case Opcode::kCheckpoint:
            return on_checkpoint(info, body);
        case Opcode::kKeyspaces:
            return on_keyspaces(info, body);
        case Opcode::kKeyspaceCreate:
        case Opcode::kKeyspaceDrop:
            return on_change_keyspace(info, body);
        case Opcode::kSnapshotOpen:
        case Opcode::kSnapshotRenew:
        case Opcode::kSnapshotClose:
            return on_snapshot(info, body);
        case Opcode::kPing: {
            protocol::PingMessage ping;
            if (decode(info, body, ping)) answer(info, ping);
            return;
        }
        default:
            return refuse(info, Refusal{WireStatus::kUnknownOpcode, "not a request"});
    }
}

void Session::finish(uint64_t id) {
    forget(id);
    if (!closed_) begin_held();
}

void Session::forget(uint64_t id) {
    const PendingRequest* request = table_.find(id);
    if (request == nullptr) return;
    held_bytes_ -= request->bytes;
    table_.erase(id);
}

void Session::on_cancel(const RequestInfo& info, Bytes body) {
    protocol::CancelRequest request;
    if (!decode(info, body, request)) return;
    const bool found = cancel(request.target_request_id);
    if (!info.has(protocol::flag::kQuiet)) answer(info, protocol::AckResponse{found});
}

bool Session::cancel(uint64_t id) {
    const PendingRequest* request = id == 0 ? nullptr : table_.find(id);
    if (request == nullptr) return false;
    const Refusal cancelled{WireStatus::kCancelled, "cancelled by the client"};
    switch (request->stage) {
        case Stage::kWriting:
            break;  // has begun: finished and answered as if nothing had been said
        case Stage::kReading:
            request->task->cancel();  // answers `cancelled` itself unless it is in its last slice
            break;
        case Stage::kScanning:
            end_scan(id, cancelled);
            break;
        case Stage::kHeld: {
            const auto held = std::find_if(held_.begin(), held_.end(),
                                           [&](const auto& h) { return h.info.id == id; });
            refuse(held->info, cancelled);
            held_.erase(held);
            finish(id);
            break;
        }
    }
    return true;
}

void Session::refuse(const RequestInfo& info, const Refusal& refusal) {
    counters_.add(Counter::kErrors);
    append_error(replies_.slab(), info, now_us_, refusal);
}

void Session::refuse(const RequestInfo& info, const Status& status) {
    counters_.add(Counter::kErrors);
    append_error(replies_.slab(), info, now_us_, status);
}

void Session::refuse_write(const RequestInfo& info, const Status& status) {
    refuse(info, Refusal{protocol::to_wire_of_write(status), std::string(status.message()),
                         status.detail()});
}

void Session::fatal(const RequestInfo& info, WireStatus status, Bytes message) {
    refuse(info, Refusal{status, std::string(message)});
    end_ = End::kAfterReplies;
    Incident incident = Incident::kBadFrame;
    if (status == WireStatus::kTooManyConnections) incident = Incident::kConnectionLimit;
    if (status == WireStatus::kHelloTimeout) incident = Incident::kHelloTimeout;
    shared_.report(incident, peer_ + ": " + std::string(protocol::status_name(raw(status))) + ": " +
                                 std::string(message) + "; closing the connection");
}

void Session::end_when_done() {
    if (!(draining_ || input_ended_) || end_ != End::kOpen) return;
    if (table_.empty()) end_ = End::kAfterReplies;
}

void Session::on_end_of_input(uint64_t now_us) {
    now_us_ = now_us;
    input_ended_ = true;
    // Nobody can grant credits any more.
    stop_scans({WireStatus::kCancelled, "the client ended its side of the connection"});
    end_when_done();
}

void Session::on_replies_sent(uint64_t now_us) {
    now_us_ = now_us;
    slow_reader_.note_progress(replies_.bytes(), now_us);
    note_limits();
    for (auto it = scans_.begin(); it != scans_.end();) {
        const auto scan = it++;  // a scan that cannot go on is taken out
        continue_scan(scan->first, scan->second);
    }
}

void Session::on_tick(uint64_t now_us) {
    if (closed_ || end_ == End::kNow) return;
    now_us_ = now_us;
    const config::Limits& limits = shared_.config.limits;
    if (end_ == End::kOpen && !hello_done_ &&
        has_passed(now_us, connected_us_, limits.hello_timeout_ms)) {
        counters_.add(Counter::kLimitHello);
        RequestInfo nobody;
        nobody.opcode = Opcode::kHello;
        nobody.arrived_us = now_us;
        fatal(nobody, WireStatus::kHelloTimeout, "HELLO was not finished in time");
    }
    note_limits();
    if (slow_reader_.must_close(now_us, end_ != End::kOpen)) end_ = End::kNow;
    if (!wants_input()) {
        slow_sender_.excuse(now_us);
    } else if (slow_sender_.must_close(now_us)) {
        end_ = End::kNow;
    }
    const bool idle = limits.idle_timeout_ms != 0 && table_.empty() && replies_.empty() &&
                      has_passed(now_us, last_input_us_, limits.idle_timeout_ms);
    if (idle && end_ == End::kOpen && hello_done_) {
        counters_.add(Counter::kLimitIdle);
        shared_.report(Incident::kIdle, peer_ + ": idle (limits.idle_timeout); closing");
        protocol::append_frame(
            replies_.slab(), protocol::push_header(Opcode::kGoaway),
            protocol::GoawayPush{protocol::GoawayReason::kIdle, last_accepted_id_, 0, "idle"});
        end_ = End::kAfterReplies;
    }
    check_scan_leases();
    end_when_done();
}

void Session::on_drain(uint64_t now_us) {
    now_us_ = now_us;
    if (draining_ || end_ != End::kOpen) return;
    draining_ = true;
    if (hello_done_) {
        const auto drain_ms = static_cast<uint32_t>(shared_.config.limits.drain_timeout_ms);
        protocol::append_frame(
            replies_.slab(), protocol::push_header(Opcode::kGoaway),
            protocol::GoawayPush{protocol::GoawayReason::kShutdown, last_accepted_id_, drain_ms,
                                 "the server is shutting down"});
    }
    stop_scans({WireStatus::kDraining, "the server is shutting down; resume elsewhere"});
    end_when_done();
}

void Session::on_no_memory(uint64_t now_us) {
    now_us_ = now_us;
    if (input_ended_ || end_ != End::kOpen) return;
    counters_.add(Counter::kLimitMemory);
    shared_.report(Incident::kMemory, peer_ + ": no room for a frame of " +
                                          std::to_string(needed_bytes_) +
                                          " bytes (limits.network_memory); closing");
    // The frame cannot be taken, so nothing behind it can; what came before is still answered.
    input_ended_ = true;
    protocol::append_frame(replies_.slab(), protocol::push_header(Opcode::kGoaway),
                           protocol::GoawayPush{protocol::GoawayReason::kOverload,
                                                last_accepted_id_, 0, "network buffers are full"});
    stop_scans({WireStatus::kOverloaded, "network buffers are full; resume elsewhere",
                kOverloadedRetryMs});
    end_when_done();
}

void Session::close() {
    closed_ = true;
    end_ = End::kNow;
    for (const HeldRequest& request : held_) forget(request.info.id);
    held_.clear();
    table_.for_each([](PendingRequest& request) {
        if (request.task != nullptr) request.task->cancel();
    });
    for (auto it = scans_.begin(); it != scans_.end();) {
        PoolTask* const task = it->second.task;
        if (task != nullptr) {
            task->cancel();
            ++it;
            continue;
        }
        forget(it->first);
        it = scans_.erase(it);
    }
}

}  // namespace kv::server

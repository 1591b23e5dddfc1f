// What becomes of calls: the bookkeeping behind every error a client reports by itself.
// SPDX-License-Identifier: Apache-2.0
#include "session/call_table.h"

#include <algorithm>
#include <utility>

#include "protocol/frame.h"

namespace kv::client {

namespace {

void set_request_id(std::string& frame, uint64_t id) {
    protocol::Header header = protocol::decode_header(frame.data());
    header.request_id = id;
    protocol::encode_header(header, frame.data());
}

// At least 1: 0 would be no limit at all.
void set_time_left(std::string& frame, uint64_t left_us) {
    protocol::Header header = protocol::decode_header(frame.data());
    const uint64_t left_ms = std::max<uint64_t>(left_us / 1000, 1);
    header.deadline_ms = static_cast<uint32_t>(std::min<uint64_t>(left_ms, UINT32_MAX));
    protocol::encode_header(header, frame.data());
}

void append_frame_bytes(std::string& out, std::string frame) {
    if (out.empty()) {
        out = std::move(frame);  // a large value is not copied again
    } else {
        out += frame;
    }
}

}  // namespace

uint64_t CallTable::add(protocol::Opcode opcode, std::string frame, uint64_t deadline_us,
                        std::shared_ptr<CallSink> sink) {
    const uint64_t id = next_id_++;
    set_request_id(frame, id);
    calls_.emplace(id, Call{opcode, false, deadline_us, std::move(frame), std::move(sink)});
    queue_.push_back(id);
    return id;
}

void CallTable::add_control(std::string frame) {
    set_request_id(frame, next_id_++);
    control_.push_back(std::move(frame));
}

bool CallTable::take_sendable(std::string& out, size_t target_bytes, uint64_t now_us) {
    bool any = false;
    while (!control_.empty() && out.size() < target_bytes) {
        append_frame_bytes(out, std::move(control_.front()));
        control_.pop_front();
        any = true;
    }
    while (!queue_.empty() && out.size() < target_bytes && outstanding_ < max_outstanding_) {
        const auto it = calls_.find(queue_.front());
        queue_.pop_front();
        if (it == calls_.end()) continue;
        Call& call = it->second;
        if (call.deadline_us <= now_us) continue;  // expire() tells its caller that it never left
        if (call.deadline_us != kNever) set_time_left(call.frame, call.deadline_us - now_us);
        append_frame_bytes(out, std::exchange(call.frame, {}));
        call.sent = true;
        ++outstanding_;
        any = true;
    }
    return any;
}

std::shared_ptr<CallSink> CallTable::answered(uint64_t id, bool more) {
    const auto it = calls_.find(id);
    if (it == calls_.end() || !it->second.sent) return nullptr;
    if (more) return it->second.sink;
    auto sink = std::move(it->second.sink);
    calls_.erase(it);
    --outstanding_;
    return sink;
}

bool CallTable::is_write(uint64_t id) const {
    const auto it = calls_.find(id);
    return it != calls_.end() && protocol::changes_store(it->second.opcode);
}

CallTable::Calls::iterator CallTable::end_call(Calls::iterator it, Code code_unless_in_doubt,
                                               const std::string& why,
                                               std::vector<Completion>& out) {
    Call& call = it->second;
    const bool in_doubt = call.sent && protocol::changes_store(call.opcode);
    if (call.sink != nullptr) {
        const std::string name(protocol::opcode_name(call.opcode));
        const std::string outcome = in_doubt ? "; it had been sent, so it may or may not be applied"
                                    : protocol::is_write(call.opcode)
                                        ? "; it had not been sent, so it is not applied"
                                        : "";
        out.push_back(
            {std::move(call.sink),
             Status(in_doubt ? Code::kInDoubt : code_unless_in_doubt, name + ": " + why + outcome),
             call.sent && !protocol::is_write(call.opcode) ? it->first : 0});
    }
    if (call.sent) return std::next(it);
    return calls_.erase(it);
}

std::vector<Completion> CallTable::expire(uint64_t now_us) {
    std::vector<Completion> out;
    for (auto it = calls_.begin(); it != calls_.end();) {
        if (it->second.deadline_us > now_us) {
            ++it;
            continue;
        }
        it->second.deadline_us = kNever;
        it = end_call(it, Code::kDeadline, "no answer in time", out);
    }
    return out;
}

uint64_t CallTable::next_deadline_us() const {
    uint64_t earliest = kNever;
    for (const auto& [id, call] : calls_) earliest = std::min(earliest, call.deadline_us);
    return earliest;
}

std::vector<Completion> CallTable::cancel(uint64_t id) {
    std::vector<Completion> out;
    const auto it = calls_.find(id);
    if (it == calls_.end()) return out;
    it->second.deadline_us = kNever;
    end_call(it, Code::kCancelled, "cancelled", out);
    return out;
}

std::vector<Completion> CallTable::cancel_all() {
    std::vector<Completion> out;
    for (auto it = calls_.begin(); it != calls_.end();) {
        it->second.deadline_us = kNever;
        it = end_call(it, Code::kCancelled, "cancelled", out);
    }
    return out;
}

std::vector<Completion> CallTable::refuse_after(uint64_t last_id, const Status& why) {
    std::vector<Completion> out;
    for (auto it = calls_.begin(); it != calls_.end();) {
        if (it->first <= last_id && it->second.sent) {
            ++it;
            continue;
        }
        // The server says that it never begins these, so they count as not sent.
        if (it->second.sent) --outstanding_;
        it->second.sent = false;
        it = end_call(it, Code::kUnavailable, std::string(why.message()), out);
    }
    queue_.clear();
    return out;
}

std::vector<Completion> CallTable::lose(const Status& why) {
    std::vector<Completion> out;
    for (auto it = calls_.begin(); it != calls_.end();) {
        it = end_call(it, Code::kUnavailable, std::string(why.message()), out);
    }
    calls_.clear();
    queue_.clear();
    control_.clear();
    outstanding_ = 0;
    return out;
}

}  // namespace kv::client

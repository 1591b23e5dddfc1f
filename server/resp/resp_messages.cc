// Mail of one connection: messages to send, CLIENT KILL, the end of a pause. See resp_session.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/resp/resp_session.h"
#include "server/shared_state.h"

namespace kv::server {
namespace {

constexpr const char* kNoRoom = "no room for a published message (limits.network_memory)";

std::string too_much(const SharedState& shared) {
    return "more than " + std::to_string(shared.config.limits.unread_reply_bytes) +
           " bytes of published messages wait for it (limits.unread_reply_size)";
}

}  // namespace

void RespSession::on_mail(uint64_t now_us) {
    now_us_ = now_us;
    const std::vector<Mail> mail = client_->take_mail();
    for (const Mail& each : mail) {
        switch (each.kind) {
            case Mail::Kind::kMessage:
                break;
            case Mail::Kind::kKill:
                end_ = End::kNow;
                break;
            case Mail::Kind::kWake:
                pauses_ = false;
                break;
            case Mail::Kind::kTooMuch:
                end_now(Counter::kLimitSlowReader, Incident::kSlowReader, too_much(shared_));
                break;
            case Mail::Kind::kNoRoom:
                end_now(Counter::kLimitMemory, Incident::kMemory, kNoRoom);
                break;
        }
    }
    queue_messages(mail);
    note_limits();
}

/// Ahead of the answer that is being made, and of all that is being made for EXEC.
void RespSession::send_messages() { queue_messages(client_->take_messages()); }

/// CLIENT REPLY is about answers only: these are sent in any case, or the connection ends.
void RespSession::queue_messages(const std::vector<Mail>& mail) {
    // What is copied here is charged when the event is over.
    const size_t before = replies_.own_bytes();
    bool any = false;
    for (const Mail& message : mail) {
        if (message.kind != Mail::Kind::kMessage) continue;
        const size_t copied = replies_.own_bytes() - before;
        if (!shared_.memory.has_room(copied + message.own_bytes())) {
            return end_now(Counter::kLimitMemory, Incident::kMemory, kNoRoom);
        }
        replies_.append(message.text);
        if (message.tail != nullptr) replies_.append(message.tail);
        any = true;
    }
    // A subscriber that does not read has nothing to be held back from.
    if (any && slow_reader_.is_over_limit(replies_.bytes())) {
        end_now(Counter::kLimitSlowReader, Incident::kSlowReader, too_much(shared_));
    }
}

void RespSession::end_now(Counter limit, Incident incident, const std::string& why) {
    end_ = End::kNow;
    counters_.add(limit);
    shared_.report(incident, client_->peer + ": " + why + "; closing");
}

}  // namespace kv::server

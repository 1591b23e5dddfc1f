// Moving bytes between the buffers of a connection and its socket.
// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/server_connection.h"

#include <poll.h>

namespace kv::bench {

Result<bool> ServerConnection::send() {
    while (sent_ < outgoing_.size()) {
        KV_ASSIGN_OR_RETURN(const size_t sent, socket_.send_some(Bytes(outgoing_).substr(sent_)));
        if (sent == 0) return false;
        sent_ += sent;
    }
    outgoing_.clear();
    sent_ = 0;
    return true;
}

Status ServerConnection::receive_bytes() {
    const auto room = received_.writable(needed_bytes_);
    KV_ASSIGN_OR_RETURN(const size_t got, socket_.receive_some(room.data(), room.size()));
    received_.commit(got);
    return Status::ok();
}

Status ServerConnection::receive(std::vector<Answer>& answers) {
    KV_RETURN_IF_ERROR(receive_bytes());
    return take_answers(answers);
}

Status ServerConnection::exchange(uint64_t deadline_us) {
    while (true) {
        KV_ASSIGN_OR_RETURN(const bool all, send());
        if (all) break;
        KV_ASSIGN_OR_RETURN(const bool writable, socket_.wait(POLLOUT, deadline_us));
        if (!writable) return {Code::kDeadline, "the server takes no requests"};
    }
    KV_ASSIGN_OR_RETURN(const bool ready, socket_.wait(POLLIN, deadline_us));
    if (!ready) return {Code::kDeadline, "no answer in time"};
    return receive_bytes();
}

}  // namespace kv::bench

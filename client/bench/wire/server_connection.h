// ServerConnection: one connection of the load generator. Requests are copied from templates and
// answers are only looked at, with no thread, no lock and hardly an allocation a request, so that
// the load costs as little as it can beside the server. What differs between protocols is behind
// add() and take_answers(). Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/traffic/operation_mix.h"
#include "kv/result.h"
#include "protocol/receive_buffer.h"
#include "session/socket.h"

namespace kv::bench {

/// How long a connection may take to be ready for requests.
inline constexpr uint64_t kConnectUs = 5'000'000;

struct Answer {
    enum class Outcome : uint8_t {
        kOk,
        kMissing,     ///< A read of a key that is not there.
        kOverloaded,  ///< Refused for now: `overloaded`, -BUSY.
        kError,       ///< error_name and error tell.
    };
    uint32_t slot = 0;  ///< As given to add().
    Outcome outcome = Outcome::kOk;
    std::string error_name{};
    Status error{};
};

class ServerConnection {
  public:
    virtual ~ServerConnection() = default;
    ServerConnection(const ServerConnection&) = delete;
    ServerConnection& operator=(const ServerConnection&) = delete;

    int fd() const { return socket_.fd(); }
    /// Requests the server lets us have in flight.
    virtual uint32_t max_outstanding() const = 0;

    /// Puts the request of a read, write, insert or scan into the outgoing bytes; then send().
    /// `slot` names it in its answer; no other request in flight may have the same.
    virtual void add(const Operation& operation, uint32_t slot) = 0;
    /// Sends what the socket takes. True when nothing is left.
    Result<bool> send();
    /// Receives once and appends the complete answers to `answers`. kUnavailable: gone, or what
    /// came is not of this protocol.
    Status receive(std::vector<Answer>& answers);
    /// Waits for `events` (poll's) until `deadline_us` (client::now_us). False when time ran out.
    Result<bool> wait(short events, uint64_t deadline_us) {
        return socket_.wait(events, deadline_us);
    }

  protected:
    explicit ServerConnection(client::Socket socket) : socket_(std::move(socket)) {}

    /// Consumes the complete answers of received_, and sets needed_bytes_ for the next one.
    virtual Status take_answers(std::vector<Answer>& answers) = 0;
    /// Sends what is outgoing and waits until something was received into received_.
    Status exchange(uint64_t deadline_us);

    std::string outgoing_;
    protocol::ReceiveBuffer received_;
    size_t needed_bytes_ = 0;

  private:
    Status receive_bytes();

    client::Socket socket_;
    size_t sent_ = 0;
};

}  // namespace kv::bench

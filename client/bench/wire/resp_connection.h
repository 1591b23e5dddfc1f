// RespConnection: the Redis protocol, version 2, so that kvbench drives kvd's second listener and
// Redis alike. Replies come in the order of the requests. A scan is KV.RANGE, which only kvd has.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "bench/wire/resp_reply_parser.h"
#include "bench/wire/resp_requests.h"
#include "bench/wire/wire.h"

namespace kv::bench {

/// "ERR" of "ERR unknown command": the word in capitals that tells programs what happened. "ERR"
/// when the text begins with none.
std::string resp_error_name(Bytes text);
/// The outcome that a reply tells; `kind` and `text` as RespReplyParser gave them.
Answer resp_answer(uint32_t slot, RespReplyParser::Kind kind, Bytes text);

class RespWire : public Wire {
  public:
    explicit RespWire(const Workload& workload);
    Result<std::unique_ptr<ServerConnection>> open() const override;

  private:
    friend class RespConnection;

    const Workload& workload_;
    const RespTemplate get_;
    const RespTemplate set_;
};

class RespConnection : public ServerConnection {
  public:
    RespConnection(client::Socket socket, const RespWire& wire);
    /// Before the first request: the server answers PING, and KV.RANGE where scans are wanted.
    Status greet(uint64_t deadline_us);

    uint32_t max_outstanding() const override { return UINT32_MAX; }
    void add(const Operation& operation, uint32_t slot) override;

  private:
    Status take_answers(std::vector<Answer>& answers) override;
    /// The answer to what is outgoing, which is one command.
    Result<Answer> ask(uint64_t deadline_us);
    /// nullopt: not all of it is there.
    Result<std::optional<Answer>> next_answer(uint32_t slot);

    const RespWire& wire_;
    RespReplyParser parser_;
    std::deque<uint32_t> in_flight_;  // slots, oldest first
    std::string key_;
};

}  // namespace kv::bench

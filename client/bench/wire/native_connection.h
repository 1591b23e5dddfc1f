// NativeConnection: kvd's own protocol, in raw frames. Answers may overtake each other.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/wire/frame_template.h"
#include "bench/wire/wire.h"
#include "protocol/messages.h"

namespace kv::bench {

class NativeWire : public Wire {
  public:
    explicit NativeWire(const Workload& workload);
    Result<std::unique_ptr<ServerConnection>> open() const override;

  private:
    friend class NativeConnection;

    const Workload& workload_;
    const FrameTemplate get_;
    const FrameTemplate put_;
};

class NativeConnection : public ServerConnection {
  public:
    NativeConnection(client::Socket socket, const NativeWire& wire);
    /// Before the first request.
    Status shake_hands(uint64_t deadline_us);

    uint32_t max_outstanding() const override { return max_outstanding_; }
    void add(const Operation& operation, uint32_t slot) override;

  private:
    Status take_answers(std::vector<Answer>& answers) override;
    void take_answer(const protocol::FrameView& frame, std::vector<Answer>& answers);
    /// kNeedMore until a whole frame is there.
    Result<protocol::FrameParser::Step> next_frame();
    Status take_welcome(const protocol::FrameView& frame);
    void add_scan(const Operation& operation, uint64_t request_id);

    const NativeWire& wire_;
    protocol::FrameParser parser_;
    uint32_t max_outstanding_ = 1;
    uint32_t generation_ = 0;
    std::string key_;
};

}  // namespace kv::bench

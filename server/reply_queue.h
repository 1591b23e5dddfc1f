// ReplyQueue: answers of one connection on their way to the socket. Small frames gather in slabs;
// large values keep their own memory and are never copied. Holds bytes only, knows no socket.
// Thread rule: the connection's network thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "kv/bytes.h"
#include "protocol/resp/reply.h"

namespace kv::server {

class ReplyQueue {
  public:
    /// A slab is closed once it has this many bytes.
    static constexpr size_t kSlabBytes = 64U << 10;
    /// Strings at and above this size are worth a buffer of their own.
    static constexpr size_t kLargeBytes = 16U << 10;
    /// What one gathering write of Asio takes.
    static constexpr size_t kMaxParts = 64;

    /// The string that the next small frame is appended to. Valid until the next call.
    std::string& slab();
    /// Takes back what was appended to the last slab() behind its first `size` bytes.
    void cut_slab(size_t size) { slab_.resize(size); }
    /// Puts `bytes` behind everything appended so far, without a copy when it is large.
    void append(std::string bytes);
    void append(protocol::resp::Reply reply);
    /// Puts strings into what was just appended to the slab; their places count from its start.
    /// Leaves `apart` empty.
    void put_into_slab(std::vector<protocol::resp::Reply::Apart>& apart);

    /// Not yet consumed.
    size_t bytes() const { return closed_bytes_ + slab_.size() - offset_; }
    bool empty() const { return bytes() == 0; }

    /// All that is queued, when that is one piece in the slab as it mostly is; else empty.
    Bytes only_part() const { return closed_.empty() ? Bytes(slab_).substr(offset_) : Bytes(); }
    struct Parts {
        std::array<Bytes, kMaxParts> views;
        size_t count = 0;
    };
    /// The front of the queue as views, valid until anything is appended or consumed.
    Parts front() const;
    /// Drops the first `count` bytes. Requires count <= bytes().
    void consume(size_t count);

  private:
    void close_slab();

    std::deque<std::string> closed_;
    size_t closed_bytes_ = 0;  // of all in closed_, offset_ not taken off
    std::string slab_;
    size_t offset_ = 0;  // consumed bytes of the first part
};

}  // namespace kv::server

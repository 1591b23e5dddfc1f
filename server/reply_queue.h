// ReplyQueue: answers of one connection on their way to the socket. Small frames gather in slabs;
// large values keep their own memory and are never copied; what several connections are sent may
// be one large text that their queues share. Holds bytes only, knows no socket.
// Thread rule: the connection's network thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <memory>
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
    using Shared = std::shared_ptr<const std::string>;
    /// The same with text that others have too: it is held, not copied, when it is large.
    void append(const Shared& text);
    /// What append() of it would copy.
    static size_t own_bytes(const Shared& text) {
        return text == nullptr || text->size() >= kLargeBytes ? 0 : text->size();
    }
    /// Puts strings into what was just appended to the slab; their places count from its start.
    /// Leaves `apart` empty.
    void put_into_slab(std::vector<protocol::resp::Reply::Apart>& apart);

    /// Not yet consumed.
    size_t bytes() const { return closed_bytes_ + slab_.size() - offset_; }
    bool empty() const { return bytes() == 0; }
    /// Of those what is held for this queue alone.
    size_t own_bytes() const { return bytes() - shared_bytes(); }

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
    struct Part {
        std::string own;
        Shared shared;  // null: `own` it is
        Bytes bytes() const { return shared == nullptr ? Bytes(own) : Bytes(*shared); }
    };
    void close_slab();
    void close(Part part);
    size_t shared_bytes() const {
        const bool begun = !closed_.empty() && closed_.front().shared != nullptr;
        return closed_shared_bytes_ - (begun ? offset_ : 0);
    }

    std::deque<Part> closed_;
    size_t closed_bytes_ = 0;         // of all in closed_, offset_ not taken off
    size_t closed_shared_bytes_ = 0;  // of those that others have too, the same
    std::string slab_;
    size_t offset_ = 0;  // consumed bytes of the first part
};

}  // namespace kv::server

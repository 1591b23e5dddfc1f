// What a RESP request parser makes of a stream, as lines to compare; and the rules that hold for
// every step of it. Used by the unit tests and by the fuzzer.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "kv/assert.h"
#include "kv/bytes.h"
#include "protocol/receive_buffer.h"
#include "protocol/resp/request_parser.h"

namespace kv::protocol::resp::testing {

using Outcome = RequestParser::Outcome;
using Limits = RequestParser::Limits;

/// A line a request: its arguments each in brackets, "too large" before those that were not kept,
/// "nothing" for what asks for no answer.
struct Transcript {
    std::vector<std::string> requests;
    std::string error;
    size_t most_needed = 0;
    size_t most_buffered = 0;

    bool says_the_same_as(const Transcript& other) const {
        return requests == other.requests && error == other.error;
    }
};

inline std::string request_line(Outcome outcome, const Args& args) {
    if (outcome == Outcome::kNothing) return "nothing";
    std::string line = outcome == Outcome::kTooLarge ? "too large" : "";
    for (const Bytes arg : args) line += '[' + escape_bytes(arg) + ']';
    return line;
}

inline void receive(ReceiveBuffer& buffer, Bytes& stream, size_t needed_bytes, size_t piece) {
    const auto room = buffer.writable(needed_bytes);
    const size_t size = std::min({stream.size(), room.size(), piece});
    std::copy_n(stream.data(), size, room.data());
    buffer.commit(size);
    stream.remove_prefix(size);
}

/// Feeds `stream` in pieces of the sizes that `piece()` gives, through a receive buffer.
template <class Piece>
Transcript feed(Bytes stream, const Limits& limits, size_t buffer_bytes, Piece&& piece) {
    RequestParser parser;
    parser.set_limits(limits);
    ReceiveBuffer buffer(buffer_bytes);
    Transcript out;
    while (true) {
        if (buffer.has_block()) {
            while (!buffer.block().is_whole()) {
                if (stream.empty()) return out;
                receive(buffer, stream, 0, piece());
            }
            parser.add_block(buffer.take_block());
        }
        const Bytes unread = buffer.unread();
        const RequestParser::Step step = parser.next(unread);
        KV_ASSERT(step.consumed <= unread.size());
        buffer.consume(step.consumed);
        if (step.outcome == Outcome::kError) {
            KV_ASSERT(parser.error().starts_with("Protocol error: ") && parser.args().empty());
            out.error = parser.error();
            return out;
        }
        if (step.outcome != Outcome::kNeedMore) {
            KV_ASSERT(step.consumed > 0 || parser.kept_bytes() > 0);
            KV_ASSERT(!parser.args().empty() || step.outcome != Outcome::kCommand);
            KV_ASSERT(parser.args().size() <= 1 || step.outcome != Outcome::kTooLarge);
            out.requests.push_back(request_line(step.outcome, parser.args()));
            continue;
        }
        const size_t left = unread.size() - step.consumed;
        KV_ASSERT(parser.args().empty());
        KV_ASSERT(step.needed_bytes == 0 || step.needed_bytes > left);
        out.most_needed = std::max(out.most_needed, step.needed_bytes);
        out.most_buffered = std::max(out.most_buffered, left);
        if (step.block_bytes > 0) {
            KV_ASSERT(step.needed_bytes == 0 && step.block_bytes > left);
            buffer.begin_block(step.block_bytes);
            continue;
        }
        if (stream.empty()) return out;
        receive(buffer, stream, step.needed_bytes, piece());
    }
}

inline Transcript feed_whole(Bytes stream, const Limits& limits = {}) {
    return feed(stream, limits, stream.size() + 1, [] { return SIZE_MAX; });
}

/// An argument as an array carries it, and a whole command.
inline std::string argument(Bytes bytes) {
    return '$' + std::to_string(bytes.size()) + "\r\n" + std::string(bytes) + "\r\n";
}
inline std::string command(const Args& args) {
    std::string out = '*' + std::to_string(args.size()) + "\r\n";
    for (const Bytes arg : args) out += argument(arg);
    return out;
}

}  // namespace kv::protocol::resp::testing

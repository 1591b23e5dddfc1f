// Fuzzes the native protocol: the frame parser on both sides, and every body decoder.
//
// Input: a mode byte. Even: a stream; bit 1 picks the side, and whole and in pieces must give the
// same frames. Odd: the next byte picks a decoder for the rest. A body that decodes must encode to
// the same bytes, so that no two bodies mean the same.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include "fuzz/fuzz_target.h"
#include "kv/assert.h"
#include "protocol/extensions.h"
#include "protocol/frame_parser.h"
#include "protocol/receive_buffer.h"
#include "tests/protocol/body_probes.h"

namespace kv::protocol {
namespace {

using testing::BodyProbe;
using testing::kBodyProbes;
using Outcome = FrameParser::Outcome;
using Side = FrameParser::Side;

constexpr FrameLimits kLimits{.max_frame_bytes = 16U << 10};

void probe_body(const BodyProbe& probe, Bytes body) {
    std::string encoded;
    const Status status = probe.decode_and_encode(body, encoded);
    if (status.is_ok()) {
        KV_ASSERT(encoded == body);
    } else {
        KV_ASSERT(status.is(Code::kInvalidArgument) && !status.message().empty());
    }
}

void probe_frame(const FrameView& frame) {
    for (const BodyProbe& probe : kBodyProbes) probe_body(probe, frame.body);
    KV_ASSERT(extensions_well_formed(frame.extensions));
    (void)find_extension(frame.extensions, extension_tag::kTraceId);
    (void)refuse_critical_extensions(frame.extensions).is_ok();
    (void)opcode_name(frame.header.opcode);
    (void)from_wire(frame.header.status, "", 0).is_ok();
}

struct Verdict {
    uint64_t frames = 0;
    uint64_t bytes = 0;
    FrameError error = FrameError::kNone;
    bool operator==(const Verdict&) const = default;
};

Verdict parse_whole(Bytes stream, Side side) {
    FrameParser parser(side, kLimits);
    while (true) {
        const auto step = parser.next(stream);
        if (step.outcome != Outcome::kFrame) break;
        probe_frame(step.frame);
        stream.remove_prefix(step.consumed);
    }
    return {parser.frames(), parser.bytes(), parser.error()};
}

Verdict parse_in_pieces(Bytes stream, Side side) {
    FrameParser parser(side, kLimits);
    ReceiveBuffer buffer(48);
    size_t round = stream.size();
    while (true) {
        const auto step = parser.next(buffer.unread());
        if (step.outcome == Outcome::kFrame) {
            buffer.consume(step.consumed);
            continue;
        }
        if (step.outcome == Outcome::kError || stream.empty()) break;
        KV_ASSERT(step.needed_bytes > buffer.unread().size());
        KV_ASSERT(step.needed_bytes <= kLimits.max_frame_bytes);
        const auto room = buffer.writable(step.needed_bytes);
        const size_t size = std::min({room.size(), stream.size(), 1 + round++ * 7 % 61});
        std::copy_n(stream.data(), size, room.data());
        buffer.commit(size);
        stream.remove_prefix(size);
    }
    if (parser.error() != FrameError::kNone) {
        std::string answer;
        append_parser_error(answer, parser);
        KV_ASSERT(FrameParser(Side::kClient).next(answer).outcome == Outcome::kFrame);
    }
    return {parser.frames(), parser.bytes(), parser.error()};
}

template <class Message>
std::string stream_of(const Header& header, const Message& message) {
    std::string out(1, header.magic == Magic::kRequest ? '\0' : '\2');
    append_frame(out, header, message);
    return out;
}

template <class Message>
std::string body_of(size_t probe, const Message& message) {
    std::string out = {'\1', static_cast<char>(probe)};
    encode(message, out);
    return out;
}

}  // namespace
}  // namespace kv::protocol

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace kv::protocol;
    if (size < 2) return 0;
    const kv::Bytes input(reinterpret_cast<const char*>(data), size);
    if ((data[0] & 1) != 0) {
        probe_body(kBodyProbes[data[1] % std::size(kBodyProbes)], input.substr(2));
        return 0;
    }
    const Side side = (data[0] & 2) != 0 ? Side::kClient : Side::kServer;
    const kv::Bytes stream = input.substr(1);
    KV_ASSERT(parse_whole(stream, side) == parse_in_pieces(stream, side));
    return 0;
}

std::vector<std::string> kv::fuzz::seeds() {
    using namespace kv::protocol;
    using Pre = BatchPrecondition::Kind;
    using Op = BatchOp::Kind;
    const BatchRequest batch{{{Pre::kAbsent, "a", "", 0},
                              {Pre::kValueEquals, "b", "v", 0},
                              {Pre::kNotNewer, "c", "", 9}},
                             {{Op::kPut, "k", "v", 0, 0},
                              {Op::kDelete, "k", "", 0, 0},
                              {Op::kPutWithExpiry, "k", "v", 7, 0},
                              {Op::kIncrement, "n", "", 0, -1}}};
    const std::string token = encode_resume_token({false, 5, "key"});
    Header checked = request_header(Opcode::kGet, 3);
    checked.flags = flag::kChecked;
    Header more = response_header(Opcode::kScan, 4);
    more.flags = flag::kMore;
    std::vector<std::string> out = {
        stream_of(request_header(Opcode::kHello, 1), HelloRequest{1, 2, 0, 0, 0, "c", "u", "s"}),
        stream_of(response_header(Opcode::kHello, 1), HelloResponse{}),
        stream_of(checked, GetRequest{0, "key"}),
        stream_of(request_header(Opcode::kBatch, 2), batch),
        stream_of(more, ScanChunk{false, {{"key", 1, 2, "value"}}, token}),
        stream_of(push_header(Opcode::kGoaway), GoawayPush{}),
        stream_of(response_header(Opcode::kPut, 5, raw(WireStatus::kInDoubt)), ErrorResponse{}),
        std::string(1, '\0') + "GET / HTTP/1.1\r\nHost: kvd\r\n\r\n",
    };
    // Two frames in one stream, the second with extensions.
    std::string two = out[2];
    const size_t start = begin_frame(two, [] {
        Header header = request_header(Opcode::kPing, 9);
        header.flags = flag::kExt | flag::kFence;
        return header;
    }());
    append_extensions(two, {{extension_tag::kTraceId, "0123456789abcdef"}, {77, ""}});
    encode(PingMessage{"p"}, two);
    finish_frame(two, start);
    out.push_back(two);
    // Every decoder has a seed of its own kind byte, with bodies of the richer shapes.
    for (size_t probe = 0; probe < std::size(kBodyProbes); ++probe) {
        out.push_back(body_of(probe, batch));
        out.push_back(body_of(probe, MultiGetResponse{{{true, 1, 0, "v"}, {false, 0, 0, ""}}}));
        out.push_back(body_of(probe, ScanRequest{false, true, 9, 0, 1, {"a", "b", "c"}, token}));
    }
    return out;
}

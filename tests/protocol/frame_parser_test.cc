// The frame parser against whole, cut, joined and damaged streams.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/frame_parser.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>

#include "protocol/messages.h"
#include "protocol/receive_buffer.h"

namespace kv::protocol {
namespace {

using Outcome = FrameParser::Outcome;
using Side = FrameParser::Side;

std::string ping(uint64_t id, Bytes payload, uint16_t flags = 0) {
    Header header = request_header(Opcode::kPing, id);
    header.flags = flags;
    std::string out;
    append_frame(out, header, PingMessage{payload});
    return out;
}

// What a parser makes of a stream: a line a frame, and the error.
struct Transcript {
    std::vector<std::string> frames;
    FrameError error = FrameError::kNone;
    std::string message;
    friend bool operator==(const Transcript&, const Transcript&) = default;
};

// Feeds `stream` in pieces of the sizes that `piece()` gives, through a receive buffer.
template <class Piece>
Transcript feed(Bytes stream, FrameLimits limits, size_t buffer_bytes, Piece&& piece) {
    FrameParser parser(Side::kServer, limits);
    ReceiveBuffer buffer(buffer_bytes);
    Transcript out;
    size_t needed = 0;
    while (true) {
        const FrameParser::Step step = parser.next(buffer.unread());
        if (step.outcome == Outcome::kFrame) {
            out.frames.emplace_back(std::to_string(step.frame.header.request_id) + ":" +
                                    std::string(step.frame.body));
            buffer.consume(step.consumed);
            continue;
        }
        if (step.outcome == Outcome::kError) {
            out.error = step.error;
            out.message = parser.error_message();
            return out;
        }
        REQUIRE(step.needed_bytes > buffer.unread().size());
        REQUIRE(step.needed_bytes <= limits.max_frame_bytes);
        needed = step.needed_bytes;
        if (stream.empty()) return out;
        const auto room = buffer.writable(needed);
        REQUIRE_FALSE(room.empty());
        const size_t size = std::min({stream.size(), room.size(), size_t{piece()}});
        std::copy_n(stream.data(), size, room.data());
        buffer.commit(size);
        stream.remove_prefix(size);
    }
}

std::string damaged(std::string bytes, size_t at, uint8_t mask) {
    bytes[at] = static_cast<char>(static_cast<uint8_t>(bytes[at]) ^ mask);
    return bytes;
}

FrameError error_of(const std::string& bytes, FrameLimits limits = {}) {
    FrameParser parser(Side::kServer, limits);
    return parser.next(bytes).error;
}

uint64_t seed() {
    const char* text = std::getenv("KV_TEST_SEED");
    return text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device{}();
}

}  // namespace

TEST_CASE("frame parser: nothing gives nothing and asks for a header") {
    FrameParser parser(Side::kServer);
    const auto step = parser.next("");
    CHECK(step.outcome == Outcome::kNeedMore);
    CHECK(step.needed_bytes == kHeaderBytes);
}

TEST_CASE("frame parser: byte by byte, in random pieces and all at once give the same") {
    std::string stream;
    const std::string large(9'000, 'x');
    for (uint64_t id = 1; id <= 40; ++id) {
        const uint16_t flags = id % 3 == 0 ? flag::kChecked : uint16_t{0};
        stream += ping(id, Bytes(large).substr(0, id % 7 == 0 ? large.size() : id), flags);
    }
    const uint64_t number = seed();
    CAPTURE(number);
    std::mt19937_64 random(number);
    const FrameLimits limits{.max_frame_bytes = 10'000};
    const std::vector<std::string> endings = {"",
                                              "GET / HTTP/1.1\r\n",
                                              ping(0, "x"),
                                              ping(50, "y", flag::kMore),
                                              ping(51, large + large),
                                              damaged(ping(52, "z", flag::kChecked), 36, 1),
                                              damaged(ping(53, ""), 5, 2)};
    for (const std::string& ending : endings) {
        const std::string bytes = stream + ending;
        const Transcript whole = feed(bytes, limits, 1 << 20, [] { return SIZE_MAX; });
        CHECK(whole.frames.size() == 40);
        CHECK((whole.error == FrameError::kNone) == ending.empty());
        CHECK(feed(bytes, limits, 64, [] { return size_t{1}; }) == whole);
        for (int round = 0; round < 20; ++round) {
            const size_t buffer = 1 + random() % 5'000;
            CHECK(feed(bytes, limits, buffer, [&] { return 1 + random() % 3'000; }) == whole);
        }
    }
}

TEST_CASE("frame parser: a frame larger than the buffer is announced by its size") {
    const std::string frame = ping(1, std::string(50'000, 'b'));
    FrameParser parser(Side::kServer, {.max_frame_bytes = 60'000});
    const auto step = parser.next(Bytes(frame).substr(0, 4096));
    CHECK(step.outcome == Outcome::kNeedMore);
    CHECK(step.needed_bytes == frame.size());
    CHECK(parser.next(frame).outcome == Outcome::kFrame);
}

TEST_CASE("frame parser: each error of a header is told apart") {
    const std::string good = ping(1, "p");
    CHECK(error_of(good) == FrameError::kNone);
    CHECK(error_of(damaged(good, 4, 0x0F)) == FrameError::kBadMagic);
    CHECK(error_of(damaged(good, 5, 0x03)) == FrameError::kBadVersion);
    CHECK(error_of(damaged(good, 6, flag::kMore)) == FrameError::kReservedFlags);
    CHECK(error_of(damaged(good, 6, flag::kInDoubt)) == FrameError::kReservedFlags);
    CHECK(error_of(damaged(good, 7, 0x80)) == FrameError::kReservedFlags);
    CHECK(error_of(damaged(good, 6, flag::kCompressed)) == FrameError::kNotNegotiated);
    CHECK(error_of(damaged(good, 16, 1)) == FrameError::kBadRequestId);
    CHECK(error_of(damaged(good, 3, 0x80)) == FrameError::kOversize);
    CHECK(error_of(damaged(good, 6, flag::kExt)) == FrameError::kBadExtensions);
    CHECK(error_of(damaged(good, 6, flag::kChecked)) == FrameError::kBadChecksum);
}

TEST_CASE("frame parser: the limit counts the header and is exact") {
    const std::string frame = ping(1, "12345");
    const auto size = static_cast<uint32_t>(frame.size());
    CHECK(error_of(frame, {.max_frame_bytes = size}) == FrameError::kNone);
    CHECK(error_of(frame, {.max_frame_bytes = size - 1}) == FrameError::kOversize);
    std::string huge = frame;
    for (size_t at = 0; at < 4; ++at) huge[at] = '\xFF';
    CHECK(error_of(huge, {.max_frame_bytes = UINT32_MAX}) == FrameError::kOversize);
}

TEST_CASE("frame parser: any flipped bit of a checked frame is noticed") {
    const std::string good = ping(1, "payload", flag::kChecked);
    REQUIRE(error_of(good) == FrameError::kNone);
    for (size_t bit = 0; bit < good.size() * 8; ++bit) {
        if (bit / 8 == 6 && (1U << bit % 8) == flag::kChecked) continue;  // asks for no check
        INFO("bit " << bit);
        FrameParser parser(Side::kServer);
        const auto step = parser.next(damaged(good, bit / 8, static_cast<uint8_t>(1U << bit % 8)));
        CHECK(step.outcome != Outcome::kFrame);
    }
}

TEST_CASE("frame parser: a stranger is recognised by its fifth byte") {
    FrameParser parser(Side::kServer);
    CHECK(parser.next("PING").outcome == Outcome::kNeedMore);
    CHECK(parser.next("PING\r").error == FrameError::kBadMagic);
    CHECK(parser.error_message() ==
          "bad magic in the frame at byte 0 of the stream: expected 0xD7, found 0x0D");
    CHECK(parser.bad_header().request_id == 0);
}

TEST_CASE("frame parser: an error stays") {
    FrameParser parser(Side::kServer);
    REQUIRE(parser.next(damaged(ping(1, ""), 4, 1)).error == FrameError::kBadMagic);
    CHECK(parser.next(ping(2, "")).error == FrameError::kBadMagic);
}

TEST_CASE("frame parser: each side takes only what the other may send") {
    std::string response, fatal, stray, push, checked_push;
    append_frame(response, response_header(Opcode::kPing, 1), PingMessage{});
    append_error(fatal, Opcode::kHello, 0, WireStatus::kHelloTimeout, "too slow");
    append_error(stray, Opcode::kHello, 0, WireStatus::kDeadline, "no request");
    append_frame(push, push_header(Opcode::kGoaway), GoawayPush{});
    const auto client = [](const std::string& bytes) {
        return FrameParser(Side::kClient).next(bytes).error;
    };
    CHECK(client(response) == FrameError::kNone);
    CHECK(client(fatal) == FrameError::kNone);
    CHECK(client(push) == FrameError::kNone);
    CHECK(client(ping(1, "")) == FrameError::kBadMagic);
    CHECK(client(stray) == FrameError::kBadRequestId);
    CHECK(client(damaged(push, 16, 1)) == FrameError::kBadRequestId);
    CHECK(client(damaged(response, 6, flag::kMore)) == FrameError::kNone);
    CHECK(client(damaged(response, 6, flag::kQuiet)) == FrameError::kReservedFlags);
    CHECK(client(damaged(push, 6, flag::kMore)) == FrameError::kReservedFlags);
    CHECK(error_of(response) == FrameError::kBadMagic);
    CHECK(error_of(push) == FrameError::kBadMagic);
}

TEST_CASE("frame parser: every error becomes a last answer that a client can read") {
    const std::string good = ping(7, "p");
    for (const auto& [bytes, status, id] :
         {std::tuple(damaged(good, 4, 1), WireStatus::kBadFrame, uint64_t{0}),
          std::tuple(damaged(good, 5, 2), WireStatus::kBadVersion, uint64_t{7}),
          std::tuple(damaged(good, 3, 1), WireStatus::kFrameTooLarge, uint64_t{7}),
          std::tuple(damaged(good, 6, flag::kChecked), WireStatus::kBadChecksum, uint64_t{7})}) {
        FrameParser parser(Side::kServer);
        REQUIRE(parser.next(bytes).outcome == Outcome::kError);
        std::string answer;
        append_parser_error(answer, parser);
        const auto step = FrameParser(Side::kClient).next(answer);
        REQUIRE(step.outcome == Outcome::kFrame);
        CHECK(step.frame.header.status == raw(status));
        CHECK(step.frame.header.request_id == id);
        ErrorResponse error;
        REQUIRE(decode(step.frame.body, error).is_ok());
        CHECK(error.message == parser.error_message());
    }
}

TEST_CASE("frame parser: counts frames and bytes") {
    FrameParser parser(Side::kServer);
    const std::string one = ping(1, "a"), two = ping(2, "bc");
    REQUIRE(parser.next(one + two).consumed == one.size());
    REQUIRE(parser.next(two).consumed == two.size());
    CHECK(parser.frames() == 2);
    CHECK(parser.bytes() == one.size() + two.size());
}

}  // namespace kv::protocol

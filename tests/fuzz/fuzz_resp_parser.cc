// Fuzzes the RESP request parser: a stream in one piece and in many must give the same requests and
// the same error, and every command must be read again from the array that says it.
//
// Input: a mode byte, then the stream. Bits 0 and 1 of the mode: small limits, not authenticated.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/fuzz_target.h"
#include "kv/assert.h"
#include "tests/protocol/resp_transcript.h"

namespace kv::protocol::resp::testing {
namespace {

constexpr Limits kSmall{
    .arguments = 8, .argument_bytes = 200, .kept_bytes = 40, .inline_bytes = 64};
constexpr size_t kPieceBufferBytes = 48;

Limits limits_of(uint8_t mode) {
    Limits limits;
    if ((mode & 1) != 0) limits = kSmall;
    limits.authenticated = (mode & 2) == 0;
    return limits;
}

void probe_pieces(Bytes stream, const Limits& limits) {
    const Transcript whole = feed_whole(stream, limits);
    size_t round = stream.size();
    const auto piece = [&] { return 1 + round++ * 7 % 61; };
    const Transcript pieces = feed(stream, limits, kPieceBufferBytes, piece);
    KV_ASSERT(pieces.says_the_same_as(whole));
    KV_ASSERT(feed(stream, limits, 1, [] { return size_t{1}; }).says_the_same_as(whole));
    // What is not kept is not buffered: an argument that fits, and lines, are.
    if (limits.kept_bytes == kSmall.kept_bytes) {
        const size_t lines = limits.arguments * (limits.inline_bytes + 4);
        KV_ASSERT(pieces.most_needed <= limits.kept_bytes + lines);
        KV_ASSERT(pieces.most_buffered <= limits.kept_bytes + lines);
    }
}

void probe_commands(Bytes stream, const Limits& limits) {
    RequestParser parser;
    parser.set_limits(limits);
    while (true) {
        const auto step = parser.next(stream);
        if (step.outcome == Outcome::kNeedMore || step.outcome == Outcome::kError) break;
        if (step.outcome == Outcome::kCommand) {
            RequestParser again;
            const std::string array = command(parser.args());
            const auto repeated = again.next(array);
            KV_ASSERT(repeated.outcome == Outcome::kCommand && repeated.consumed == array.size());
            KV_ASSERT(again.args() == parser.args());
        }
        stream.remove_prefix(step.consumed);
    }
}

}  // namespace
}  // namespace kv::protocol::resp::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace kv::protocol::resp::testing;
    if (size < 1) return 0;
    const kv::Bytes stream(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Limits limits = limits_of(data[0]);
    probe_pieces(stream, limits);
    probe_commands(stream, limits);
    return 0;
}

std::vector<std::string> kv::fuzz::seeds() {
    using kv::protocol::resp::testing::command;
    const std::string big(100, 'v');
    const std::vector<std::string> streams = {
        command({"PING"}) + "PING\r\n\r\n*0\r\n*-1\r\nGET a\n",
        command({"SET", "key", "value", "EX", "10"}) + command({"GET", "key"}),
        command({"MSET", "a", big, "b", big}) + command({"DEL", "a", "b"}),
        command({big, "a"}) + "*3\r\n$3\r\nSET\r\n$150\r\n",
        "SET \"k\\x00\\n\" 'it\\'s' plain\r\nECHO a\"b c\"\n",
        "*1\r\nPING\r\n",
        "*12\r\n$1\r\na\r\n",
        "*2\r\n$4\r\nECHO\r\n$16385\r\n",
        "*1048577\r\n",
        "*" + big + "\r\n",
        big + big + "\r\n",
    };
    std::vector<std::string> out;
    for (const std::string& stream : streams) {
        for (const char mode : {'\0', '\1', '\2'}) out.push_back(mode + stream);
    }
    return out;
}

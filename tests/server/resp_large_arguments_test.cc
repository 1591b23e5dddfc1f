// server/resp: large arguments, which are received into blocks of their own.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "server/resp_fixture.h"
#include "tests/protocol/resp_transcript.h"

namespace kv::server {
namespace {

using protocol::resp::RequestParser;
using protocol::resp::testing::command;

constexpr size_t kBlock = RequestParser::kBlockBytes;
constexpr size_t kMiB = 1U << 20;

class Fixture : public RespFixture {
  public:
    /// In pieces of `piece` bytes, all writes and reads run to their end; what was said.
    std::string send_pieces(Bytes bytes, size_t piece) {
        std::string all;
        while (!bytes.empty()) {
            const size_t size = std::min(piece, bytes.size());
            all += send_bytes(bytes.substr(0, size));
            bytes.remove_prefix(size);
            finish_all();
            all += said();
        }
        return all;
    }
    bool holds(Bytes key, const std::string& value) {
        const auto found = db.get(key, {});
        return found.is_ok() && found->has_value() && (*found)->value == value;
    }
};

std::string value_of(size_t size) {
    std::string value(size, 'v');
    for (size_t i = 0; i < size; i += 97) value[i] = static_cast<char>(i);
    return value;
}

}  // namespace

TEST_CASE_METHOD(Fixture, "resp large arguments: what is set is what was sent, in any pieces") {
    for (const size_t size : {kBlock - 1, kBlock, kBlock + 1, size_t{65'536}, kMiB, 3 * kMiB}) {
        const std::string value = value_of(size);
        const std::string stream =
            command({"PING"}) + command({"SET", "k", value}) + command({"PING"});
        for (const size_t piece : {size_t{997}, size_t{65'536}, stream.size()}) {
            CAPTURE(size, piece);
            db.set("k", "");
            CHECK(send_pieces(stream, piece) == "+PONG|+OK|+PONG|");
            CHECK(holds("k", value));
            CHECK(session().held_bytes() == 0);
        }
    }
    CHECK(input_capacity() == 65'536);
}

TEST_CASE_METHOD(Fixture, "resp large arguments: one cut at any byte around its ends") {
    const std::string value = value_of(kBlock + 1);
    const std::string before =
        "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + std::to_string(value.size()) + "\r\n";
    const std::string stream = command({"SET", "k", value}) + command({"PING"});
    for (size_t at = before.size() - 5; at < before.size() + 5; ++at) {
        db.set("k", "");
        CHECK(send_bytes(Bytes(stream).substr(0, at)).empty());
        CHECK(send_pieces(Bytes(stream).substr(at), stream.size()) == "+OK|+PONG|");
        CHECK(holds("k", value));
    }
    for (size_t at = stream.size() - 20; at < stream.size(); ++at) {
        CHECK(send_pieces(stream, at) == "+OK|+PONG|");
    }
}

TEST_CASE_METHOD(Fixture, "resp large arguments: several in one command, small ones between") {
    const std::string a = value_of(kMiB), b = value_of(kBlock + 7), small = "s";
    const std::string stream = command({"MSET", "a", a, "s", small, "b", b, "c", a, "t", small}) +
                               command({"STRLEN", "c"});
    for (const size_t piece : {size_t{1000}, size_t{70'000}, stream.size()}) {
        CHECK(send_pieces(stream, piece) == "+OK|:1048576|");
        CHECK(holds("a", a));
        CHECK(holds("b", b));
        CHECK(holds("c", a));
        CHECK(holds("s", small));
        CHECK(holds("t", small));
        CHECK(session().held_bytes() == 0);
    }
    CHECK(input_capacity() == 65'536);
}

TEST_CASE_METHOD(Fixture, "resp large arguments: in a transaction") {
    const std::string a = value_of(kMiB), b = value_of(100'000);
    const std::string stream = command({"MULTI"}) + command({"SET", "a", a}) +
                               command({"SET", "b", b, "EX", "10"}) + command({"STRLEN", "a"}) +
                               command({"EXEC"});
    CHECK(send_pieces(stream, 50'000) == "+OK|+QUEUED|+QUEUED|+QUEUED|*3|+OK|+OK|:1048576|");
    CHECK(holds("a", a));
    CHECK(holds("b", b));
}

TEST_CASE_METHOD(Fixture, "resp large arguments: a command that has to wait is run once, later") {
    const std::string value = value_of(100'000);
    db.set("cold", "c");
    db.cold = true;
    CHECK(send("GET cold|").empty());
    CHECK(send_bytes(command({"SET", "k", value}) + command({"SET", "l", value})).empty());
    CHECK(submitted.empty());  // a write behind a read in the pool waits
    CHECK_FALSE(session().wants_input());
    CHECK(session().held_bytes() > value.size());
    finish_task();
    CHECK(said() == "$1|c|");
    CHECK(submitted.size() >= 1);
    finish_all();
    db.cold = false;
    // The rest was not taken from the socket while the first waited.
    CHECK(send_pieces(command({"SET", "l", value}), 65'536).ends_with("+OK|"));
    CHECK(holds("k", value));
    CHECK(session().held_bytes() == 0);
}

TEST_CASE_METHOD(Fixture, "resp large arguments: behind CLIENT PAUSE they wait as well") {
    const std::string value = value_of(100'000);
    CHECK(send("CLIENT PAUSE 100 WRITE|") == "+OK|");
    CHECK(send_bytes(command({"SET", "k", value})).empty());
    CHECK(submitted.empty());
    tick(100);
    finish_all();
    CHECK(said() == "+OK|");
    CHECK(holds("k", value));
    CHECK(send("PING|") == "+PONG|");
}

TEST_CASE_METHOD(Fixture, "resp large arguments: beyond the limits, and the stream goes on") {
    config.engine.max_value_bytes = 100'000;
    config.engine.max_batch_bytes = 100'000;
    const size_t kept = 100'000 + kMiB;
    const std::string error = "-ERR the arguments of the command take more than " +
                              std::to_string(kept) + " bytes, the most that is kept|";
    for (const size_t piece : {size_t{30'000}, size_t{65'536}, size_t{10} * kMiB}) {
        CAPTURE(piece);
        CHECK(send_pieces(command({"SET", "k", value_of(100'001)}) + command({"PING"}), piece) ==
              "-ERR value of 100001 bytes is over the limit of 100000|+PONG|");
        CHECK(send_pieces(command({"SET", "k", value_of(kept)}) + command({"PING"}), piece) ==
              error + "+PONG|");
        // One that was kept goes with those that came to too much.
        CHECK(send_pieces(command({"MSET", "k", value_of(kMiB), "l", value_of(100'001)}) +
                              command({"SET", "s", "1"}) + command({"GET", "s"}),
                          piece) == error + "+OK|$1|1|");
        CHECK(session().held_bytes() == 0);
    }
    CHECK(end() == End::kOpen);
}

TEST_CASE_METHOD(Fixture, "resp large arguments: a broken one behind a large one ends the stream") {
    const std::string large = "*3\r\n" + protocol::resp::testing::argument("ECHO") +
                              protocol::resp::testing::argument(value_of(kMiB));
    CHECK(send_pieces(large + "x\r\n", 65'536) == "-ERR Protocol error: expected '$', got 'x'|");
    CHECK(end() == End::kAfterReplies);
}

TEST_CASE_METHOD(Fixture, "resp large arguments: one that is announced and never comes is free") {
    for (const char* start : {"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$60000000\r\n",
                              "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$60000000\r\nabc"}) {
        Fixture client;
        CHECK(client.send_bytes(start).empty());
        CHECK(client.session().needed_bytes() == 60'000'002);
        CHECK(client.session().held_bytes() < 100);
        CHECK(client.input_capacity() == 65'536);
        client.end_input();
        CHECK(client.end() == End::kAfterReplies);
    }
}

TEST_CASE_METHOD(Fixture, "resp large arguments: each piece is offered once") {
    const std::string stream = command({"SET", "k", value_of(2 * kMiB)});
    CHECK(send("PING|") == "+PONG|");
    const size_t before = offers;
    size_t pieces = 0;
    Bytes left = stream;
    while (!left.empty()) {
        const size_t size = std::min<size_t>(left.size(), 10'000);
        send_bytes(left.substr(0, size));
        settle();
        left.remove_prefix(size);
        ++pieces;
    }
    CHECK(offers - before <= pieces + 2);  // some pieces end where a memory does
    finish_all();
    CHECK(said() == "+OK|");
}

}  // namespace kv::server

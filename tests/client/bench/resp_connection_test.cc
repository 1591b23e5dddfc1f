// RESP as kvbench speaks it: the encoder, what replies mean, and a connection to a scripted server.
// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/resp_connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <thread>

namespace kv::bench {

namespace {

constexpr uint64_t kPatienceUs = 10'000'000;

Workload small_workload() {
    Workload workload;
    workload.protocol = Protocol::kResp;
    workload.key_bytes = 3;
    workload.value_bytes = 4;
    return workload;
}

// A RespConnection with the test at its other end.
struct Pair {
    explicit Pair(const RespWire& wire) {
        int fds[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0) {
            throw std::runtime_error("socketpair");
        }
        connection = std::make_unique<RespConnection>(client::Socket(fds[0]), wire);
        server = client::Socket(fds[1]);
    }

    // What the connection sends next.
    std::string read() {
        char bytes[4096];
        if (!server.wait(POLLIN, client::now_us() + kPatienceUs).value_or(false)) return "";
        return {bytes, server.receive_some(bytes, sizeof bytes).value_or(0)};
    }
    void write(Bytes bytes) {
        if (server.send_some(bytes).value_or(0) != bytes.size()) throw std::runtime_error("send");
    }
    std::vector<Answer> answers_to(Bytes bytes) {
        write(bytes);
        std::vector<Answer> answers;
        REQUIRE(connection->receive(answers).is_ok());
        return answers;
    }

    std::unique_ptr<RespConnection> connection;
    client::Socket server;
};

}  // namespace

TEST_CASE("resp requests: a command is an array of bulk strings") {
    std::string out;
    append_resp_command(out, {"SET", "k\r\n", ""});
    CHECK(out == "*3\r\n$3\r\nSET\r\n$3\r\nk\r\n\r\n$0\r\n\r\n");
}

TEST_CASE("resp requests: a copy of a template has the key it is given") {
    std::string out;
    const RespTemplate set("SET", 5, {"value"});
    set.append(42, out);
    RespTemplate("GET", 2).append(123, out);
    CHECK(out ==
          "*3\r\n$3\r\nSET\r\n$5\r\n00042\r\n$5\r\nvalue\r\n*2\r\n$3\r\nGET\r\n$2\r\n23\r\n");
}

TEST_CASE("resp answers: errors go by their first word, and BUSY is none") {
    CHECK(resp_error_name("WRONGTYPE Operation against a key") == "WRONGTYPE");
    CHECK(resp_error_name("something odd") == "ERR");
    CHECK(resp_error_name("") == "ERR");
    const Answer busy = resp_answer(3, RespReplyParser::Kind::kError, "BUSY come again");
    CHECK(busy.slot == 3);
    CHECK(busy.outcome == Answer::Outcome::kOverloaded);
    CHECK(busy.error.is_ok());
    const Answer refused = resp_answer(0, RespReplyParser::Kind::kError, "OOM no memory");
    CHECK(refused.outcome == Answer::Outcome::kError);
    CHECK(refused.error_name == "OOM");
    CHECK(refused.error.message() == "the server answered: OOM no memory");
}

TEST_CASE("resp connection: replies belong to requests by their order") {
    const Workload workload = small_workload();
    const RespWire wire(workload);
    Pair pair(wire);
    pair.connection->add({OpKind::kRead, 1, 0}, 7);
    pair.connection->add({OpKind::kWrite, 2, 0}, 5);
    pair.connection->add({OpKind::kInsert, 3, 0}, 6);
    pair.connection->add({OpKind::kScan, 4, 10}, 8);
    REQUIRE(pair.connection->send().value_or(false));
    const std::string sent = pair.read();
    CHECK(sent.find("$3\r\nGET\r\n$3\r\n001\r\n") == 4);
    CHECK(sent.find("$3\r\nSET\r\n$3\r\n003\r\n$4\r\n") != std::string::npos);
    CHECK(sent.ends_with("$8\r\nKV.RANGE\r\n$3\r\n004\r\n$1\r\n:\r\n$5\r\nLIMIT\r\n$2\r\n10\r\n"));
    const auto first = pair.answers_to("$-1\r\n+OK\r\n-BUSY later\r\n*2\r\n$1\r\na");
    REQUIRE(first.size() == 3);
    CHECK(first[0].slot == 7);
    CHECK(first[0].outcome == Answer::Outcome::kMissing);
    CHECK(first[1].slot == 5);
    CHECK(first[1].outcome == Answer::Outcome::kOk);
    CHECK(first[2].slot == 6);
    CHECK(first[2].outcome == Answer::Outcome::kOverloaded);
    const auto rest = pair.answers_to("\r\n$1\r\nb\r\n");
    REQUIRE(rest.size() == 1);
    CHECK(rest[0].slot == 8);
    CHECK(rest[0].outcome == Answer::Outcome::kOk);
}

TEST_CASE("resp connection: a reply to no request ends it") {
    const Workload workload = small_workload();
    const RespWire wire(workload);
    Pair pair(wire);
    pair.write("+OK\r\n");
    std::vector<Answer> answers;
    CHECK(pair.connection->receive(answers).is(Code::kUnavailable));
}

TEST_CASE("resp connection: the greeting refuses scans that the server does not know") {
    Workload workload = small_workload();
    workload.mix = ycsb_workload("e")->mix;
    const RespWire wire(workload);
    Pair pair(wire);
    Status status;
    std::thread client([&] { status = pair.connection->greet(client::now_us() + kPatienceUs); });
    CHECK(pair.read() == "*1\r\n$4\r\nPING\r\n");
    pair.write("+PONG\r\n");
    CHECK(pair.read().find("KV.RANGE") != std::string::npos);
    pair.write("-ERR unknown command 'KV.RANGE'\r\n");
    client.join();
    CHECK(status.is(Code::kUnsupported));
    CHECK(status.message().find("unknown command 'KV.RANGE'") != std::string::npos);
}

TEST_CASE("resp connection: the greeting asks for no scans where none are wanted") {
    const Workload workload = small_workload();
    const RespWire wire(workload);
    Pair pair(wire);
    pair.write("-NOAUTH Authentication required.\r\n");
    const Status refused = pair.connection->greet(client::now_us() + kPatienceUs);
    CHECK(refused.message().find("NOAUTH") != std::string::npos);
    pair.write("+PONG\r\n");
    CHECK(pair.connection->greet(client::now_us() + kPatienceUs).is_ok());
}

}  // namespace kv::bench

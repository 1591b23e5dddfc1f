// server/resp: answers with large values, which are sent from where they lie.
// SPDX-License-Identifier: Apache-2.0
#include "server/resp_fixture.h"

namespace kv::server {
namespace {

constexpr size_t kLarge = protocol::resp::Reply::kLargeBytes;

std::string bulk(const std::string& value) {
    return '$' + std::to_string(value.size()) + '|' + value + '|';
}

}  // namespace

TEST_CASE_METHOD(RespFixture, "resp large answers: they keep their place among small ones") {
    const bool version3 = GENERATE(false, true);
    if (version3) send("HELLO 3|");
    const std::string null = version3 ? "_|" : "$-1|";
    for (const size_t size : {kLarge - 1, kLarge, kLarge + 1, size_t{1} << 20}) {
        const std::string large(size, 'x');
        db.set("large", large);
        db.set("small", "s");
        CHECK(send("GET small|GET large|GET none|GET large|GET large|PING|") ==
              "$1|s|" + bulk(large) + null + bulk(large) + bulk(large) + "+PONG|");
        CHECK(send("MGET small large none large|PING|") ==
              "*4|$1|s|" + bulk(large) + null + bulk(large) + "+PONG|");
    }
}

TEST_CASE_METHOD(RespFixture, "resp large answers: a value is a part of its own in the queue") {
    peer_reads = false;
    db.set("large", std::string(kLarge, 'x'));
    db.set("less", std::string(kLarge - 1, 'x'));
    const auto parts_of = [&](Bytes command) {
        session().replies().consume(session().replies().bytes());
        send(command);
        return session().replies().front();
    };
    const ReplyQueue::Parts parts = parts_of("PING|GET large|PING|");
    REQUIRE(parts.count == 3);
    CHECK(parts.views[0] == "+PONG\r\n$16384\r\n");
    CHECK(parts.views[1].size() == kLarge);
    CHECK(parts.views[2] == "\r\n+PONG\r\n");
    CHECK(parts_of("GET less|").count == 1);
    CHECK(parts_of("GETRANGE large 0 -1|").count == 3);
    CHECK(parts_of("GETRANGE large 0 -2|").count == 1);
    CHECK(parts_of("MGET large large|").count == 5);
}

TEST_CASE_METHOD(RespFixture, "resp large answers: the items of a walk are not copied") {
    peer_reads = false;
    for (int i = 0; i < 20; ++i) db.set(std::string(1000, 'k') + std::to_string(10 + i), "v");
    for (const char* const command : {"KEYS *|", "KV.RANGE kk l|", "KV.REVRANGE kk l KEYSONLY|"}) {
        send(command);
        finish_all();
        const ReplyQueue::Parts parts = session().replies().front();
        REQUIRE(parts.count == 2);
        CHECK(parts.views[0].starts_with("*"));
        CHECK(parts.views[0].size() == 5);
        CHECK(parts.views[1].size() > kLarge);
        session().replies().consume(session().replies().bytes());
    }
}

TEST_CASE_METHOD(RespFixture, "resp large answers: behind what is unanswered they wait in line") {
    const std::string large(100'000, 'x');
    db.set("large", large);
    db.set("cold", "c");
    SECTION("answered at once behind a read in the pool") {
        db.cold = true;
        CHECK(send("GET cold|").empty());
        db.cold = false;
        CHECK(send("GET large|PING|").empty());
        CHECK(session().held_bytes() > large.size());
        finish_all();
        CHECK(said() == "$1|c|" + bulk(large) + "+PONG|");
    }
    SECTION("read in the pool, the last one first") {
        db.cold = true;
        CHECK(send("GET cold|MGET large cold large|GET large|").empty());
        finish_task(2);
        finish_task(1);
        CHECK(said().empty());
        CHECK(session().held_bytes() > 3 * large.size());
        finish_task();
        CHECK(said() == "$1|c|*3|" + bulk(large) + "$1|c|" + bulk(large) + bulk(large));
    }
    SECTION("in the script of a write, and in a transaction") {
        CHECK(ask("INCR n|GET large|GET n|") == ":1|" + bulk(large) + "$1|1|");
        CHECK(ask("MULTI|GET large|GETDEL large|EXEC|GET large|") ==
              "+OK|+QUEUED|+QUEUED|*2|" + bulk(large) + bulk(large) + "$-1|");
    }
    SECTION("as the old value, and as one that gets another lifetime") {
        CHECK(ask("GETSET large 1|") == bulk(large));
        db.set("large", large);
        CHECK(ask("SET large 1 GET|") == bulk(large));
        db.set("large", large);
        CHECK(ask("GETEX large EX 10|GET large|TTL large|") == bulk(large) + bulk(large) + ":10|");
    }
    CHECK(session().held_bytes() == 0);
}

TEST_CASE_METHOD(RespFixture, "resp large answers: those that nobody reads hold the input back") {
    config.limits.unread_reply_bytes = 150'000;
    const std::string large(100'000, 'x');
    db.set("large", large);
    CHECK(send("PING|") == "+PONG|");
    peer_reads = false;
    send("GET large|GET large|GET large|");
    CHECK_FALSE(session().wants_input());
    CHECK(session().replies().bytes() == 2 * Bytes("$100000\r\n\r\n").size() + 2 * large.size());
    CHECK(unread() == Bytes("GET large\r\n").size());
    peer_reads = true;
    settle();
    CHECK(said() == bulk(large) + bulk(large) + bulk(large));
}

TEST_CASE_METHOD(RespFixture, "resp large answers: nothing is left of one that is not wanted") {
    const std::string large(100'000, 'x');
    db.set("large", large);
    CHECK(send("CLIENT REPLY SKIP|GET large|PING|") == "+PONG|");
    CHECK(send("CLIENT REPLY OFF|GET large|MGET large large|CLIENT REPLY ON|PING|") ==
          "+OK|+PONG|");
    CHECK(session().replies().bytes() == 0);
}

TEST_CASE_METHOD(RespFixture, "resp large answers: most of a value is sent from its memory too") {
    std::string value(4 * kLarge, 'x');
    for (size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>('a' + i % 23);
    db.set("k", value);
    const auto answered = [&](size_t first, size_t last) {
        return send("GETRANGE k " + std::to_string(first) + " " + std::to_string(last) + "|") ==
               bulk(value.substr(first, last - first + 1));
    };
    CHECK(answered(0, 3 * kLarge));
    CHECK(answered(kLarge, 4 * kLarge - 1));
    CHECK(answered(kLarge / 2, 3 * kLarge));
    CHECK(answered(5, kLarge + 10));
    peer_reads = false;
    const auto parts_of = [&](Bytes command) {
        session().replies().consume(session().replies().bytes());
        send(command);
        return session().replies().front().count;
    };
    CHECK(parts_of("GETRANGE k 1 -2|") == 3);
    CHECK(parts_of("GETRANGE k -40000 -1|") == 3);
    CHECK(parts_of("GETRANGE k 0 20000|") == 1);  // not worth keeping the rest until it was sent
}

}  // namespace kv::server

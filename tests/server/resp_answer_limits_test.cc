// server/resp: how much may be answered at once: by reads behind writes, by a transaction, by MGET.
// SPDX-License-Identifier: Apache-2.0
#include "server/resp_fixture.h"

namespace kv::server {
namespace {

std::string times(size_t count, const std::string& text) {
    std::string all;
    for (size_t i = 0; i < count; ++i) all += text;
    return all;
}

std::string bulk(const std::string& value) {
    return '$' + std::to_string(value.size()) + '|' + value + '|';
}

const std::string kBusy = "-BUSY network buffers are full; retry after 100 ms|";

}  // namespace

TEST_CASE_METHOD(RespFixture,
                 "resp answer limits: reads behind a write wait for it, but for some") {
    db.set("a", "1");
    const std::string read = GENERATE("GET a|", "GETRANGE a 0 -1|", "SUBSTR a 0 -1|");
    CHECK(send("INCR n|" + times(1000, read)).empty());
    CHECK(submitted.size() == 1);
    CHECK(unread() == (1000 - 256) * (read.size() + 1));
    CHECK_FALSE(session().wants_input());
    finish_write();
    CHECK(submitted.empty());
    CHECK(unread() == 0);
    CHECK(said() == ":1|" + times(1000, "$1|1|"));
}

TEST_CASE_METHOD(RespFixture, "resp answer limits: of those that wait no more is read than fits") {
    config.limits.unread_reply_bytes = 100'000;
    const std::string value(1000, 'x');
    db.set("a", value);
    CHECK(send("PING|") == "+PONG|");
    peer_reads = false;
    send("INCR n|" + times(2000, "GET a|"));
    finish_write();
    CHECK(session().replies().bytes() < 257 * bulk(value).size() + 257);
    CHECK(unread() == (2000 - 256) * Bytes("GET a\r\n").size());
    peer_reads = true;
    settle();
    CHECK(said() == ":1|" + times(2000, bulk(value)));
}

TEST_CASE_METHOD(RespFixture, "resp answer limits: what answers no value waits for nothing") {
    CHECK(send(times(500, "INCR n|EXISTS n|")).empty());
    CHECK(submitted.size() == 1);
    CHECK(unread() == 0);
    finish_all();
    said();
    CHECK(send(times(500, "SET k v EX 100|STRLEN k|")).empty());
    CHECK(submitted.size() == 1);
}

TEST_CASE_METHOD(RespFixture, "resp answer limits: small reads and writes share one script") {
    CHECK(send(times(200, "INCR n|GET n|")).empty());
    CHECK(submitted.size() == 1);
    CHECK(unread() == 0);
    finish_all();
    CHECK(said().ends_with(":200|$3|200|"));
}

TEST_CASE_METHOD(RespFixture, "resp answer limits: reads behind several writes count together") {
    for (int i = 0; i < 20; ++i) send("INCR n|" + times(20, "GET n|"));
    CHECK(submitted.size() == 13);
    CHECK_FALSE(session().wants_input());
    finish_all();
    CHECK(session().wants_input());
}

TEST_CASE_METHOD(RespFixture, "resp answer limits: writes that answer old values count as reads") {
    const auto [command, answer] = GENERATE(table<const char*, const char*>({
        {"GETSET a 1|", "$1|1|"},
        {"SET a 1 GET|", "$1|1|"},
        {"GETEX a PERSIST|", "$1|1|"},
    }));
    db.set("a", "1");
    CHECK(send(times(600, command)).empty());
    CHECK(unread() != 0);
    finish_all();
    CHECK(unread() == 0);
    CHECK(said() == times(600, answer));
}

TEST_CASE_METHOD(RespFixture, "resp answer limits: an MGET counts as many reads as it has keys") {
    const std::string mget = "MGET" + times(300, " n") + "|";
    CHECK(send("INCR n|" + mget + "INCR n|").empty());
    CHECK(submitted.size() == 1);
    CHECK(unread() == mget.size() + 1 + Bytes("INCR n\r\n").size());
    finish_all();
    CHECK(said() == ":1|*300|" + times(300, "$1|1|") + ":2|");
}

TEST_CASE_METHOD(RespFixture,
                 "resp answer limits: a script answers what network memory has room for") {
    config.limits.network_memory_bytes = 350'000;
    const std::string value(100'000, 'x');
    db.set("a", value);
    SECTION("each of its commands by itself") {
        CHECK(ask("INCR n|" + times(5, "GET a|") + "INCR n|") ==
              ":1|" + times(3, bulk(value)) + kBusy + kBusy + ":2|");
    }
    SECTION("a write that is refused for its answer does nothing") {
        CHECK(ask("INCR n|" + times(3, "GET a|") + "GETDEL a|INCR n|") ==
              ":1|" + times(3, bulk(value)) + kBusy + ":2|");
        CHECK(ask("STRLEN a|") == ":100000|");
    }
    SECTION("all of a transaction or nothing") {
        CHECK(ask("MULTI|INCR n|" + times(5, "GET a|") + "EXEC|") ==
              "+OK|+QUEUED|" + times(5, "+QUEUED|") + kBusy);
        CHECK(ask("EXISTS n|") == ":0|");
    }
    SECTION("with what others have taken") {
        shared().memory.add(200'000);
        CHECK(ask("INCR n|GET a|GET a|") == ":1|" + bulk(value) + kBusy);
        shared().memory.add(-200'000);
    }
    SECTION("also when the reads are done again behind a refused write") {
        db.fail_writes_with(Status(Code::kNoSpace, "disk full"));
        CHECK(ask("INCR n|" + times(5, "GET a|")) ==
              "-MISCONF disk full|" + times(3, bulk(value)) + kBusy + kBusy);
    }
    CHECK(shared().memory.used() == 0);
}

TEST_CASE_METHOD(RespFixture, "resp answer limits: MGET and EXEC answer 256 MiB at the most") {
    db.set("a", std::string(45U << 20, 'x'));
    config.limits.network_memory_bytes = 1ULL << 40;
    const std::string over = "over 268435456 bytes";
    const std::string error =
        "-ERR the answer to MGET is " + over + ": ask for fewer keys at once|";
    // No expansion of such answers when it fails.
    const auto answers = [&](const std::string& commands, const std::string& expected) {
        const std::string text = ask(commands);
        INFO(text.substr(0, 200));
        CHECK((text == expected));
    };
    SECTION("from memory") { answers("MGET" + times(6, " a") + "|PING|", error + "+PONG|"); }
    SECTION("from disk") {
        db.cold = true;
        answers("MGET" + times(6, " a") + "|PING|", error + "+PONG|");
    }
    SECTION("behind a write") {
        answers("INCR n|MGET" + times(6, " a") + "|INCR n|", ":1|" + error + ":2|");
    }
    SECTION("in a transaction") {
        answers("MULTI|INCR n|" + times(6, "GET a|") + "EXEC|EXISTS n|",
                "+OK|+QUEUED|" + times(6, "+QUEUED|") +
                    "-EXECABORT Transaction discarded because of: its answer is " + over + "|:0|");
    }
}

TEST_CASE_METHOD(RespFixture, "resp answer limits: what EXEC tells of the server counts with it") {
    db.set("a", "1");
    SECTION("up to what one answer may hold") {
        config.limits.network_memory_bytes = 1ULL << 40;
        // Not all fit: in here a line end is one character.
        const size_t most = (256U << 20) / ask("COMMAND|").size();
        const std::string text = ask("MULTI|SET a 2|" + times(most, "COMMAND|") + "GET a|EXEC|");
        CHECK(text.size() < (256U << 20) + 100'000);
        CHECK(text.substr(text.rfind("-ERR")) == "-ERR the answer is over 268435456 bytes|$1|2|");
    }
    SECTION("up to what there is room for") {
        const std::string info = "COMMAND INFO" + times(100, " client") + "|";
        const auto room = static_cast<int64_t>(3 * ask(info).size());
        shared().memory.add(static_cast<int64_t>(config.limits.network_memory_bytes) - room);
        const std::string text = ask("MULTI|SET a 2|" + times(4, info) + "GET a|EXEC|");
        CHECK(text.ends_with(kBusy + kBusy + "$1|2|"));
        shared().memory.add(room - static_cast<int64_t>(config.limits.network_memory_bytes));
    }
    CHECK(ask("GET a|") == "$1|2|");
}

}  // namespace kv::server

// server/resp/resp_session.h: limits, pauses and sleeps, and clients that do not read.
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "server/resp_fixture.h"
#include "support/seed.h"

namespace kv::server {

TEST_CASE_METHOD(RespFixture, "resp limits: so many unanswered commands hold the input back") {
    config.limits.outstanding_per_connection = 2;
    db.cold = true;
    CHECK(send("GET a|GET b|GET c|").empty());
    CHECK(posted.size() == 2);
    CHECK_FALSE(session().wants_input());
    CHECK(count(Counter::kLimitOutstanding) == 1);
    finish_task();
    CHECK(posted.size() == 2);
    finish_all();
    CHECK(said() == "$-1|$-1|$-1|");
}

TEST_CASE_METHOD(RespFixture,
                 "resp limits: a command that does not get on ends where memory is short") {
    config.limits.slow_reader_timeout_ms = 10'000;
    config.limits.unread_reply_bytes = 1 << 20;
    const std::string value(4 << 20, 'x');
    const std::string begin = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4194304\r\n";
    const auto part = [&](size_t size) { send_bytes(Bytes(value).substr(0, size)); };
    send_bytes(begin);
    part(100'000);
    tick(11'000);
    CHECK(end() == End::kOpen);
    shared().memory.add(static_cast<int64_t>(config.limits.network_memory_bytes) + 1);
    SECTION("and nothing more comes") {
        tick(9'000);
        CHECK(end() == End::kOpen);
        tick(2'000);
        CHECK(end() == End::kNow);
        CHECK(count(Counter::kLimitSlowSender) == 1);
    }
    SECTION("and it gets on") {
        part(1 << 20);
        tick(9'000);
        part(1 << 20);
        tick(9'000);
        CHECK(end() == End::kOpen);
    }
}

TEST_CASE_METHOD(RespFixture,
                 "resp limits: only what was written counts as a write of its keyspace") {
    const auto counts = [this](uint32_t number) {
        const auto stats = shared().keyspaces.list(std::to_string(number)).at(0);
        return std::pair(stats.writes, stats.deletes);
    };
    using Counts = std::pair<uint64_t, uint64_t>;
    REQUIRE(shared().keyspaces.open(db).is_ok());
    const Bytes mutations = "SELECT 1|SET a 1|SET b 1|SELECT 2|SET c 1|INCR n|DEL a n|";
    db.fail_writes_with({Code::kReadOnly, "the disk is broken"});
    send(mutations);
    finish_all();
    db.fail_writes_with(Status::ok());
    send(mutations);
    SECTION("and is told") {
        finish_all();
        CHECK(counts(1) == Counts(2, 0));
        CHECK(counts(2) == Counts(2, 1));
    }
    SECTION("or nobody is there any more to be told") {
        session().close();
        finish_all();
        CHECK(counts(1) == Counts(2, 0));
    }
}

TEST_CASE_METHOD(RespFixture, "resp limits: SETs gathered into one write stay below the largest") {
    config.engine.max_batch_bytes = 1024;
    std::string sets, answers;
    for (int i = 0; i < 20; ++i) {
        sets += "SET key:" + std::to_string(i) + " " + std::string(100, 'x') + "|";
        answers += "+OK|";
    }
    CHECK(send(sets).empty());
    CHECK(submitted.size() > 1);
    for (const auto& request : submitted) CHECK(request->batch.size_bytes() <= 1024);
    finish_all();
    CHECK(said() == answers);
}

TEST_CASE_METHOD(RespFixture, "resp limits: unread answers hold the input back, then close") {
    config.limits.unread_reply_bytes = 100;
    db.set("a", std::string(90, 'x'));
    CHECK(send("PING|") == "+PONG|");
    peer_reads = false;
    send("GET a|GET a|GET a|");
    CHECK_FALSE(session().wants_input());
    CHECK(unread() == Bytes("GET a\r\n").size());
    CHECK(count(Counter::kLimitUnread) == 1);
    SECTION("when it reads again it goes on") {
        peer_reads = true;
        settle();
        CHECK(unread() == 0);
        CHECK(session().wants_input());
        tick(20'000);
        CHECK(end() == End::kOpen);
    }
    SECTION("not for ever") {
        tick(10'000);
        CHECK(end() == End::kOpen);
        tick(1);
        CHECK(end() == End::kNow);
        CHECK(count(Counter::kLimitSlowReader) == 1);
    }
}

TEST_CASE_METHOD(RespFixture, "resp limits: a few unread answers only matter when it is to end") {
    peer_reads = false;
    send("PING|");
    tick(60'000);
    CHECK(end() == End::kOpen);
    send("QUIT|");
    tick(1);
    CHECK(end() == End::kNow);
}

TEST_CASE_METHOD(RespFixture, "resp limits: messages for a client that does not read are bounded") {
    config.limits.unread_reply_bytes = 1000;
    send("SUBSCRIBE c|");
    peer_reads = false;
    deliver(Mail::Kind::kMessage, std::string(1000, 'm'));
    CHECK(end() == End::kOpen);
    deliver(Mail::Kind::kMessage, "m");
    CHECK(end() == End::kNow);
    CHECK(count(Counter::kLimitSlowReader) == 1);
}

TEST_CASE_METHOD(RespFixture, "resp limits: a wake-up takes no large answer for messages") {
    config.limits.unread_reply_bytes = 1000;
    db.set("a", std::string(2000, 'x'));
    peer_reads = false;
    send("GET a|");
    REQUIRE(session().replies().bytes() > 2000);
    deliver(Mail::Kind::kWake);
    CHECK(end() == End::kOpen);
    shared().clients.pause(Pause::kAll, now() + 100'000, now());
    shared().clients.unpause();
    take_mail();
    CHECK(end() == End::kOpen);
    CHECK(count(Counter::kLimitSlowReader) == 0);
    peer_reads = true;
    settle();
    CHECK(said() == "$2000|" + std::string(2000, 'x') + "|");
    CHECK(send("PING|") == "+PONG|");
}

TEST_CASE_METHOD(RespFixture, "resp limits: an idle client is let go, one that waits is not idle") {
    config.limits.idle_timeout_ms = 1000;
    SECTION("idle") {
        CHECK(send("PING|") == "+PONG|");
        tick(1000);
        CHECK(end() == End::kOpen);
        tick(1);
        CHECK(end() == End::kAfterReplies);
        CHECK(count(Counter::kLimitIdle) == 1);
    }
    SECTION("waiting for a write, and for its time afterwards") {
        CHECK(send("SET a 1|").empty());
        tick(5000);
        CHECK(end() == End::kOpen);
        finish_all();
        CHECK(said() == "+OK|");
        tick(1000);
        CHECK(end() == End::kOpen);
        tick(1);
        CHECK(end() == End::kAfterReplies);
    }
    SECTION("waiting for the end of a pause") {
        CHECK(send("CLIENT PAUSE 5000|PING|") == "+OK|");
        tick(2000);
        CHECK(end() == End::kOpen);
        tick(3000);
        CHECK(said() == "+PONG|");
        CHECK(end() == End::kOpen);
    }
    SECTION("waiting for messages") {
        send("SUBSCRIBE c|");
        tick(5000);
        CHECK(end() == End::kOpen);
        send("UNSUBSCRIBE c|");
        tick(1001);
        CHECK(end() == End::kAfterReplies);
    }
}

TEST_CASE_METHOD(RespFixture, "resp limits: without memory commands on keys are refused") {
    config.limits.network_memory_bytes = 1000;
    shared().memory.add(1001);
    const std::string busy = "-BUSY network buffers are full; retry after 100 ms|";
    CHECK(send("PING|SET a 1|GET a|WATCH a|") == "+PONG|" + busy + busy + busy);
    CHECK(count(Counter::kLimitMemory) == 3);
    CHECK(handle().watched_keys == 0);
    // In a transaction they are not queued, and nothing of it is done.
    CHECK(send("MULTI|SET a 1|PING|EXEC|") ==
          "+OK|" + busy + busy + "-EXECABORT Transaction discarded because of previous errors.|");
    CHECK(submitted.empty());
    // One that was queued before can be run: that gives memory back.
    shared().memory.add(-1001);
    CHECK(send("MULTI|SET a 1|") == "+OK|+QUEUED|");
    shared().memory.add(1001);
    CHECK(ask("EXEC|") == "*1|+OK|");
    shared().memory.add(-1001);
    CHECK(ask("GET a|") == "$1|1|");
    SECTION("an answer from the pool too") {
        db.set("a", std::string(2000, 'x'));
        db.cold = true;
        CHECK(ask("GET a|") == "-BUSY network buffers are full; retry after 100 ms|");
        CHECK(shared().memory.used() == 0);
    }
    SECTION("and there is no room for a large command") {
        CHECK(send("SET a 1|*2|$4|ECHO|$100000|xyz").empty());
        CHECK(session().needed_bytes() >= 100'000);
        session().on_no_memory(now());
        CHECK_FALSE(session().wants_input());
        finish_all();
        CHECK(said() == "+OK|-BUSY network buffers are full; retry after 100 ms|");
        CHECK(end() == End::kAfterReplies);
    }
}

TEST_CASE_METHOD(RespFixture, "resp limits: what waits in line is accounted for") {
    db.set("a", "1");
    db.cold = true;
    CHECK(send("GET a|").empty());
    db.cold = false;
    db.set("b", std::string(5000, 'x'));
    CHECK(send("GET b|").empty());
    CHECK(session().held_bytes() > 5000);
    finish_all();
    CHECK(session().held_bytes() == 0);
    said();
    CHECK(send("SET a " + std::string(5000, 'x') + "|").empty());
    CHECK(session().held_bytes() > 5000);
    finish_all();
    CHECK(session().held_bytes() == 0);
    said();
    send("MULTI|SET a " + std::string(5000, 'x') + "|");
    CHECK(session().held_bytes() > 5000);
    send("DISCARD|");
    CHECK(session().held_bytes() == 0);
}

TEST_CASE_METHOD(RespFixture, "resp limits: the words of a read in the pool are accounted for") {
    std::string mget = "MGET";
    for (int i = 0; i < 1000; ++i) mget += " key:" + std::to_string(i);
    db.cold = true;
    CHECK(send(mget + "|" + mget + "|").empty());
    CHECK(posted.size() == 2);
    CHECK(session().held_bytes() > 2 * mget.size());
    finish_task();
    CHECK(session().held_bytes() > mget.size());
    finish_all();
    CHECK(session().held_bytes() == 0);
    said();
    pool_full = true;
    CHECK(send(mget + "|").starts_with("-BUSY"));
    CHECK(session().held_bytes() == 0);
}

TEST_CASE_METHOD(RespFixture, "resp limits: what an unfinished array takes is accounted for") {
    std::string array = "*100000|$6|EXISTS|";
    for (int i = 0; i < 50'000; ++i) array += "$0||";
    CHECK(send(array).empty());
    CHECK(session().held_bytes() >= 50'000 * sizeof(Bytes));
    std::string rest;
    for (int i = 0; i < 49'999; ++i) rest += "$0||";
    CHECK(send(rest) == ":0|");
    CHECK(session().held_bytes() == 0);
}

TEST_CASE_METHOD(RespFixture, "resp limits: DEBUG SLEEP holds its answer and what is behind it") {
    CHECK(send("PING|DEBUG SLEEP 1|PING|SET a 1|") == "+PONG|");
    CHECK_FALSE(session().wants_input());
    CHECK(submitted.empty());
    tick(999);
    CHECK(said().empty());
    tick(1);
    CHECK(said() == "+OK|+PONG|");
    CHECK(submitted.size() == 1);
    finish_all();
    CHECK(said() == "+OK|");
    SECTION("not without a time") { CHECK(send("DEBUG SLEEP 0|PING|") == "+OK|+PONG|"); }
    SECTION("silently") {
        CHECK(send("CLIENT REPLY SKIP|DEBUG SLEEP 1|PING|").empty());
        tick(1000);
        CHECK(said() == "+PONG|");
    }
    SECTION("also when the input ends meanwhile") {
        CHECK(send("DEBUG SLEEP 1|").empty());
        end_input();
        CHECK(end() == End::kOpen);
        tick(1000);
        CHECK(said() == "+OK|");
        CHECK(end() == End::kAfterReplies);
    }
}

TEST_CASE_METHOD(RespFixture, "resp limits: CLIENT PAUSE holds commands back and lets them go") {
    SECTION("writes, when its time is over") {
        CHECK(send("CLIENT PAUSE 100 WRITE|GET a|SET a 1|GET a|") == "+OK|$-1|");
        CHECK_FALSE(session().wants_input());
        CHECK(submitted.empty());
        tick(100);
        CHECK(submitted.size() == 2);
        finish_all();
        CHECK(said() == "+OK|$1|1|");
    }
    SECTION("writes, when another client unpauses") {
        CHECK(send("CLIENT PAUSE 100000 WRITE|SET a 1|") == "+OK|");
        shared().clients.unpause();
        take_mail();
        CHECK(submitted.size() == 1);
    }
    SECTION("a longer pause meanwhile counts") {
        CHECK(send("CLIENT PAUSE 100|PING|") == "+OK|");
        shared().clients.pause(Pause::kAll, now() + 200'000, now());
        tick(100);
        CHECK(said().empty());
        tick(100);
        CHECK(said() == "+PONG|");
    }
    SECTION("a wake-up that changes nothing changes nothing") {
        CHECK(send("CLIENT PAUSE 100|INCR a|") == "+OK|");
        deliver(Mail::Kind::kWake);
        CHECK(submitted.empty());
        tick(100);
        finish_all();
        CHECK(said() == ":1|");
    }
    SECTION("all of them, also those of transactions") {
        CHECK(send("CLIENT PAUSE 100|") == "+OK|");
        const auto* command = GENERATE("MULTI|", "WATCH a|", "UNWATCH|", "DISCARD|", "EXEC|");
        CHECK(send(command).empty());
        CHECK_FALSE(session().wants_input());
        tick(100);
        CHECK_FALSE(said().empty());
    }
    SECTION("of transactions only what writes, when writes are held back") {
        CHECK(send("CLIENT PAUSE 100 WRITE|WATCH a|MULTI|GET a|") == "+OK|+OK|+OK|+QUEUED|");
    }
    SECTION("what was begun before is answered") {
        CHECK(send("INCR a|").empty());
        shared().clients.pause(Pause::kAll, now() + 100'000, now());
        CHECK(send("PING|").empty());
        finish_all();
        CHECK(said() == ":1|");
    }
}

TEST_CASE_METHOD(RespFixture, "resp limits: a command that writes more than a batch is refused") {
    config.engine.max_batch_bytes = 1000;
    const std::string much(600, 'x');
    const std::string too_much =
        "-ERR the command writes more than 1000 bytes (engine.max_batch_size)|";
    SECTION("whole, by itself") {
        CHECK(ask("MSET a " + much + " b " + much + "|SET c 1 NX|EXISTS a b c|") ==
              too_much + "+OK|:1|");
    }
    SECTION("up to the last byte") {
        // One byte of kind, the lengths and the key; of b only the latter, and its value.
        const size_t rest = 1000 - 5 - 5;
        CHECK(ask("MSET a " + std::string(rest, 'x') + " b 1|STRLEN a|") == "+OK|:990|");
        CHECK(ask("MSET a " + std::string(rest + 1, 'x') + " b 1|STRLEN a|") == too_much + ":990|");
    }
    SECTION("not for one key alone, whatever its value") {
        const std::string value(2000, 'x');
        CHECK(ask("SET a " + value + "|STRLEN a|APPEND a y|SET b " + value + " EX 10 NX|") ==
              "+OK|:2000|:2001|+OK|");
        CHECK(ask("MULTI|SET a 1|APPEND a " + value + "|EXEC|") ==
              "+OK|+QUEUED|+QUEUED|*2|+OK|:2001|");
        CHECK(ask("RENAME a c|STRLEN a|") == too_much + ":2001|");
    }
    SECTION("not for what is sent at once: it starts the next write") {
        CHECK(ask("APPEND a " + much + "|APPEND b " + much + "|APPEND b y|INCR n|EXISTS a b|") ==
              ":600|:600|:601|:1|:2|");
        CHECK(ask("INCR n|COPY a c|RENAME c b|INCR n|MGET n b|") ==
              ":2|:1|+OK|:3|*2|$1|3|$600|" + much + "|");
        CHECK(send("SET a " + much + " NX|SET b " + much + " XX|").empty());
        CHECK(submitted.size() == 2);
        finish_all();
        CHECK(said() == "$-1|+OK|");
    }
    SECTION("whatever it replaces") {
        const std::string pair = " a " + std::string(900, 'x') + " b ";
        CHECK(ask("MSETNX" + pair + "1|MSET" + pair + much + "|STRLEN b|") ==
              ":1|" + too_much + ":1|");
    }
    SECTION("one key written again and again stands for its last value") {
        CHECK(ask("SET a 1 NX|SET a " + much + "|SET a " + much + "|SET a 2 XX GET|") ==
              "+OK|+OK|+OK|$600|" + much + "|");
    }
}

TEST_CASE_METHOD(RespFixture, "resp limits: into how many writes a pipeline goes changes nothing") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const auto below = [&](size_t bound) { return random() % bound; };
    const auto key = [&] { return " k" + std::to_string(below(10)) + std::string(200, 'k'); };
    const auto value = [&] { return " " + std::string(1 + below(150), 'v'); };
    const auto number = [&] { return " " + std::to_string(below(1000)); };
    const std::vector<std::function<std::string()>> commands{
        [&] { return "SET" + key() + value() + " GET"; },
        [&] { return "SET" + key() + number() + " KEEPTTL"; },
        [&] { return "SETEX" + key() + " 100" + value(); },
        [&] { return "SETNX" + key() + value(); },
        [&] { return "GETSET" + key() + value(); },
        [&] { return "GETDEL" + key(); },
        [&] { return "GETEX" + key() + " EX 100"; },
        [&] { return "MSET" + key() + value() + key() + value() + key() + value(); },
        [&] { return "MSETNX" + key() + value() + key() + value(); },
        [&] { return "INCRBY" + key() + number(); },
        [&] { return "DECR" + key(); },
        [&] { return "INCRBYFLOAT" + key() + " 0.5"; },
        [&] { return "APPEND" + key() + value(); },
        [&] { return "SETRANGE" + key() + " 3" + value(); },
        [&] { return "DEL" + key() + key() + key(); },
        [&] { return "PEXPIRE" + key() + " 100000"; },
        [&] { return "PERSIST" + key(); },
        [&] { return "RENAME" + key() + key(); },
        [&] { return "COPY" + key() + key() + " REPLACE"; },
        [&] { return "KV.DELPREFIX" + key(); },
        [&] { return "KV.DELRANGE" + key() + key(); },
        [&] { return below(20) != 0 ? "MGET" + key() + key() : std::string("FLUSHALL"); },
    };
    // The first fills up, so that a bound which is too low for a command has it refused.
    config.engine.max_batch_bytes = 3000;
    RespFixture roomy;
    for (RespFixture* each : {static_cast<RespFixture*>(this), &roomy}) {
        each->config.engine.max_value_bytes = 500;
    }
    size_t writes = 0, roomy_writes = 0;
    for (int round = 0; round < 500; ++round) {
        std::string before, text;
        for (int i = 0; i < 20; ++i) {
            const std::string stored = i % 3 != 0 ? value() + std::string(300, 'v') : number();
            before += "SET" + key() + stored + (i % 2 != 0 ? " EX 1000|" : "|");
        }
        REQUIRE(ask(before) == roomy.ask(before));
        // Of one kind or two, so that each gets to fill a write.
        const size_t kind = below(commands.size());
        const std::array kinds{kind, below(2) != 0 ? kind : below(commands.size())};
        for (size_t i = 0; i < 30; ++i) text += commands[kinds[below(2)]]() + "|";
        CAPTURE(text);
        send(text);
        roomy.send(text);
        writes += submitted.size();
        roomy_writes += roomy.submitted.size();
        finish_all();
        roomy.finish_all();
        REQUIRE(said() == roomy.said());
    }
    CHECK(writes > 2 * roomy_writes);
}

}  // namespace kv::server

// server/resp/resp_session.h: the beginning and the end of a session, protocol errors, CLIENT
// REPLY, subscriptions and mail.
// SPDX-License-Identifier: Apache-2.0
#include "server/resp_fixture.h"

namespace kv::server {

TEST_CASE_METHOD(RespFixture,
                 "resp session: over the connection limit the client is told and let go") {
    refused = true;
    CHECK(send("PING|") == "-ERR max number of clients reached|");
    CHECK(end() == End::kAfterReplies);
    CHECK(shared().clients.size() == 0);
}

TEST_CASE_METHOD(RespFixture, "resp session: it is listed as long as it lasts") {
    CHECK(send("PING|") == "+PONG|");
    CHECK(shared().clients.size() == 1);
    session().close();
    CHECK(shared().clients.size() == 0);
    CHECK_FALSE(ClientHandle::deliver(client(), {Mail::Kind::kKill, nullptr}));
}

TEST_CASE_METHOD(RespFixture, "resp session: QUIT is answered behind everything, then it ends") {
    CHECK(send("SET a 1|QUIT|SET b 1|").empty());
    finish_all();
    CHECK(said() == "+OK|+OK|");
    CHECK(end() == End::kAfterReplies);
    CHECK_FALSE(session().wants_input());
}

TEST_CASE_METHOD(RespFixture, "resp session: a protocol error is said last") {
    SECTION("when nothing is outstanding") {
        CHECK(send("PING|*1|foo|PING|") == "+PONG|-ERR Protocol error: expected '$', got 'f'|");
    }
    SECTION("behind a write") {
        CHECK(send("SET a 1|*1|foo|PING|").empty());
        CHECK(end() == End::kOpen);
        CHECK_FALSE(session().wants_input());
        finish_all();
        CHECK(said() == "+OK|-ERR Protocol error: expected '$', got 'f'|");
    }
    CHECK(end() == End::kAfterReplies);
    CHECK(count(Counter::kBadFrames) == 1);
}

TEST_CASE_METHOD(RespFixture, "resp session: who speaks HTTP is closed without a word") {
    SECTION("POST") { CHECK(send("POST / HTTP/1.1|Host: x||SET a 1|").empty()); }
    SECTION("a header") { CHECK(send("host: localhost|").empty()); }
    CHECK(end() == End::kNow);
    CHECK(submitted.empty());
    CHECK(count(Counter::kBadFrames) == 1);
}

TEST_CASE_METHOD(RespFixture,
                 "resp session: a command that is too large is refused and passed over") {
    config.engine.max_value_bytes = 1000;
    config.engine.max_batch_bytes = 1000;
    const std::string size = std::to_string((1U << 20) + 2000);
    const std::string large((1U << 20) + 2000, 'x');
    const std::string refusal = "-ERR the arguments of the command take more than " +
                                std::to_string((1U << 20) + 1000) +
                                " bytes, the most that is kept|";
    SECTION("by itself") {
        CHECK(send("*2|$4|ECHO|$" + size + "|" + large + "|PING|") == refusal + "+PONG|");
    }
    SECTION("inside MULTI it spoils the transaction") {
        CHECK(send("MULTI|*2|$4|ECHO|$" + size + "|" + large + "|EXEC|") ==
              "+OK|" + refusal + "-EXECABORT Transaction discarded because of previous errors.|");
    }
    SECTION("behind a write it is in its place") {
        CHECK(send("SET a 1|*2|$4|ECHO|$" + size + "|" + large + "|PING|").empty());
        finish_all();
        CHECK(said() == "+OK|" + refusal + "+PONG|");
    }
    CHECK(end() == End::kOpen);
}

TEST_CASE_METHOD(RespFixture, "resp session: commands that come byte by byte") {
    std::string bytes = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nworld\r\nGET a\r\n";
    for (const char byte : bytes) CHECK(send_bytes(Bytes(&byte, 1)).empty());
    finish_all();
    CHECK(said() == "+OK|$5|world|");
}

TEST_CASE_METHOD(RespFixture,
                 "resp session: the end of the input and a drain finish what there is") {
    db.cold = true;
    SECTION("of nothing") {
        SECTION("end") { end_input(); }
        SECTION("drain") { drain(); }
        CHECK(end() == End::kAfterReplies);
    }
    SECTION("of a write") {
        CHECK(send("SET a 1|").empty());
        SECTION("end") { end_input(); }
        SECTION("drain") { drain(); }
        CHECK(end() == End::kOpen);
        finish_all();
        CHECK(said() == "+OK|");
        CHECK(end() == End::kAfterReplies);
    }
    SECTION("of a read") {
        CHECK(send("GET a|").empty());
        SECTION("end") { end_input(); }
        SECTION("drain") { drain(); }
        CHECK(end() == End::kOpen);
        finish_all();
        CHECK(said() == "$-1|");
        CHECK(end() == End::kAfterReplies);
    }
    CHECK(send("PING|").empty());
}

TEST_CASE_METHOD(RespFixture, "resp session: close() with everything outstanding leaves nothing") {
    SECTION("writes") {
        CHECK(send("SET a 1|INCR n|MULTI|SET b 1|EXEC|PING|").empty());
        CHECK(session().in_flight() == submitted.size());
    }
    SECTION("reads") {
        db.cold = true;
        CHECK(send("GET a|GET b|SET c 1|").empty());
        CHECK(session().in_flight() == 2);
    }
    SECTION("reads of a refused script") {
        db.fail_writes_with(Status(Code::kNoSpace, "disk full"));
        CHECK(send("INCR a|GET a|").empty());
        finish_write();
        CHECK(session().in_flight() == 1);
    }
    SECTION("a script that is prepared, and others behind it") {
        db.cold = true;
        CHECK(ask("INCR n|") == ":1|");
        CHECK(send("INCR n|").empty());
        CHECK(send("INCR n|").empty());
        CHECK(session().in_flight() == 2);
        CHECK(posted.size() == 1);
    }
    SECTION("a sleep and a transaction") {
        CHECK(send("WATCH a|MULTI|SET a 1|DISCARD|DEBUG SLEEP 9|MULTI|").ends_with("+OK|"));
    }
    session().close();
    CHECK(end() == End::kNow);
    finish_all();
    tick(10'000);
    CHECK(said().empty());
    CHECK(session().in_flight() == 0);
    CHECK(shared().memory.used() == 0);
}

TEST_CASE_METHOD(RespFixture, "resp session: CLIENT REPLY OFF silences all, also what is written") {
    CHECK(ask("CLIENT REPLY OFF|SET a 1|GET a|INCR a|NOPE|PING|KEYS *|GET a|").empty());
    CHECK(db.order() == std::vector<std::string>{"a", "a"});
    CHECK(ask("CLIENT REPLY ON|GET a|") == "+OK|$1|2|");
}

TEST_CASE_METHOD(RespFixture, "resp session: CLIENT REPLY silences an answer of any size") {
    db.set("a", std::string(ReplyQueue::kLargeBytes - 1, 'x'));
    std::string mget = "MGET";
    for (size_t bytes = 0; bytes <= ReplyQueue::kSlabBytes; bytes += 16'000) mget += " a";
    CHECK(send("PING|CLIENT REPLY SKIP|" + mget + "|PING|") == "+PONG|+PONG|");
}

TEST_CASE_METHOD(RespFixture,
                 "resp session: CLIENT REPLY SKIP silences one command of a pipeline") {
    SECTION("a SET") { CHECK(ask("CLIENT REPLY SKIP|SET a 1|SET b 1|GET a|") == "+OK|$1|1|"); }
    SECTION("a script") { CHECK(ask("CLIENT REPLY SKIP|INCR a|INCR a|") == ":2|"); }
    SECTION("a read") { CHECK(ask("CLIENT REPLY SKIP|GET a|STRLEN a|") == ":0|"); }
    SECTION("a read from disk") {
        db.cold = true;
        CHECK(ask("CLIENT REPLY SKIP|GET a|STRLEN a|") == ":0|");
    }
    SECTION("an error") { CHECK(ask("CLIENT REPLY SKIP|NOPE|PING|") == "+PONG|"); }
    SECTION("twice in a row") {
        CHECK(ask("CLIENT REPLY SKIP|SET a 1|CLIENT REPLY SKIP|SET a 2|GET a|") == "$1|2|");
    }
    SECTION("behind a write") {
        CHECK(ask("SET a 1|CLIENT REPLY SKIP|SET a 2|SET a 3|") == "+OK|+OK|");
    }
}

TEST_CASE_METHOD(RespFixture, "resp session: CLIENT REPLY SKIP does not turn on what is off") {
    CHECK(ask("CLIENT REPLY OFF|CLIENT REPLY SKIP|GET a|PING|SET a 1|").empty());
    CHECK(ask("CLIENT REPLY ON|CLIENT REPLY SKIP|PING|GET a|") == "+OK|$1|1|");
}

TEST_CASE_METHOD(RespFixture, "resp session: RESET is answered although replies were off") {
    CHECK(ask("SELECT 2|HELLO 3|").starts_with("+OK|%7|"));
    CHECK(ask("CLIENT REPLY OFF|RESET|PING|GET nothing|") == "+RESET|+PONG|$-1|");
    CHECK(handle().database == 0);
}

TEST_CASE_METHOD(RespFixture,
                 "resp session: while a version 2 client listens little else is allowed") {
    CHECK(send("SUBSCRIBE c|GET a|MULTI|PING|") ==
          "*3|$9|subscribe|$1|c|:1|"
          "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET "
          "are allowed in this context|"
          "-ERR Can't execute 'multi': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / "
          "RESET are allowed in this context|*2|$4|pong|$0||");
    CHECK(send("EXEC|") ==
          "-EXECABORT Transaction discarded because of: Can't execute 'exec': only (P|S)SUBSCRIBE "
          "/ (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context|");
    CHECK(send("UNSUBSCRIBE|GET a|") == "*3|$11|unsubscribe|$1|c|:0|$-1|");
    CHECK(send("HELLO 3|SUBSCRIBE c|GET a|").ends_with(">3|$9|subscribe|$1|c|:1|_|"));
}

TEST_CASE_METHOD(RespFixture, "resp session: messages come between answers") {
    CHECK(send("SUBSCRIBE c|") == "*3|$9|subscribe|$1|c|:1|");
    CHECK(shared().pubsub.publish("c", "hi") == 1);
    CHECK(said().empty());
    take_mail();
    CHECK(said() == "*3|$7|message|$1|c|$2|hi|");
    session().close();
    CHECK(shared().pubsub.publish("c", "hi") == 0);
}

TEST_CASE_METHOD(RespFixture, "resp session: messages come although replies are off or skipped") {
    CHECK(send("HELLO 3|SUBSCRIBE c|").ends_with(":1|"));
    SECTION("off") { CHECK(send("CLIENT REPLY OFF|").empty()); }
    SECTION("skipped") { CHECK(send("CLIENT REPLY SKIP|").empty()); }
    CHECK(shared().pubsub.publish("c", "hi") == 1);
    take_mail();
    CHECK(said() == ">3|$7|message|$1|c|$2|hi|");
    CHECK(send("PING|").empty());
}

TEST_CASE_METHOD(RespFixture, "resp session: SUBSCRIBE is answered although replies are off") {
    CHECK(send("CLIENT REPLY OFF|SUBSCRIBE c|PING|UNSUBSCRIBE|PING|") ==
          "*3|$9|subscribe|$1|c|:1|*3|$11|unsubscribe|$1|c|:0|");
    CHECK(send("CLIENT REPLY ON|CLIENT REPLY SKIP|PSUBSCRIBE p|PING|") ==
          "+OK|*3|$10|psubscribe|$1|p|:1|*2|$4|pong|$0||");
}

TEST_CASE_METHOD(RespFixture, "resp session: CLIENT KILL closes at once") {
    CHECK(send("SET a 1|").empty());
    deliver(Mail::Kind::kKill);
    CHECK(end() == End::kNow);
    session().close();
    finish_all();
    CHECK(said().empty());
}

TEST_CASE_METHOD(RespFixture, "resp session: the chosen durability is asked of every later write") {
    CHECK(send("KV.DURABILITY memory|SET a 1|INCR n|") == "+OK|");
    REQUIRE(submitted.size() == 2);
    CHECK(submitted[0]->durability == Durability::kMemory);
    CHECK(submitted[1]->durability == Durability::kMemory);
    finish_all();
    CHECK(send("RESET|SET a 1|") == "+OK|:1|+RESET|");
    CHECK(submitted.at(0)->durability == config.resp_durability);
}

TEST_CASE_METHOD(RespFixture,
                 "resp session: WAITAOF tells whether its own writes are on the disk") {
    db.synced = 0;
    db.set("other", "1");
    CHECK(send("WAITAOF 1 0 0|") == "*2|:1|:0|");
    const std::string after = GENERATE("", "KV.DURABILITY disk|", "RESET|");
    ask("KV.DURABILITY memory|SET a 1|INCR n|" + after);
    CHECK(send("WAITAOF 1 0 0|") == "*2|:0|:0|");
    db.synced = 2;  // of a, not of n
    CHECK(send("WAITAOF 1 0 0|") == "*2|:0|:0|");
    db.synced = 3;
    CHECK(send("WAITAOF 1 0 0|") == "*2|:1|:0|");
    db.synced = 0;
    CHECK(ask("MULTI|GET a|WAITAOF 1 0 0|EXEC|").ends_with("*2|$1|1|*2|:0|:0|"));
}

TEST_CASE_METHOD(RespFixture, "resp session: reads and writes count in their own keyspace") {
    REQUIRE(shared().keyspaces.open(db).is_ok());
    for (const Bytes line : {"SET a 1|", "SELECT 3|", "SET b 1|SET c 1|", "GET b|GET none|",
                             "INCR b|DEL c none|EXISTS b|", "GET b|"}) {
        send(line);
        finish_all();
    }
    const auto stats = shared().keyspaces.list("3");
    REQUIRE(stats.size() == 1);
    CHECK(stats[0].writes == 3);  // two SETs and what INCR made
    CHECK(stats[0].deletes == 1);
    CHECK(stats[0].reads == 7);  // GET, GET, INCR, DEL of two, EXISTS, GET
    CHECK(stats[0].hits == 5);
    CHECK(shared().keyspaces.list("0")[0].writes == 1);
}

TEST_CASE_METHOD(RespFixture, "resp session: what the pool answers is counted as it went") {
    const auto totals = [&](Bytes name) {
        return totals_of(shared().command_stats, *find_command(name));
    };
    db.set("a", std::string(2000, 'x'));
    db.cold = true;
    SECTION("when it is answered") {
        CHECK(send("GET a|").empty());
        CHECK(totals("get").calls == 0);
        finish_all();
        CHECK(totals("get").calls == 1);
        CHECK(totals("get").failed == 0);
        CHECK(count(Counter::kErrors) == 0);
    }
    SECTION("failed, when it is answered with an error") {
        config.limits.network_memory_bytes = 1000;
        CHECK(ask("GET a|GET b|KEYS|").starts_with("-BUSY network buffers are full"));
        CHECK(ask("SCAN 1|").starts_with("-ERR cursor 1 is not known"));
        CHECK(totals("get").calls == 2);
        CHECK(totals("get").failed == 1);
        CHECK(totals("scan").failed == 1);
        CHECK(count(Counter::kErrors) == 3);
        CHECK(shared().error_stats.by_code() ==
              std::map<std::string, uint64_t>{{"BUSY", 1}, {"ERR", 2}});
    }
    SECTION("rejected, when the pool has no room") {
        pool_full = true;
        CHECK(ask("GET a|").starts_with("-BUSY too many reads"));
        CHECK(totals("get").calls == 0);
        CHECK(totals("get").rejected == 1);
        CHECK(count(Counter::kErrors) == 1);
        CHECK(shared().error_stats.total() == 1);
    }
    SECTION("when it was read again behind a refused write") {
        db.fail_writes_with(Status(Code::kNoSpace, "disk full"));
        CHECK(ask("INCR a|GET b|LCS a b LEN IDX|").starts_with("-MISCONF disk full|$-1|-ERR "));
        CHECK(totals("get").calls == 1);
        CHECK(totals("get").failed == 0);
        CHECK(totals("lcs").failed == 1);
        CHECK(count(Counter::kErrors) == 2);
        CHECK(shared().error_stats.total() == 2);
    }
}

TEST_CASE_METHOD(RespFixture, "resp session: what cannot be queued was rejected") {
    const auto totals = [&](Bytes name) {
        return totals_of(shared().command_stats, *find_command(name));
    };
    CHECK(send("MULTI|SAVE|").ends_with("-ERR Command not allowed inside a transaction|"));
    CHECK(totals("save").rejected == 1);
    config.engine.max_batch_bytes = 10;
    send("DISCARD|MULTI|PING|");
    CHECK(send("GET a|").starts_with("-ERR the transaction has grown beyond 10 bytes"));
    CHECK(totals("get").rejected == 1);
    CHECK(totals("get").calls == 0);
}

TEST_CASE_METHOD(RespFixture, "resp session: MSET of one pair is counted as MSET") {
    const auto totals = [&](Bytes name) {
        return totals_of(shared().command_stats, *find_command(name));
    };
    CHECK(ask("MSET k v|SET k v|") == "+OK|+OK|");
    CHECK(totals("mset").calls == 1);
    CHECK(totals("set").calls == 1);
}

}  // namespace kv::server

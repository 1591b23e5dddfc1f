// server/resp: MULTI, EXEC, DISCARD, WATCH and UNWATCH. What is answered is what a Redis 7.0.15
// answers to the same.
// SPDX-License-Identifier: Apache-2.0
#include "server/resp_fixture.h"

namespace kv::server {

TEST_CASE_METHOD(RespFixture, "resp transaction: EXEC runs what was queued as one write") {
    CHECK(send("MULTI|SET a 1|INCR a|GET a|") == "+OK|+QUEUED|+QUEUED|+QUEUED|");
    CHECK(handle().queued_commands == 3);
    CHECK(submitted.empty());
    CHECK(send("EXEC|").empty());
    CHECK(handle().queued_commands == -1);
    CHECK(submitted.size() == 1);
    finish_write();
    CHECK(said() == "*3|+OK|:2|$1|2|");
}

TEST_CASE_METHOD(RespFixture, "resp transaction: without commands EXEC answers an empty array") {
    CHECK(ask("MULTI|EXEC|") == "+OK|*0|");
}

TEST_CASE_METHOD(RespFixture, "resp transaction: it is in line with what is around it") {
    CHECK(send("SET a 1|MULTI|INCR a|EXEC|GET a|").empty());
    CHECK(submitted.size() == 3);
    finish_all();
    CHECK(said() == "+OK|+OK|+QUEUED|*1|:2|$1|2|");
}

TEST_CASE_METHOD(RespFixture, "resp transaction: EXEC waits for reads in the pool") {
    db.cold = true;
    CHECK(send("GET a|MULTI|SET a 1|EXEC|").empty());
    CHECK(submitted.empty());
    finish_task();
    CHECK(submitted.size() == 1);
    finish_all();
    CHECK(said() == "$-1|+OK|+QUEUED|*1|+OK|");
}

TEST_CASE_METHOD(RespFixture, "resp transaction: an error among the answers undoes nothing") {
    CHECK(ask("MULTI|SET a x|INCR a|SET b 1|EXEC|") ==
          "+OK|+QUEUED|+QUEUED|+QUEUED|*3|+OK|"
          "-ERR value is not an integer or out of range|+OK|");
    CHECK(count(Counter::kErrors) == 1);
}

TEST_CASE_METHOD(RespFixture,
                 "resp transaction: a change of a watched key makes EXEC answer null") {
    db.set("a", "1");
    SECTION("in version 2") {
        CHECK(send("WATCH a|") == "+OK|");
        db.set("a", "2");
        CHECK(ask("MULTI|SET a 3|EXEC|") == "+OK|+QUEUED|*-1|");
    }
    SECTION("in version 3") {
        CHECK(send("HELLO 3|WATCH a|").ends_with("+OK|"));
        db.set("a", "2");
        CHECK(ask("MULTI|SET a 3|EXEC|") == "+OK|+QUEUED|_|");
    }
    SECTION("the same value counts as a change") {
        CHECK(send("WATCH a|") == "+OK|");
        db.set("a", "1");
        CHECK(ask("MULTI|GET a|EXEC|") == "+OK|+QUEUED|*-1|");
    }
    SECTION("its own change before MULTI as well") {
        CHECK(ask("WATCH a|SET a 2|MULTI|GET a|EXEC|") == "+OK|+OK|+OK|+QUEUED|*-1|");
    }
    SECTION("a key that was not there and is there") {
        CHECK(send("WATCH b c|") == "+OK|");
        CHECK(handle().watched_keys == 2);
        db.set("c", "1");
        CHECK(ask("MULTI|GET a|EXEC|") == "+OK|+QUEUED|*-1|");
    }
    SECTION("a key that has expired meanwhile") {
        CHECK(ask("PEXPIREAT a 1000|WATCH a|") == ":1|+OK|");
        db.wall_ms = 2000;
        CHECK(ask("MULTI|SET b 1|EXEC|") == "+OK|+QUEUED|*-1|");
    }
    // It watches nothing any more.
    CHECK(handle().watched_keys == 0);
    db.set("a", "9");
    CHECK(ask("MULTI|GET a|EXEC|") == "+OK|+QUEUED|*1|$1|9|");
}

TEST_CASE_METHOD(RespFixture,
                 "resp transaction: EXEC is not in the way of keys that are the same") {
    db.set("a", "1");
    CHECK(ask("WATCH a b|MULTI|INCR a|SET b 1|EXEC|") == "+OK|+OK|+QUEUED|+QUEUED|*2|:2|+OK|");
    // What the connection wrote before WATCH is no change either.
    CHECK(ask("SET a 5|WATCH a|MULTI|GET a|EXEC|") == "+OK|+OK|+OK|+QUEUED|*1|$1|5|");
    // A key whose entry is on disk is watched without looking at it.
    db.cold = true;
    CHECK(ask("WATCH a|MULTI|INCR a|EXEC|") == "+OK|+OK|+QUEUED|*1|:6|");
}

TEST_CASE_METHOD(RespFixture,
                 "resp transaction: WATCH counts from where it stands, not from EXEC") {
    CHECK(send("SET a 1|WATCH a|").empty());
    CHECK(unread() != 0);
    finish_write();
    CHECK(said() == "+OK|+OK|");
}

TEST_CASE_METHOD(RespFixture, "resp transaction: a watched key is one of the selected database") {
    CHECK(send("SELECT 1|WATCH a|") == "+OK|+OK|");
    db.set("a", "of database 0");
    CHECK(ask("MULTI|GET a|EXEC|") == "+OK|+QUEUED|*1|$-1|");
}

TEST_CASE_METHOD(RespFixture, "resp transaction: a key that cannot be there is not watched") {
    config.engine.max_key_bytes = 10;
    CHECK(send("WATCH 01234567890 \"\" 0123456789|") == "+OK|");
    CHECK(handle().watched_keys == 1);
    CHECK(ask("MULTI|GET 01234567890|EXEC|") == "+OK|+QUEUED|*1|$-1|");
}

TEST_CASE_METHOD(RespFixture, "resp transaction: what ends it and what does not unwatch") {
    db.set("a", "1");
    const auto is_still_watched = [this] {
        db.set("a", "2");
        return ask("MULTI|PING|EXEC|") == "+OK|+QUEUED|*-1|";
    };
    SECTION("DISCARD unwatches") {
        CHECK(send("WATCH a|MULTI|SET a 9|DISCARD|") == "+OK|+OK|+QUEUED|+OK|");
        CHECK_FALSE(is_still_watched());
        CHECK(send("GET a|") == "$1|2|");
    }
    SECTION("DISCARD without MULTI keeps") {
        CHECK(send("WATCH a|DISCARD|") == "+OK|-ERR DISCARD without MULTI|");
        CHECK(is_still_watched());
    }
    SECTION("EXEC without MULTI keeps") {
        CHECK(send("WATCH a|EXEC|") == "+OK|-ERR EXEC without MULTI|");
        CHECK(is_still_watched());
    }
    SECTION("a refused EXEC unwatches") {
        CHECK(send("WATCH a|MULTI|SET a|EXEC|") ==
              "+OK|+OK|-ERR wrong number of arguments for 'set' command|"
              "-EXECABORT Transaction discarded because of previous errors.|");
        CHECK_FALSE(is_still_watched());
    }
    SECTION("UNWATCH unwatches") {
        CHECK(send("WATCH a|UNWATCH|") == "+OK|+OK|");
        CHECK_FALSE(is_still_watched());
    }
    SECTION("inside MULTI it is queued and does nothing") {
        CHECK(send("WATCH a|MULTI|UNWATCH|") == "+OK|+OK|+QUEUED|");
        db.set("a", "2");
        CHECK(ask("EXEC|") == "*-1|");
        CHECK(ask("MULTI|UNWATCH|EXEC|") == "+OK|+QUEUED|*1|+OK|");
    }
    SECTION("RESET ends all of it") {
        CHECK(send("WATCH a|MULTI|SET a 9|RESET|EXEC|") ==
              "+OK|+OK|+QUEUED|+RESET|-ERR EXEC without MULTI|");
        CHECK_FALSE(is_still_watched());
    }
}

TEST_CASE_METHOD(RespFixture, "resp transaction: what is wrong inside MULTI") {
    SECTION("MULTI and WATCH are refused and spoil nothing") {
        CHECK(ask("MULTI|MULTI|WATCH a|SET z 1|EXEC|") ==
              "+OK|-ERR MULTI calls can not be nested|-ERR WATCH inside MULTI is not allowed|"
              "+QUEUED|*1|+OK|");
    }
    SECTION("an unknown command spoils it") {
        CHECK(ask("MULTI|SET z 1|NOPE|GET z|EXEC|EXEC|DISCARD|GET z|") ==
              "+OK|+QUEUED|-ERR unknown command 'NOPE', with args beginning with: |+QUEUED|"
              "-EXECABORT Transaction discarded because of previous errors.|"
              "-ERR EXEC without MULTI|-ERR DISCARD without MULTI|$-1|");
    }
    SECTION("EXEC with words ends it") {
        CHECK(ask("MULTI|PING|EXEC x|EXEC|") ==
              "+OK|+QUEUED|-EXECABORT Transaction discarded because of: wrong number of arguments "
              "for 'exec' command|-ERR EXEC without MULTI|");
    }
    SECTION("a spoilt one can be discarded") {
        CHECK(ask("MULTI|SET a|DISCARD|MULTI|EXEC|") ==
              "+OK|-ERR wrong number of arguments for 'set' command|+OK|+OK|*0|");
    }
}

TEST_CASE_METHOD(RespFixture,
                 "resp transaction: commands that are not about keys run within EXEC") {
    CHECK(ask("MULTI|PING|SET a 1|ECHO hi|GET a|EXEC|PING|") ==
          "+OK|+QUEUED|+QUEUED|+QUEUED|+QUEUED|*4|+PONG|+OK|$2|hi|$1|1|+PONG|");
    SECTION("with what they change at their place") {
        CHECK(ask("MULTI|CLIENT SETNAME me|CLIENT GETNAME|EXEC|") ==
              "+OK|+QUEUED|+QUEUED|*2|+OK|$2|me|");
    }
    SECTION("SUBSCRIBE too") {
        CHECK(ask("MULTI|SUBSCRIBE c|PING|EXEC|PING|") ==
              "+OK|+QUEUED|+QUEUED|*2|*3|$9|subscribe|$1|c|:1|*2|$4|pong|$0||*2|$4|pong|$0||");
    }
    SECTION("not when a watched key has changed") {
        CHECK(send("WATCH a|MULTI|SELECT 1|EXEC|").empty() == false);
        db.set("a", "5");
        submitted.empty() ? void() : finish_write();
        CHECK(said().ends_with("*-1|"));
        CHECK(handle().database == 0);
    }
    SECTION("DEBUG SLEEP holds nothing up") {
        CHECK(ask("MULTI|DEBUG SLEEP 5|EXEC|PING|") == "+OK|+QUEUED|*1|+OK|+PONG|");
    }
}

TEST_CASE_METHOD(RespFixture, "resp transaction: SELECT inside holds for what follows") {
    CHECK(send("MULTI|SELECT 1|SET q 1|EXEC|GET q|SELECT 0|GET q|") == "+OK|+QUEUED|+QUEUED|");
    // What follows is read in the database that EXEC leaves behind, however often it is looked at.
    for (int i = 0; i < 3; ++i) tick(100);
    CHECK(unread() != 0);
    CHECK(submitted.size() == 1);
    finish_all();
    CHECK(said() == "*2|+OK|+OK|$1|1|+OK|$-1|");
    CHECK(ask("MULTI|SELECT 99|SET q 2|EXEC|GET q|") ==
          "+OK|+QUEUED|+QUEUED|*2|-ERR DB index is out of range|+OK|$1|2|");
}

TEST_CASE_METHOD(RespFixture, "resp transaction: a SELECT that answers an error selects nothing") {
    for (const Bytes word : {"01", "+1", "1x", "-1", "16", "4294967297", "\"\"", "\" 1\""}) {
        INFO(word);
        const std::string select = "SELECT " + std::string(word) + "|";
        const std::string error = ask(select);
        REQUIRE(error.starts_with("-ERR "));
        CHECK(ask("MULTI|" + select + "SET q here|EXEC|GET q|SELECT 1|GET q|SELECT 0|DEL q|") ==
              "+OK|+QUEUED|+QUEUED|*2|" + error + "+OK|$4|here|+OK|$-1|+OK|:1|");
    }
}

TEST_CASE_METHOD(RespFixture, "resp transaction: CLIENT REPLY SKIP inside EXEC skips one answer") {
    // It has no answer itself, as with Redis, so the array is one short.
    CHECK(ask("MULTI|CLIENT REPLY SKIP|GET a|EXEC|PING|ECHO a|") ==
          "+OK|+QUEUED|+QUEUED|*2|$-1|$1|a|");
}

TEST_CASE_METHOD(RespFixture, "resp transaction: EXEC of a store that takes no writes") {
    db.fail_writes_with(Status(Code::kNoSpace, "disk full"));
    CHECK(ask("MULTI|SET a 1|GET a|EXEC|PING|") == "+OK|+QUEUED|+QUEUED|-MISCONF disk full|+PONG|");
}

TEST_CASE_METHOD(RespFixture, "resp transaction: what it may hold is bounded") {
    config.engine.max_batch_bytes = 1000;
    CHECK(send("MULTI|SET a " + std::string(2000, 'x') + "|") == "+OK|+QUEUED|");
    CHECK(send("SET b 1|EXEC|") ==
          "-ERR the transaction has grown beyond 1000 bytes (engine.max_batch_size)|"
          "-EXECABORT Transaction discarded because of previous errors.|");
}

TEST_CASE_METHOD(RespFixture, "resp transaction: words without bytes count as what it holds too") {
    config.engine.max_batch_bytes = 100'000;
    std::string words;
    for (int i = 0; i < 5000; ++i) words += " \"\"";
    CHECK(send("MULTI|EXISTS" + words + "|") == "+OK|+QUEUED|");
    CHECK(session().held_bytes() > 5000 * sizeof(Bytes));
    CHECK(send("PING|").starts_with("-ERR the transaction has grown beyond 100000 bytes"));
}

TEST_CASE_METHOD(RespFixture, "resp transaction: a key is watched once, and from the first time") {
    db.set("a", "1");
    CHECK(send("WATCH a a a|WATCH a|") == "+OK|+OK|");
    CHECK(handle().watched_keys == 1);
    const size_t held = session().held_bytes();
    CHECK(held >= sizeof(std::string));
    db.set("a", "2");
    CHECK(send("WATCH a|") == "+OK|");
    CHECK(session().held_bytes() == held);
    CHECK(ask("MULTI|PING|EXEC|") == "+OK|+QUEUED|*-1|");
    CHECK(session().held_bytes() == 0);
}

TEST_CASE_METHOD(RespFixture, "resp transaction: many short watched keys take memory too") {
    config.engine.max_batch_bytes = 100'000;
    std::string keys;
    for (int i = 0; i < 1000; ++i) keys += " k" + std::to_string(i);
    CHECK(send("WATCH" + keys + "|") ==
          "-ERR the watched keys take more than 50000 bytes (half of engine.max_batch_size)|");
    CHECK(handle().watched_keys == 0);
}

TEST_CASE_METHOD(RespFixture, "resp transaction: its answers come at once with replies skipped") {
    CHECK(ask("CLIENT REPLY SKIP|MULTI|PING|EXEC|") == "+QUEUED|*1|+PONG|");
}

TEST_CASE_METHOD(RespFixture, "resp transaction: EXEC waits for a pause of writes, if it writes") {
    const auto pause = [this] { shared().clients.pause(Pause::kWrites, now() + 100'000, now()); };
    CHECK(send("MULTI|GET a|") == "+OK|+QUEUED|");
    pause();
    CHECK(ask("EXEC|") == "*1|$-1|");
    tick(100);
    CHECK(send("MULTI|SET a 1|") == "+OK|+QUEUED|");
    pause();
    CHECK(send("EXEC|").empty());
    CHECK(submitted.empty());
    tick(100);
    CHECK(submitted.size() == 1);
    finish_all();
    CHECK(said() == "*1|+OK|");
}

TEST_CASE_METHOD(RespFixture, "resp transaction: INFO inside has the store asked in the pool") {
    CHECK(send("MULTI|SELECT 2|SET a 1|INFO keyspace|CLIENT GETNAME|EXEC|PING|") ==
          "+OK|+QUEUED|+QUEUED|+QUEUED|+QUEUED|");
    finish_write();
    CHECK(said().empty());
    CHECK(db.stats_calls == 0);
    finish_task();
    CHECK(said() == "*4|+OK|+OK|$44|# Keyspace|db2:keys=1,expires=0,avg_ttl=0||$-1|+PONG|");
    CHECK(submitted.empty());
}

TEST_CASE_METHOD(RespFixture, "resp transaction: HELLO inside holds for the answers behind it") {
    const std::string hello3 =
        "%7|$6|server|$5|redis|$7|version|$6|7.0.15|$5|proto|:3|$2|id|:1|$4|mode|$10|standalone|"
        "$4|role|$6|master|$7|modules|*0|";
    const std::string hello2 = "*14|" + hello3.substr(3, hello3.find(":3") - 3) + ":2" +
                               hello3.substr(hello3.find(":3") + 2);
    const auto run = [this](const std::string& commands) {
        const std::string text = ask("MULTI|" + commands + "EXEC|GET none|");
        return text.substr(text.find('*'));
    };
    SECTION("to version 3") { CHECK(run("GET a|HELLO 3|GET a|") == "*3|$-1|" + hello3 + "_|_|"); }
    SECTION("to version 3 and back, with options") {
        CHECK(run("HELLO 3 SETNAME foo AUTH default p|HELLO 2|GET a|CLIENT GETNAME|") ==
              "*4|" + hello3 + hello2 + "$-1|$3|foo|$-1|");
    }
    SECTION("from version 3") {
        send("HELLO 3|");
        CHECK(run("GET a|HELLO 2|GET a|") == "*3|_|" + hello2 + "$-1|$-1|");
    }
    SECTION("one that fails changes nothing") {
        CHECK(run("HELLO 4|GET a|HELLO x|HELLO 3 FOO|HELLO 3 AUTH u p|HELLO 3|GET a|") ==
              "*7|-NOPROTO unsupported protocol version|$-1|"
              "-ERR Protocol version is not an integer or out of range|"
              "-ERR Syntax error in HELLO option 'FOO'|"
              "-WRONGPASS invalid username-password pair or user is disabled.|" +
                  hello3 + "_|_|");
        CHECK(run("HELLO|GET a|HELLO 2 AUTH default|GET a|") ==
              "*4|" + hello3 + "_|-ERR Syntax error in HELLO option 'AUTH'|_|_|");
    }
    SECTION("one that is discarded too") {
        CHECK(send("MULTI|HELLO 3|DISCARD|GET a|") == "+OK|+QUEUED|+OK|$-1|");
    }
}

TEST_CASE_METHOD(RespFixture, "resp transaction: one that writes more than a batch does nothing") {
    config.engine.max_batch_bytes = 1000;
    db.set("a", std::string(600, 'x'));
    CHECK(
        ask("MULTI|APPEND a y|COPY a b|EXEC|STRLEN a|EXISTS b|") ==
        "+OK|+QUEUED|+QUEUED|-EXECABORT Transaction discarded because of: its commands write more "
        "than 1000 bytes (engine.max_batch_size)|:600|:0|");
    CHECK(ask("MULTI|APPEND a y|EXEC|STRLEN a|") == "+OK|+QUEUED|*1|:601|:601|");
    CHECK(ask("WATCH a|WATCH " + std::string(500, 'k') + "|MULTI|PING|EXEC|") ==
          "+OK|-ERR the watched keys take more than 500 bytes (half of engine.max_batch_size)|"
          "+OK|+QUEUED|*1|+PONG|");
}

}  // namespace kv::server

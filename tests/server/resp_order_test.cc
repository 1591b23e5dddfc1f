// server/resp: answers in the order of their commands, and what each command sees.
// SPDX-License-Identifier: Apache-2.0
#include "server/resp_fixture.h"

namespace kv::server {

TEST_CASE_METHOD(RespFixture, "resp order: SETs of one input are one write, answered when done") {
    CHECK(send("SET a 1|SET b 2|SET c 3|").empty());
    REQUIRE(submitted.size() == 1);
    CHECK(submitted.front()->batch.count() == 3);
    CHECK(submitted.front()->program == nullptr);
    finish_write();
    CHECK(said() == "+OK|+OK|+OK|");
    CHECK(send("GET c|") == "$1|3|");
}

TEST_CASE_METHOD(RespFixture, "resp order: a SET with options is looked up, so it makes a script") {
    CHECK(ask("SET a 1 NX|SET a 2 NX|GET a|") == "+OK|$-1|$1|1|");
    CHECK(ask("SET a 5 PX 100000|PTTL a|SET a 6 KEEPTTL|PTTL a|") == "+OK|:100000|+OK|:100000|");
}

TEST_CASE_METHOD(RespFixture, "resp order: SETs of two inputs are answered in order") {
    CHECK(send("SET a 1|").empty());
    CHECK(send("SET a 2|").empty());
    REQUIRE(submitted.size() == 2);
    finish_write();
    CHECK(said() == "+OK|");
    CHECK(send("GET a|").empty());
    finish_all();
    CHECK(said() == "+OK|$1|2|");
}

TEST_CASE_METHOD(RespFixture, "resp order: a GET behind an unanswered SET sees it") {
    db.set("a", "old");
    SECTION("in the same input") { CHECK(send("SET a new|GET a|").empty()); }
    SECTION("in the next one") {
        CHECK(send("SET a new|").empty());
        CHECK(send("GET a|").empty());
    }
    CHECK(submitted.size() == 2);
    finish_all();
    CHECK(said() == "+OK|$3|new|");
}

TEST_CASE_METHOD(RespFixture, "resp order: mixed commands of one input are one script") {
    CHECK(send("INCR n|GET n|SET n 9|GET n|DEL n|GET n|").empty());
    REQUIRE(submitted.size() == 1);
    REQUIRE(submitted.front()->program != nullptr);
    finish_write();
    CHECK(said() == ":1|$1|1|+OK|$1|9|:1|$-1|");
}

TEST_CASE_METHOD(RespFixture, "resp order: a read from memory is answered at once") {
    db.set("a", "1");
    CHECK(send("GET a|GET b|STRLEN a|MGET a b|") == "$1|1|$-1|:1|*2|$1|1|$-1|");
    CHECK(submitted.empty());
    CHECK(posted.empty());
}

TEST_CASE_METHOD(RespFixture, "resp order: reads from disk run at once and are answered in order") {
    db.set("a", "1");
    db.set("b", "2");
    db.set("c", "3");
    db.cold = true;
    CHECK(send("GET a|GET b|").empty());
    CHECK(posted.size() == 2);
    SECTION("the second is ready first") {
        finish_task(1);
        CHECK(said().empty());
        finish_task();
        CHECK(said() == "$1|1|$1|2|");
    }
    SECTION("a third is in memory") {
        db.cold = false;
        CHECK(send("GET c|").empty());
        CHECK(posted.size() == 2);
        finish_all();
        CHECK(said() == "$1|1|$1|2|$1|3|");
    }
}

TEST_CASE_METHOD(RespFixture, "resp order: a write waits for reads in the pool") {
    db.set("a", "1");
    db.cold = true;
    CHECK(send("GET a|SET a 2|GET a|").empty());
    CHECK(posted.size() == 1);
    CHECK(submitted.empty());
    CHECK(unread() == Bytes("SET a 2\r\nGET a\r\n").size());
    CHECK_FALSE(session().wants_input());
    finish_task();
    CHECK(said() == "$1|1|");
    CHECK(unread() == 0);
    finish_all();
    CHECK(said() == "+OK|$1|2|");
}

TEST_CASE_METHOD(RespFixture, "resp order: KEYS runs when nothing is outstanding") {
    db.cold = true;
    SECTION("behind a write") {
        CHECK(send("SET a 1|KEYS *|").empty());
        CHECK(posted.empty());
        finish_write();
        CHECK(said() == "+OK|");
        CHECK(posted.size() == 1);
        finish_task();
        CHECK(said() == "*1|$1|a|");
    }
    SECTION("behind a read") {
        CHECK(send("GET a|KEYS *|").empty());
        CHECK(posted.size() == 1);
        finish_task();
        CHECK(said() == "$-1|");
        CHECK(posted.size() == 1);
        finish_task();
        CHECK(said() == "*0|");
    }
    SECTION("a write behind it waits") {
        CHECK(send("KEYS *|SET a 1|").empty());
        CHECK(submitted.empty());
        finish_task();
        CHECK(said() == "*0|");
        CHECK(submitted.size() == 1);
    }
}

TEST_CASE_METHOD(RespFixture, "resp order: what is no data command waits, and runs once") {
    CHECK(send("INCR n|PING|INCR n|ECHO hi|").empty());
    CHECK(submitted.size() == 1);
    CHECK(unread() != 0);
    finish_write();
    CHECK(said() == ":1|+PONG|");
    CHECK(submitted.size() == 1);
    finish_write();
    CHECK(said() == ":2|$2|hi|");
    CHECK(handle().commands == 4);
    CHECK(count(Counter::kFrames) == 4);
}

TEST_CASE_METHOD(RespFixture, "resp order: a command that waits may be only partly there") {
    CHECK(send("INCR n|*2|$4|ECHO|$5|wo").empty());
    finish_write();
    CHECK(said() == ":1|");
    CHECK(send("rld|").empty() == false);
    CHECK(send("PING|") == "+PONG|");
}

TEST_CASE_METHOD(RespFixture, "resp order: an error is answered at its place") {
    CHECK(send("SET a 1|NOPE|GET|SET b 2|").empty());
    finish_all();
    CHECK(said() ==
          "+OK|-ERR unknown command 'NOPE', with args beginning with: |"
          "-ERR wrong number of arguments for 'get' command|+OK|");
    CHECK(shared().error_stats.total() == 2);
}

TEST_CASE_METHOD(RespFixture, "resp order: a write that comes back early waits for the first") {
    CHECK(send("SET a 1|").empty());
    CHECK(send("INCR n|").empty());
    std::swap(submitted[0], submitted[1]);
    finish_write();
    CHECK(said().empty());
    finish_write();
    CHECK(said() == "+OK|:1|");
}

TEST_CASE_METHOD(RespFixture, "resp order: a thousand commands are the most in one write") {
    std::string many;
    for (int i = 0; i < 1025; ++i) many += "SET k v|";
    CHECK(send(many).empty());
    REQUIRE(submitted.size() == 2);
    CHECK(submitted[0]->batch.count() == 1024);
    many.clear();
    for (int i = 0; i < 1025; ++i) many += "INCR n|";
    CHECK(send(many).empty());
    CHECK(submitted.size() == 4);
    finish_all();
    const std::string all = said();
    CHECK(std::count(all.begin(), all.end(), '+') == 1025);
    CHECK(all.ends_with("|:1024|:1025|"));
}

TEST_CASE_METHOD(RespFixture, "resp order: after a script met the disk, the next are prepared") {
    db.set("n", "41");
    db.cold = true;
    CHECK(send("INCR n|").empty());
    CHECK(posted.empty());
    finish_write();
    CHECK(said() == ":42|");

    CHECK(send("INCR n|").empty());
    CHECK(send("SET a 1|").empty());
    CHECK(send("INCR n|").empty());
    CHECK(posted.size() == 1);
    CHECK(submitted.empty());
    SECTION("and submitted in order") {
        finish_task();
        CHECK(submitted.size() == 2);
        CHECK(posted.size() == 1);
        finish_task();
        finish_all();
        CHECK(said() == ":43|+OK|:44|");
    }
    SECTION("unless the pool is full") {
        pool_full = true;
        finish_task();
        CHECK(submitted.size() == 3);
        finish_all();
        CHECK(said() == ":43|+OK|:44|");
    }
    SECTION("and nothing comes of them once the connection is gone") {
        session().close();
        finish_all();
        CHECK(session().in_flight() == 0);
        CHECK(db.order().size() == 2);
    }
}

TEST_CASE_METHOD(RespFixture, "resp order: a full pool refuses the read, and that in its place") {
    db.set("a", "1");
    db.cold = true;
    CHECK(send("GET a|").empty());
    pool_full = true;
    CHECK(send("GET a|").empty());
    finish_task();
    CHECK(said() == "$1|1|-BUSY too many reads wait for the disk; retry after 50 ms|");
    CHECK(count(Counter::kLimitPool) == 1);
}

TEST_CASE_METHOD(RespFixture, "resp order: a refused write answers for each of its commands") {
    db.set("a", "1");
    SECTION("of SETs") {
        db.fail_writes_with(Status(Code::kOverloaded, "too much to flush", 20));
        CHECK(ask("SET a 2|SET b 2|GET a|") ==
              "-BUSY too much to flush; retry after 20 ms|"
              "-BUSY too much to flush; retry after 20 ms|$1|1|");
        CHECK(count(Counter::kErrors) == 2);
    }
    SECTION("of a script, whose reads answer all the same") {
        db.fail_writes_with(Status(Code::kNoSpace, "disk full"));
        CHECK(ask("INCR a|GET a|SET b 2|GET b|") ==
              "-MISCONF disk full|$1|1|-MISCONF disk full|$-1|");
        CHECK(count(Counter::kErrors) == 2);
        CHECK(shared().error_stats.total() == 2);
    }
    SECTION("also when no read can be done") {
        db.fail_writes_with(Status(Code::kReadOnly, "read only"));
        CHECK(send("INCR a|GET a|").empty());
        pool_full = true;
        finish_write();
        CHECK(said() == "-MISCONF read only|-MISCONF read only|");
    }
}

TEST_CASE_METHOD(RespFixture, "resp order: a refusal that comes early waits for its turn") {
    CHECK(send("SET a 1|").empty());
    CHECK(send("SET b 1|").empty());
    std::swap(submitted[0], submitted[1]);
    db.fail_writes_with(Status(Code::kOverloaded, "too much to flush", 20));
    finish_write();
    CHECK(said().empty());
    db.fail_writes_with(Status::ok());
    finish_write();
    CHECK(said() == "+OK|-BUSY too much to flush; retry after 20 ms|");
}

TEST_CASE_METHOD(RespFixture, "resp order: reads of a refused script do not see later writes") {
    db.set("a", "1");
    db.fail_writes_with(Status(Code::kOverloaded, "too much to flush", 20));
    CHECK(send("INCR a|GET a|").empty());
    finish_write();
    CHECK(posted.size() == 1);
    db.fail_writes_with(Status::ok());
    CHECK(send("SET a 9|").empty());
    CHECK(submitted.empty());
    finish_task();
    CHECK(said() == "-BUSY too much to flush; retry after 20 ms|$1|1|");
    finish_all();
    CHECK(said() == "+OK|");
}

TEST_CASE_METHOD(RespFixture, "resp order: INFO has the store asked in the pool, in its place") {
    const auto fields = [](const std::string& said) {
        return said.find("kvd_version:") != said.npos;
    };
    const std::string command = GENERATE("INFO|", "MEMORY STATS|", "MEMORY DOCTOR|");
    CHECK(send("SET a 1|" + command + "PING|").empty());
    finish_write();
    CHECK(said() == "+OK|");
    CHECK(db.stats_calls == 0);
    REQUIRE(posted.size() == 1);
    finish_task();
    CHECK(db.stats_calls == 1);
    const std::string text = said();
    CHECK(fields(text) == command.starts_with("INFO"));
    CHECK(text.ends_with("|+PONG|"));
    CHECK(session().in_flight() == 0);
}

TEST_CASE_METHOD(RespFixture, "resp order: MEMORY PURGE trims in the pool, in its place") {
    SECTION("by itself, without asking the store") {
        CHECK(send("SET a 1|MEMORY PURGE|GET a|").empty());
        finish_write();
        CHECK(said() == "+OK|");
        REQUIRE(posted.size() == 1);
        finish_task();
        CHECK(said() == "+OK|$1|1|");
    }
    SECTION("inside a transaction") {
        CHECK(send("MULTI|MEMORY PURGE|EXEC|") == "+OK|+QUEUED|");
        REQUIRE(posted.size() == 1);
        finish_task();
        CHECK(said() == "*1|+OK|");
    }
    SECTION("without room there it is refused") {
        pool_full = true;
        CHECK(send("MEMORY PURGE|PING|") ==
              "-BUSY too many reads wait for the disk; retry after 50 ms|+PONG|");
    }
    CHECK(db.stats_calls == 0);
    CHECK(session().in_flight() == 0);
}

TEST_CASE_METHOD(RespFixture, "resp order: INFO without room in the pool is refused") {
    pool_full = true;
    const std::string busy = "-BUSY too many reads wait for the disk; retry after 50 ms|";
    CHECK(send("INFO|PING|") == busy + "+PONG|");
    CHECK(count(Counter::kLimitPool) == 1);
    CHECK(ask("MULTI|SET a 1|INFO|EXEC|PING|") == "+OK|+QUEUED|+QUEUED|*2|+OK|" + busy + "+PONG|");
    CHECK(db.stats_calls == 0);
}

TEST_CASE_METHOD(RespFixture, "resp order: INFO of a client that goes away") {
    CHECK(send("INFO|").empty());
    session().close();
    finish_task();
    CHECK(session().in_flight() == 0);
}

TEST_CASE_METHOD(RespFixture,
                 "resp order: reads of a refused script wait for writes on their way") {
    db.set("a", "1");
    const std::string busy = "-BUSY too much to flush; retry after 20 ms|";
    CHECK(send("INCR a|GET a|").empty());
    CHECK(send("SET a 9|").empty());
    REQUIRE(submitted.size() == 2);
    db.fail_writes_with(Status(Code::kOverloaded, "too much to flush", 20));
    finish_write();
    CHECK(posted.empty());
    SECTION("one that goes through is not shown to the read") {
        db.fail_writes_with(Status::ok());
        finish_write();
        CHECK(posted.empty());
        CHECK(said() == busy + busy + "+OK|");
        CHECK(shared().error_stats.total() == 2);
    }
    SECTION("one that is refused too does not matter") {
        finish_write();
        CHECK(posted.size() == 1);
        finish_all();
        CHECK(said() == busy + "$1|1|" + busy);
        CHECK(shared().error_stats.total() == 2);
    }
    SECTION("one that may have gone through counts as if it had") {
        db.fail_writes_with(Status(Code::kInDoubt, "the sync failed"));
        finish_write();
        CHECK(said() ==
              busy + busy + "-INDOUBT the write may or may not survive: the sync failed|");
    }
    CHECK(session().in_flight() == 0);
    CHECK(session().held_bytes() == 0);
}

}  // namespace kv::server

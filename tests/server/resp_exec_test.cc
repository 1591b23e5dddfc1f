// server/resp: how EXEC does what was queued: reads beside the commit, long ones in the pool,
// within bounds, and to the end. SPDX-License-Identifier: Apache-2.0
#include "server/resp_fixture.h"

namespace kv::server {
namespace {

class ExecFixture : public RespFixture {
  public:
    /// `count` keys, with one write.
    void fill(int count) {
        WriteBatch batch;
        for (int i = 0; i < count; ++i) batch.put("key:" + std::to_string(100'000 + i), "v");
        REQUIRE(db.write(std::move(batch), Durability::kDisk).status.is_ok());
    }
    static std::string times(size_t count, const std::string& text) {
        std::string all;
        for (size_t i = 0; i < count; ++i) all += text;
        return all;
    }
    /// Somebody else, who listens to "c".
    std::shared_ptr<ClientHandle> listener() {
        auto other = std::make_shared<ClientHandle>(
            shared().clients.next_id(), "10.0.0.2:5000", "10.0.0.9:7481", 11, now(), *this,
            shared().memory, config.limits.unread_reply_bytes);
        shared().pubsub.subscribe(other, "c");
        return other;
    }
    CommandTotals totals(Bytes name) {
        return totals_of(shared().command_stats, *find_command(name));
    }
};

}  // namespace

TEST_CASE_METHOD(ExecFixture, "resp exec: what only reads does not go through a commit") {
    db.set("a", "1");
    CHECK(send("MULTI|GET a|STRLEN a|PING|EXEC|PING|") ==
          "+OK|+QUEUED|+QUEUED|+QUEUED|*3|$1|1|:1|+PONG|+PONG|");
    CHECK(submitted.empty());
    CHECK(posted.empty());
}

TEST_CASE_METHOD(ExecFixture, "resp exec: what only reads runs in a store that takes no writes") {
    db.set("a", "1");
    db.fail_writes_with(Status(Code::kReadOnly, "a sync failed"));
    CHECK(ask("MULTI|GET a|EXEC|") == "+OK|+QUEUED|*1|$1|1|");
    CHECK(ask("MULTI|PING|EXEC|") == "+OK|+QUEUED|*1|+PONG|");
    CHECK(ask("MULTI|KEYS *|EXEC|") == "+OK|+QUEUED|*1|*1|$1|a|");
    CHECK(ask("MULTI|GET a|SET a 2|EXEC|") == "+OK|+QUEUED|+QUEUED|-MISCONF a sync failed|");
}

TEST_CASE_METHOD(ExecFixture, "resp exec: what only reads sees what its connection wrote before") {
    CHECK(send("SET a 1|MULTI|GET a|EXEC|GET a|").empty());
    finish_write();
    CHECK(said() == "+OK|+OK|+QUEUED|*1|$1|1|$1|1|");
    CHECK(send("INCR a|").empty());
    CHECK(send("MULTI|GET a|EXEC|").empty());
    finish_write();
    CHECK(said() == ":2|+OK|+QUEUED|*1|$1|2|");
    CHECK(submitted.empty());
}

TEST_CASE_METHOD(ExecFixture, "resp exec: what only reads sees one state of the store") {
    db.set("a", "1");
    db.set("b", "1");
    db.cold = true;
    CHECK(send("MULTI|GET a|GET b|DBSIZE|EXEC|") == "+OK|+QUEUED|+QUEUED|+QUEUED|");
    CHECK(submitted.empty());
    REQUIRE(posted.size() == 1);
    db.set("b", "2");
    db.set("c", "2");
    finish_task();
    CHECK(said() == "*3|$1|1|$1|1|:2|");
    CHECK(session().in_flight() == 0);
    CHECK(session().held_bytes() == 0);
}

TEST_CASE_METHOD(ExecFixture, "resp exec: what only reads checks what is watched at its snapshot") {
    db.set("a", "1");
    db.cold = true;
    CHECK(send("WATCH a|MULTI|GET a|KEYS *|EXEC|") == "+OK|+OK|+QUEUED|+QUEUED|");
    REQUIRE(submitted.size() == 1);
    CHECK(submitted.front()->program == nullptr);
    CHECK(submitted.front()->batch.count() == 0);
    CHECK(submitted.front()->durability == Durability::kMemory);
    SECTION("a change before the check makes it answer null") {
        db.set("a", "2");
        finish_write();
        CHECK(said() == "*-1|");
        CHECK(posted.empty());
    }
    SECTION("one behind the check is not seen") {
        finish_write();
        db.set("a", "2");
        REQUIRE(posted.size() == 1);
        finish_task();
        CHECK(said() == "*2|$1|1|*1|$1|a|");
    }
    SECTION("nor are keys that were not watched") {
        db.set("b", "2");
        finish_all();
        CHECK(said() == "*2|$1|1|*1|$1|a|");
    }
    CHECK(session().in_flight() == 0);
}

TEST_CASE_METHOD(ExecFixture, "resp exec: long reads are done one after another in the pool") {
    fill(3);
    CHECK(send("MULTI|DBSIZE|DBSIZE|SELECT 1|DBSIZE|EXEC|PING|").ends_with("+QUEUED|"));
    CHECK(submitted.empty());
    REQUIRE(posted.size() == 1);
    SECTION("with others' reads between them") {
        for (int i = 0; i < 2; ++i) REQUIRE(posted.front()->run() == PoolTask::Next::kAgain);
        finish_task();
        CHECK(said() == "*4|:3|:3|+OK|:0|+PONG|");
    }
    SECTION("until the connection is gone") {
        REQUIRE(posted.front()->run() == PoolTask::Next::kAgain);
        session().close();
        REQUIRE(posted.front()->run() == PoolTask::Next::kDone);
        posted.front()->finish();
        posted.clear();
        CHECK(shared().error_stats.total() == 0);
        CHECK(session().in_flight() == 0);
    }
}

TEST_CASE_METHOD(ExecFixture, "resp exec: a pool without room refuses reads") {
    pool_full = true;
    CHECK(send("MULTI|DBSIZE|EXEC|PING|") ==
          "+OK|+QUEUED|-BUSY too many reads wait for the disk; retry after 50 ms|+PONG|");
    CHECK(session().in_flight() == 0);
    CHECK(totals("exec").failed == 1);
}

TEST_CASE_METHOD(ExecFixture, "resp exec: what only reads counts in its keyspace once") {
    REQUIRE(shared().keyspaces.open(db).is_ok());
    db.set("a", "1");
    db.cold = true;
    CHECK(ask("MULTI|GET a|EXISTS none|KEYS *|EXEC|").ends_with("*3|$1|1|:0|*1|$1|a|"));
    const auto stats = shared().keyspaces.list("0");
    CHECK(stats[0].reads == 2);
    CHECK(stats[0].hits == 1);
}

TEST_CASE_METHOD(ExecFixture, "resp exec: what visits too much between its writes does nothing") {
    const auto refusal = [this](const std::string& reads) {
        const std::string text = ask("MULTI|SET z 1|" + reads + "EXEC|");
        return text.substr(text.find("QUEUED|-") + 7);
    };
    const std::string prefix =
        "-EXECABORT Transaction discarded because of: between its writes its commands visit more "
        "than 1000000 keys or read more than 2147483648 bytes, ";
    SECTION("in walks") {
        fill(2000);
        CHECK(refusal(times(600, "KEYS key:1*|")).starts_with(prefix));
        CHECK(refusal(times(60'000, "RANDOMKEY|")).starts_with(prefix));
    }
    SECTION("in comparing") {
        db.set("x", std::string(11'000, 'x'));
        CHECK(refusal("LCS x x LEN|").starts_with(prefix));
    }
    CHECK(ask("EXISTS z|") == ":0|");
    // Within bounds all of it is done.
    CHECK(ask("MULTI|SET z 1|KEYS z*|RANDOMKEY|LCS z z LEN|EXEC|").find("*4|+OK|*1|$1|z|") !=
          std::string::npos);
}

TEST_CASE_METHOD(ExecFixture, "resp exec: what only reads is not bound by that") {
    fill(2000);
    CHECK(ask("MULTI|" + times(600, "KEYS key:199|") + "DBSIZE|EXEC|").ends_with(":2000|"));
}

TEST_CASE_METHOD(ExecFixture, "resp exec: DBSIZE between writes counts what they made") {
    fill(10);
    CHECK(ask("MULTI|SET a 1|DBSIZE|FLUSHDB|DBSIZE|SET b 1|DBSIZE|EXEC|")
              .ends_with("*6|+OK|:11|+OK|:0|+OK|:1|"));
}

TEST_CASE_METHOD(ExecFixture, "resp exec: one that was begun is done though its client has gone") {
    const auto other = listener();
    SECTION("behind its write") {
        CHECK(send("MULTI|SET a 1|PUBLISH c hi|SUBSCRIBE d|EXEC|").ends_with("+QUEUED|"));
        session().close();
        finish_write();
        CHECK(db.snapshot()->seqno() == 1);
    }
    SECTION("with what is asked in the pool") {
        CHECK(send("MULTI|SET a 1|INFO keyspace|PUBLISH c hi|SUBSCRIBE d|EXEC|").ends_with("D|"));
        session().close();
        finish_write();
        finish_task();
    }
    CHECK(other->take_mail().size() == 1);
    CHECK(shared().pubsub.publish("d", "nobody") == 0);
    CHECK(said().empty());
    CHECK(session().in_flight() == 0);
    CHECK(end() == End::kNow);
}

TEST_CASE_METHOD(ExecFixture, "resp exec: one that was refused does nothing for who has gone") {
    const auto other = listener();
    db.fail_writes_with(Status(Code::kNoSpace, "disk full"));
    CHECK(send("MULTI|SET a 1|PUBLISH c hi|EXEC|").ends_with("+QUEUED|"));
    session().close();
    finish_write();
    CHECK(other->take_mail().empty());
}

TEST_CASE_METHOD(ExecFixture, "resp exec: it counts as failed when it is refused") {
    db.fail_writes_with(Status(Code::kNoSpace, "disk full"));
    CHECK(ask("MULTI|SET a 1|EXEC|").ends_with("-MISCONF disk full|"));
    CHECK(totals("exec").calls == 1);
    CHECK(totals("exec").failed == 1);
    CHECK(totals("set").calls == 0);
    CHECK(shared().error_stats.by_code() == std::map<std::string, uint64_t>{{"MISCONF", 1}});
    db.fail_writes_with(Status::ok());
    config.engine.max_batch_bytes = 1000;
    db.set("a", std::string(600, 'x'));
    CHECK(ask("MULTI|APPEND a y|COPY a b|EXEC|").find("-EXECABORT") != std::string::npos);
    CHECK(totals("exec").failed == 2);
    CHECK(shared().error_stats.by_code().at("EXECABORT") == 1);
    // A watched key that has changed is an answer, as in Redis.
    CHECK(send("WATCH a|") == "+OK|");
    db.set("a", "2");
    CHECK(ask("MULTI|SET a 3|EXEC|").ends_with("*-1|"));
    CHECK(totals("exec").calls == 3);
    CHECK(totals("exec").failed == 2);
    CHECK(count(Counter::kErrors) == 2);
}

}  // namespace kv::server

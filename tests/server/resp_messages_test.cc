// server/resp: where messages stand among the answers of a connection that listens.
// SPDX-License-Identifier: Apache-2.0
#include "server/resp_fixture.h"

namespace kv::server {
namespace {

std::string message(const std::string& text) {
    return ">3|$7|message|$1|c|$" + std::to_string(text.size()) + '|' + text + '|';
}

const std::string kListen = "HELLO 3|SUBSCRIBE c|";

}  // namespace

TEST_CASE_METHOD(RespFixture, "resp messages: a client hears what it publishes before the answer") {
    CHECK(send(kListen + "PUBLISH c hi|PING|").ends_with(":1|" + message("hi") + ":1|+PONG|"));
    CHECK(shared().pubsub.publish("c", "earlier") == 1);
    const std::string large(100'000, 'x');
    CHECK(shared().pubsub.publish("c", large) == 1);
    CHECK(send("PING|PUBLISH c own|PING|") ==
          "+PONG|" + message("earlier") + message(large) + message("own") + ":1|+PONG|");
    take_mail();
    CHECK(said().empty());
}

TEST_CASE_METHOD(RespFixture,
                 "resp messages: an answer that is not wanted takes no message with it") {
    send(kListen);
    const std::string off = GENERATE("CLIENT REPLY OFF|", "CLIENT REPLY SKIP|");
    CHECK(shared().pubsub.publish("c", "other") == 1);
    CHECK(send("PING|" + off + "PUBLISH c own|") == "+PONG|" + message("other") + message("own"));
}

TEST_CASE_METHOD(RespFixture, "resp messages: none stands inside of EXEC's answer") {
    send(kListen);
    CHECK(shared().pubsub.publish("c", "other") == 1);
    SECTION("of PUBLISH") {
        CHECK(send("MULTI|PING|PUBLISH c 1|PUBLISH c 2|SET a 1|EXEC|PING|").starts_with("+OK|"));
        CHECK(shared().pubsub.publish("c", "late") == 1);
        finish_all();
        CHECK(said() == message("other") + message("late") + message("1") + message("2") +
                            "*4|+PONG|:1|:1|+OK|+PONG|");
    }
    SECTION("of UNSUBSCRIBE") {
        CHECK(
            ask("MULTI|PING|UNSUBSCRIBE c|EXEC|")
                .ends_with("+QUEUED|" + message("other") + "*2|+PONG|>3|$11|unsubscribe|$1|c|:0|"));
    }
    SECTION("behind INFO") {
        CHECK(send("MULTI|INFO cluster|PUBLISH c 1|EXEC|").starts_with("+OK|"));
        finish_all();
        CHECK(said() ==
              message("other") + message("1") + "*2|=34|txt:# Cluster|cluster_enabled:0||:1|");
    }
    take_mail();
    CHECK(said().empty());
}

TEST_CASE_METHOD(RespFixture, "resp messages: one for which there is no room ends its subscriber") {
    send(kListen);
    shared().memory.add(static_cast<int64_t>(config.limits.network_memory_bytes) - 100);
    CHECK(shared().pubsub.publish("c", "small") == 1);
    take_mail();
    CHECK(said() == message("small"));
    CHECK(shared().pubsub.publish("c", std::string(1000, 'x')) == 1);
    take_mail();
    CHECK(said().empty());
    CHECK(end() == End::kNow);
    CHECK(count(Counter::kLimitMemory) == 1);
}

TEST_CASE_METHOD(RespFixture, "resp messages: for more than may wait the subscriber is closed") {
    config.limits.unread_reply_bytes = 100'000;
    const std::string text(30'000, 'x');
    SECTION("published by others, before it can take any") {
        send("HELLO 3|PSUBSCRIBE * c* *c ? ??|");
        CHECK(shared().pubsub.publish("c", text) == 3);
        CHECK(end() == End::kOpen);
        take_mail();
    }
    SECTION("published by itself, while it does not read") {
        peer_reads = false;
        send(kListen);
        for (int i = 0; i < 3; ++i) send("PUBLISH c " + text + "|");
        CHECK(end() == End::kOpen);
        send("PUBLISH c " + text + "|PING|");
        CHECK(unread() != 0);
    }
    CHECK(end() == End::kNow);
    CHECK(count(Counter::kLimitSlowReader) == 1);
}

TEST_CASE_METHOD(RespFixture, "resp messages: those that come together need room together") {
    send(kListen);
    const int64_t most = static_cast<int64_t>(config.limits.network_memory_bytes);
    shared().memory.add(most - 25'000);
    for (int i = 0; i < 3; ++i) CHECK(shared().pubsub.publish("c", std::string(9000, 'x')) == 1);
    const bool by_itself = GENERATE(false, true);
    by_itself ? (void)send("PUBLISH c more|") : take_mail();
    CHECK(end() == End::kNow);
    CHECK(count(Counter::kLimitMemory) == 1);
    CHECK(said() ==
          (by_itself ? "" : message(std::string(9000, 'x')) + message(std::string(9000, 'x'))));
}

TEST_CASE_METHOD(RespFixture, "resp messages: none follows the answer to RESET") {
    SECTION("in version 2") {
        send("SUBSCRIBE c|PSUBSCRIBE *|");
        CHECK(shared().pubsub.publish("c", "hi") == 2);
        CHECK(send("RESET|GET a|") ==
              "*3|$7|message|$1|c|$2|hi|*4|$8|pmessage|$1|*|$1|c|$2|hi|+RESET|$-1|");
    }
    SECTION("in version 3, which it ends") {
        send(kListen + "CLIENT REPLY OFF|");
        CHECK(shared().pubsub.publish("c", "hi") == 1);
        CHECK(send("RESET|GET a|") == message("hi") + "+RESET|$-1|");
    }
    CHECK(shared().pubsub.publish("c", "hi") == 0);
    take_mail();
    CHECK(said().empty());
}

TEST_CASE_METHOD(RespFixture, "resp messages: those from before HELLO come before its answer") {
    send(kListen);
    CHECK(shared().pubsub.publish("c", "old") == 1);
    SECTION("by itself") { CHECK(send("HELLO 2|").starts_with(message("old") + "*14|$6|server|")); }
    SECTION("in a transaction") {
        CHECK(ask("MULTI|HELLO 2|EXEC|")
                  .starts_with("+OK|+QUEUED|" + message("old") + "*1|*14|$6|server|"));
    }
    SECTION("not when it chooses no version") {
        CHECK(send("HELLO|HELLO 4|").ends_with("-NOPROTO unsupported protocol version|"));
        take_mail();
        CHECK(said() == message("old"));
        return;
    }
    CHECK(shared().pubsub.publish("c", "new") == 1);
    take_mail();
    CHECK(said() == "*3|$7|message|$1|c|$3|new|");
}

}  // namespace kv::server

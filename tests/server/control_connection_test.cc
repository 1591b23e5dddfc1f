// Commands about the connection itself: greeting, login, database, end.
// SPDX-License-Identifier: Apache-2.0
#include "server/control_fixture.h"

namespace kv::server {

using protocol::resp::Version;

TEST_CASE_METHOD(ControlFixture, "control: PING and ECHO give back what they got") {
    expect("PING", "+PONG|");
    expect("ping hi", "$2|hi|");
    expect("PING a b", "-ERR wrong number of arguments for 'ping' command|");
    expect("ECHO hi", "$2|hi|");
}

TEST_CASE_METHOD(ControlFixture, "control: PING of a subscribed client is a message in version 2") {
    client().handle->patterns = 1;
    expect("PING", "*2|$4|pong|$0||");
    expect("PING x", "*2|$4|pong|$1|x|");
    client().handle->resp_version = 3;
    expect("PING", "+PONG|");
}

TEST_CASE_METHOD(ControlFixture, "control: HELLO tells who answers, in the version asked for") {
    expect("HELLO",
           "*14|$6|server|$5|redis|$7|version|$6|7.0.15|$5|proto|:2|$2|id|:1|$4|mode|$10|"
           "standalone|$4|role|$6|master|$7|modules|*0|");
    expect("HELLO 3",
           "%7|$6|server|$5|redis|$7|version|$6|7.0.15|$5|proto|:3|$2|id|:1|$4|mode|$10|"
           "standalone|$4|role|$6|master|$7|modules|*0|");
    CHECK(client().handle->resp_version == 3);
    answer("HELLO 2 SETNAME me AUTH default anything");
    CHECK(client().handle->resp_version == 2);
    CHECK(client().handle->facts().name == "me");
}

TEST_CASE_METHOD(ControlFixture, "control: a HELLO that is refused changes nothing") {
    expect("HELLO x", "-ERR Protocol version is not an integer or out of range|");
    expect("HELLO 4", "-NOPROTO unsupported protocol version|");
    expect("HELLO 3 AUTH default", "-ERR Syntax error in HELLO option 'AUTH'|");
    expect("HELLO 3 SETNAME", "-ERR Syntax error in HELLO option 'SETNAME'|");
    expect("HELLO 3 FOO", "-ERR Syntax error in HELLO option 'FOO'|");
    expect("HELLO 3 AUTH bob x", "-WRONGPASS invalid username-password pair or user is disabled.|");
    expect("HELLO 3 SETNAME a_b",
           "-ERR Client names cannot contain spaces, newlines or special characters.|");
    CHECK(client().handle->resp_version == 2);
    CHECK(client().handle->facts().name.empty());
}

TEST_CASE_METHOD(ControlFixture, "control: AUTH knows one user, who needs no password") {
    expect("AUTH x",
           "-ERR AUTH <password> called without any password configured for the default user. Are "
           "you sure your configuration is correct?|");
    expect("AUTH default x", "+OK|");
    expect("AUTH bob x", "-WRONGPASS invalid username-password pair or user is disabled.|");
    expect("AUTH 1 2 3", "-ERR syntax error|");
}

TEST_CASE_METHOD(ControlFixture, "control: SELECT takes the numbers of the databases there are") {
    expect("SELECT 15", "+OK|");
    CHECK(client().session.database == 15);
    expect("SELECT 16", "-ERR DB index is out of range|");
    expect("SELECT -1", "-ERR DB index is out of range|");
    expect("SELECT x", "-ERR value is not an integer or out of range|");
    expect("SELECT 99999999999",
           "-ERR value is out of range, value must between -2147483648 and 2147483647|");
    CHECK(client().session.database == 15);
}

TEST_CASE_METHOD(ControlFixture, "control: QUIT answers and ends, RESET answers and goes on") {
    answer("SUBSCRIBE a");
    answer("CLIENT SETNAME me");
    expect("RESET", "+RESET|");
    CHECK(client().session.resets == 1);
    CHECK_FALSE(client().session.closing);
    CHECK(client().handle->facts().name.empty());
    CHECK(shared().pubsub.subscribers("a") == 0);
    expect("QUIT", "+OK|");
    CHECK(client().session.closing);
}

TEST_CASE_METHOD(ControlFixture, "control: KV.DURABILITY tells and sets the connection's level") {
    expect("KV.DURABILITY", "$4|disk|");
    expect("KV.DURABILITY MEMORY", "+OK|");
    CHECK(client().session.level == Durability::kMemory);
    expect("kv.durability", "$6|memory|");
    expect("KV.DURABILITY often", "-ERR durability must be memory, os or disk|");
    expect("KV.DURABILITY os disk", "-ERR wrong number of arguments for 'kv.durability' command|");
    CHECK(client().session.level == Durability::kMemory);
}

}  // namespace kv::server

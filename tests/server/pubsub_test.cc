// PubSub and the commands on it.
// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include "server/control_fixture.h"

namespace kv::server {

TEST_CASE_METHOD(ControlFixture, "pubsub: nobody hears what nobody listens to") {
    expect("PUBLISH a hello", ":0|");
    CHECK(carrier.calls == 0);
    expect("PUBSUB CHANNELS", "*0|");
    expect("PUBSUB NUMPAT", ":0|");
}

TEST_CASE_METHOD(ControlFixture, "pubsub: a channel's message reaches its listeners once each") {
    expect("SUBSCRIBE a b", "*3|$9|subscribe|$1|a|:1|*3|$9|subscribe|$1|b|:2|", 2);
    expect("SUBSCRIBE a", "*3|$9|subscribe|$1|a|:1|", 3);
    expect("SUBSCRIBE a", "*3|$9|subscribe|$1|a|:1|", 3);
    client(3).handle->resp_version = 3;
    expect("PUBLISH a hello", ":2|");
    CHECK(mail(2) == "*3|$7|message|$1|a|$5|hello|");
    CHECK(mail(3) == ">3|$7|message|$1|a|$5|hello|");
    CHECK(mail(1).empty());
    expect("PUBSUB NUMSUB a b c", "*6|$1|a|:2|$1|b|:1|$1|c|:0|");
}

TEST_CASE_METHOD(ControlFixture, "pubsub: a pattern's listener is told which pattern matched") {
    expect("PSUBSCRIBE n* *s", "*3|$10|psubscribe|$2|n*|:1|*3|$10|psubscribe|$2|*s|:2|", 2);
    answer("SUBSCRIBE news", 2);
    expect("PUBLISH news x", ":3|");
    const std::string got = mail(2);
    CHECK(got.starts_with("*3|$7|message|$4|news|$1|x|"));
    CHECK(got.find("*4|$8|pmessage|$2|n*|$4|news|$1|x|") != std::string::npos);
    CHECK(got.find("*4|$8|pmessage|$2|*s|$4|news|$1|x|") != std::string::npos);
    expect("PUBLISH other x", ":0|");
    expect("PUBSUB NUMPAT", ":2|");
    CHECK(client(2).handle->channels == 1);
    CHECK(client(2).handle->patterns == 2);
}

TEST_CASE_METHOD(ControlFixture, "pubsub: unsubscribing from nothing in particular ends all") {
    expect("UNSUBSCRIBE", "*3|$11|unsubscribe|$-1|:0|");
    expect("PUNSUBSCRIBE", "*3|$12|punsubscribe|$-1|:0|");
    answer("SUBSCRIBE a b");
    answer("PSUBSCRIBE x*");
    expect("UNSUBSCRIBE zz", "*3|$11|unsubscribe|$2|zz|:3|");
    expect("UNSUBSCRIBE", "*3|$11|unsubscribe|$1|a|:2|*3|$11|unsubscribe|$1|b|:1|");
    client().handle->resp_version = 3;
    expect("PUNSUBSCRIBE", ">3|$12|punsubscribe|$2|x*|:0|");
    expect("UNSUBSCRIBE", ">3|$11|unsubscribe|_|:0|");
    expect("PUBLISH a x", ":0|");
    CHECK(shared().pubsub.channel_count() == 0);
}

TEST_CASE_METHOD(ControlFixture, "pubsub: what came before UNSUBSCRIBE is sent before its answer") {
    answer("SUBSCRIBE a", 2);
    answer("PUBLISH a x");
    answer("CLIENT KILL ID 2");
    expect("UNSUBSCRIBE a", "*3|$7|message|$1|a|$1|x|*3|$11|unsubscribe|$1|a|:0|", 2);
    CHECK(mail(2) == "KILL");
}

TEST_CASE_METHOD(ControlFixture, "pubsub: the end of a client is the end of what it listened to") {
    answer("SUBSCRIBE a b", 2);
    answer("PSUBSCRIBE *", 2);
    answer("SUBSCRIBE b", 3);
    shared().pubsub.end(client(2).handle);
    CHECK(client(2).handle->channels == 0);
    CHECK(client(2).handle->patterns == 0);
    expect("PUBSUB CHANNELS", "*1|$1|b|");
    expect("PUBLISH b x", ":1|");
    CHECK(mail(2).empty());
    shared().pubsub.end(client(2).handle);  // once more changes nothing
    client(3).handle->set_gone();
    expect("PUBLISH b x", ":0|");
}

TEST_CASE_METHOD(ControlFixture, "pubsub: PUBSUB lists channels by pattern, and none of shards") {
    answer("SUBSCRIBE news.b news.a sport", 2);
    expect("PUBSUB CHANNELS", "*3|$6|news.a|$6|news.b|$5|sport|");
    expect("PUBSUB CHANNELS news.?", "*2|$6|news.a|$6|news.b|");
    expect("PUBSUB NUMSUB", "*0|");
    expect("PUBSUB SHARDCHANNELS", "*0|");
    expect("PUBSUB SHARDNUMSUB sport", "*2|$5|sport|:0|");
    expect(
        "PUBSUB CHANNELS a b",
        "-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.|");
}

TEST_CASE_METHOD(ControlFixture, "pubsub: receivers share the bytes of a message") {
    answer("SUBSCRIBE a", 2);
    answer("SUBSCRIBE a", 3);
    answer("PUBLISH a x");
    CHECK(client(2).handle->take_mail().at(0).bytes == client(3).handle->take_mail().at(0).bytes);
}

TEST_CASE_METHOD(ControlFixture, "pubsub: publishers on several threads each keep their order") {
    constexpr int kMessages = 500;
    client(2);
    client(3);
    PubSub& pubsub = shared().pubsub;
    pubsub.subscribe(client(2).handle, "a");
    const auto publish = [&](const std::string& name) {
        for (int i = 0; i < kMessages; ++i) {
            // The length tells the number, so that the test need not parse it.
            pubsub.publish("a", name + std::string(static_cast<size_t>(i), '.'));
        }
    };
    std::thread one([&] { publish("1"); });
    std::thread two([&] { publish("2"); });
    for (int i = 0; i < kMessages; ++i) {
        pubsub.subscribe(client(3).handle, "a");
        pubsub.unsubscribe(client(3).handle, "a");
    }
    one.join();
    two.join();
    int from_one = 0, from_two = 0;
    for (const Mail& mail : client(2).handle->take_mail()) {
        const size_t start = mail.bytes->find("\r\n", mail.bytes->rfind('$')) + 2;
        const std::string message = mail.bytes->substr(start, mail.bytes->size() - start - 2);
        int& seen = message.front() == '1' ? from_one : from_two;
        REQUIRE(message.size() == static_cast<size_t>(seen) + 1);
        ++seen;
    }
    CHECK(from_one == kMessages);
    CHECK(from_two == kMessages);
}

}  // namespace kv::server

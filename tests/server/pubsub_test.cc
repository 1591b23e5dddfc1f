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
    CHECK(client(2).handle->take_mail().at(0).text == client(3).handle->take_mail().at(0).text);
}

TEST_CASE_METHOD(ControlFixture, "pubsub: a large message is one text for all patterns") {
    for (int i = 0; i < 20; ++i) answer("PSUBSCRIBE a*" + std::string(1 + i, '*'), 2);
    answer("SUBSCRIBE a", 3);
    client(3).handle->resp_version = 3;
    const std::string large(1U << 20, 'x');
    CHECK(answer({"PUBLISH", "a", large}) == ":21\r\n");
    CHECK(shared().memory.used() < (2 << 20));
    const std::vector<Mail> mail = client(2).handle->take_mail();
    REQUIRE(mail.size() == 20);
    for (const Mail& each : mail) CHECK(each.tail == mail[0].tail);
    CHECK(text_of(mail[0]).ends_with("\r\n$1\r\na\r\n$1048576\r\n" + large + "\r\n"));
    const Mail other = client(3).handle->take_mail().at(0);
    CHECK(other.tail == mail[0].tail);
    CHECK(*other.text == ">3\r\n$7\r\nmessage\r\n");
}

TEST_CASE_METHOD(ControlFixture, "pubsub: more messages than may wait are one order to close") {
    config.limits.unread_reply_bytes = 32U << 20;
    for (int i = 0; i < 2000; ++i) answer("PSUBSCRIBE *" + std::to_string(i) + '*', 2);
    std::string channel;
    for (int i = 0; i < 2000; ++i) channel += std::to_string(i) + ' ';
    answer("SUBSCRIBE small", 3);
    CHECK(answer({"PUBLISH", channel, std::string(1U << 20, 'x')}) == ":31\r\n");
    CHECK(shared().memory.used() < (2 << 20));
    CHECK(mail(2) == "TOO MUCH");
    expect("PUBLISH 1999 x", ":0|");
    expect("PUBLISH small x", ":1|");
    CHECK(mail(2).empty());
    CHECK(shared().memory.used() == 0);
}

TEST_CASE_METHOD(ControlFixture, "pubsub: what waits counts as memory of the network") {
    config.limits.network_memory_bytes = 1U << 20;
    answer("SUBSCRIBE a", 2);
    answer("SUBSCRIBE a", 3);
    for (int i = 0; i < 20; ++i) answer({"PUBLISH", "a", std::string(10'000, 'x')});
    CHECK(shared().memory.used() > 250'000);
    CHECK(client(2).handle->take_messages().size() == 20);
    CHECK(shared().memory.used() > 125'000);
    CHECK(shared().memory.used() < 150'000);
    client(3).handle->set_gone();
    CHECK(shared().memory.used() == 0);
    CHECK(answer({"PUBLISH", "a", std::string(2U << 20, 'x')}) == ":0\r\n");
    CHECK(mail(2) == "NO ROOM");
}

TEST_CASE_METHOD(ControlFixture, "pubsub: names are no longer than the largest key") {
    const std::string most(65'536, 'x'), more = most + 'x';
    CHECK(answer({"SUBSCRIBE", most}).ends_with(":1\r\n"));
    CHECK(answer({"PSUBSCRIBE", most}).ends_with(":2\r\n"));
    CHECK(answer({"PUBLISH", most, "m"}, 2) == ":2\r\n");
    const std::string over = " of 65537 bytes is over the limit of 65536\r\n";
    CHECK(answer({"SUBSCRIBE", "a", more}) == "-ERR channel" + over);
    CHECK(answer({"PSUBSCRIBE", "a", more}) == "-ERR pattern" + over);
    CHECK(answer({"PUBLISH", more, "m"}) == "-ERR channel" + over);
    CHECK(answer({"PUBSUB", "CHANNELS", more}) == "-ERR pattern" + over);
    CHECK(client().handle->channels == 1);
    CHECK(client().handle->patterns == 1);
}

TEST_CASE_METHOD(ControlFixture, "pubsub: the subscriptions of a client have a limit together") {
    config.engine.max_batch_bytes = 100'000;
    const std::string error =
        "-ERR the subscriptions take more than 50000 bytes (half of engine.max_batch_size)\r\n";
    const std::string long_name(40'000, 'x');
    CHECK(answer({"SUBSCRIBE", long_name}).ends_with(":1\r\n"));
    CHECK(client().handle->subscription_bytes > 40'000);
    CHECK(answer({"SUBSCRIBE", "a", std::string(10'000, 'y')}) == error);
    CHECK(answer({"PSUBSCRIBE", long_name}) == error);
    CHECK(client().handle->channels == 1);
    CHECK(answer({"SUBSCRIBE", long_name}).ends_with(":1\r\n"));  // which it has
    CHECK(answer({"SUBSCRIBE", long_name}, 2).ends_with(":1\r\n"));
    answer({"UNSUBSCRIBE", long_name});
    CHECK(client().handle->subscription_bytes == 0);
    CHECK(answer({"PSUBSCRIBE", long_name}).ends_with(":1\r\n"));
    shared().pubsub.end(client().handle);
    CHECK(client().handle->subscription_bytes == 0);
    shared().memory.add(static_cast<int64_t>(config.limits.network_memory_bytes));
    expect("SUBSCRIBE a", "-BUSY network buffers are full; retry after 100 ms|");
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
        const size_t start = mail.text->find("\r\n", mail.text->rfind('$')) + 2;
        const std::string message = mail.text->substr(start, mail.text->size() - start - 2);
        int& seen = message.front() == '1' ? from_one : from_two;
        REQUIRE(message.size() == static_cast<size_t>(seen) + 1);
        ++seen;
    }
    CHECK(from_one == kMessages);
    CHECK(from_two == kMessages);
}

}  // namespace kv::server

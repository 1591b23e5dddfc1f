// CLIENT, and the registry behind it.
// SPDX-License-Identifier: Apache-2.0
#include "server/control_fixture.h"

namespace kv::server {

TEST_CASE_METHOD(ControlFixture, "control: CLIENT keeps a name without spaces") {
    expect("CLIENT GETNAME", "$-1|");
    expect("CLIENT SETNAME a_b",
           "-ERR Client names cannot contain spaces, newlines or special characters.|");
    expect("CLIENT SETNAME ab", "+OK|");
    expect("CLIENT GETNAME", "$2|ab|");
    expect("CLIENT SETNAME \"\"", "+OK|");
    expect("CLIENT GETNAME", "$-1|");
    expect("CLIENT ID", ":1|");
    expect("CLIENT ID", ":2|", 2);
}

TEST_CASE_METHOD(ControlFixture, "control: CLIENT SETINFO keeps what a library says of itself") {
    expect("CLIENT SETINFO LIB-NAME jedis", "+OK|");
    expect("client setinfo lib-ver 5.0", "+OK|");
    expect("CLIENT SETINFO LIB-NAME a_b",
           "-ERR lib-name cannot contain spaces, newlines or special characters.|");
    expect("CLIENT SETINFO FOO x", "-ERR Unrecognized option 'FOO'|");
    const std::string line = body_of(answer("CLIENT INFO"));
    CHECK(line.ends_with(" lib-name=jedis lib-ver=5.0\n"));
}

TEST_CASE_METHOD(ControlFixture, "control: what a client calls itself has a limit and is counted") {
    const std::string most(4096, 'x'), more = most + 'x';
    const std::string over = " cannot be longer than 4096 bytes, found 4097\r\n";
    CHECK(answer({"CLIENT", "SETNAME", most}) == "+OK\r\n");
    CHECK(answer({"CLIENT", "SETNAME", more}) == "-ERR Client names" + over);
    CHECK(answer({"HELLO", "2", "SETNAME", more}) == "-ERR Client names" + over);
    CHECK(answer({"CLIENT", "SETINFO", "LIB-NAME", more}) == "-ERR lib-name" + over);
    CHECK(answer({"CLIENT", "SETINFO", "LIB-VER", more}) == "-ERR lib-ver" + over);
    CHECK(client().handle->name_bytes == 4096);
    answer("CLIENT SETINFO LIB-VER 1.0");
    CHECK(client().handle->name_bytes == 4099);
    answer("RESET");
    CHECK(client().handle->name_bytes == 3);
}

TEST_CASE_METHOD(ControlFixture, "control: CLIENT LIST answers no more than there is room for") {
    config.limits.network_memory_bytes = 1U << 20;
    std::vector<std::string> words{"CLIENT", "LIST", "ID"};
    words.resize(1000, "1");
    CHECK(body_of(answer(words)).size() > 200'000);
    words.resize(10'000, "1");
    CHECK(answer(words) == "-BUSY network buffers are full; retry after 100 ms\r\n");
}

TEST_CASE_METHOD(ControlFixture, "control: CLIENT INFO has the fields of Redis in their order") {
    clock.advance_ms(1000);
    ClientHandle& handle = *client().handle;
    clock.advance_ms(5000);
    handle.last_input_us = clock.monotonic_us();
    clock.advance_ms(2000);
    handle.database = 3;
    handle.channels = 2;
    handle.queued_commands = 4;
    handle.unread_input_bytes = 26;
    handle.unsent_reply_bytes = 100;
    answer("CLIENT NO-EVICT ON");
    const std::string line = body_of(answer("CLIENT INFO"));
    const std::string size = std::to_string(126 + sizeof(ClientHandle));
    CHECK(line ==
          "id=1 addr=10.0.0.1:50001 laddr=10.0.0.9:7481 fd=10 name= age=7 idle=2 flags=Pxe db=3 "
          "sub=2 psub=0 ssub=0 multi=4 qbuf=26 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 "
          "obl=0 oll=1 omem=100 tot-mem=" +
              size +
              " events=rw cmd=client|info user=default redir=-1 resp=2 lib-name= lib-ver=\n");
}

TEST_CASE_METHOD(ControlFixture, "control: CLIENT LIST shows all, of a type, or with an id") {
    client(3).handle->channels = 1;
    const auto ids = [&](std::string_view line) {
        std::string found;
        std::string text = body_of(answer(line));
        for (size_t at = text.find("id="); at != std::string::npos; at = text.find("\nid=", at)) {
            at += text[at] == '\n' ? 4 : 3;
            found += text[at];
        }
        return found;
    };
    CHECK(ids("CLIENT LIST") == "123");
    CHECK(ids("CLIENT LIST TYPE NORMAL") == "12");
    CHECK(ids("CLIENT LIST TYPE pubsub") == "3");
    CHECK(ids("CLIENT LIST TYPE replica").empty());
    CHECK(ids("CLIENT LIST ID 3 1 3 99") == "313");
    shared().clients.remove(2);
    CHECK(ids("CLIENT LIST") == "13");
    expect("CLIENT LIST TYPE foo", "-ERR Unknown client type 'foo'|");
    expect("CLIENT LIST ID x", "-ERR Invalid client ID|");
    expect("CLIENT LIST ID", "-ERR syntax error|");
    expect("CLIENT LIST TYPE", "-ERR syntax error|");
    expect("CLIENT LIST FOO x", "-ERR syntax error|");
}

TEST_CASE_METHOD(ControlFixture, "control: CLIENT KILL of an address ends that connection") {
    client(2);
    expect("CLIENT KILL 10.0.0.1:50002", "+OK|");
    CHECK(mail(2) == "KILL");
    CHECK(carrier.calls == 1);
    expect("CLIENT KILL 1.2.3.4:5", "-ERR No such client|");
    expect("CLIENT KILL 10.0.0.1:50001", "+OK|");
    CHECK(client().session.closing);
}

TEST_CASE_METHOD(ControlFixture, "control: CLIENT KILL ends what all of its filters let through") {
    client(3).handle->channels = 1;
    expect("CLIENT KILL ID 2", ":1|");
    CHECK(mail(2) == "KILL");
    expect("CLIENT KILL TYPE pubsub", ":1|");
    CHECK(mail(3) == "KILL");
    expect("CLIENT KILL TYPE pubsub ID 2", ":0|");
    expect("CLIENT KILL LADDR 10.0.0.9:7481", ":2|");
    CHECK_FALSE(client().session.closing);
    expect("CLIENT KILL USER default SKIPME no ADDR 10.0.0.1:50001", ":1|");
    CHECK(client().session.closing);
    client(2).handle->set_gone();
    expect("CLIENT KILL ID 2", ":0|");
}

TEST_CASE_METHOD(ControlFixture, "control: CLIENT KILL refuses what it does not understand") {
    expect("CLIENT KILL ID x", "-ERR client-id should be greater than 0|");
    expect("CLIENT KILL ID 0", "-ERR client-id should be greater than 0|");
    expect("CLIENT KILL TYPE foo", "-ERR Unknown client type 'foo'|");
    expect("CLIENT KILL USER bob", "-ERR No such user 'bob'|");
    expect("CLIENT KILL FOO bar", "-ERR syntax error|");
    expect("CLIENT KILL SKIPME maybe", "-ERR syntax error|");
    expect("CLIENT KILL ID 1 SKIPME", "-ERR syntax error|");
}

TEST_CASE_METHOD(ControlFixture, "control: CLIENT REPLY OFF and SKIP answer nothing") {
    expect("CLIENT REPLY OFF", "");
    CHECK(client().session.reply_mode == ReplyMode::kOff);
    expect("CLIENT REPLY SKIP", "");
    CHECK(client().session.reply_mode == ReplyMode::kSkipNext);
    expect("CLIENT REPLY ON", "+OK|");
    CHECK(client().session.reply_mode == ReplyMode::kOn);
    expect("CLIENT REPLY x", "-ERR syntax error|");
    expect("CLIENT NO-EVICT x", "-ERR syntax error|");
    expect("CLIENT NO-TOUCH off", "+OK|");
}

TEST_CASE_METHOD(ControlFixture, "control: CLIENT PAUSE holds back until its time or UNPAUSE") {
    const Command& get = *find_command("get");
    const Command& set = *find_command("set");
    const Command& publish = *find_command("publish");
    ClientRegistry& clients = shared().clients;
    const auto held = [&](const Command& command) {
        return clients.holds_back(command, clock.monotonic_us());
    };
    client(2);
    CHECK_FALSE(held(set));
    expect("CLIENT PAUSE 100 WRITE", "+OK|");
    CHECK(held(set));
    CHECK(held(publish));
    CHECK_FALSE(held(get));
    expect("CLIENT PAUSE 50", "+OK|");  // wider, and no shorter
    CHECK(held(get));
    clock.advance_ms(99);
    CHECK(held(get));
    clock.advance_ms(1);
    CHECK_FALSE(held(get));
    CHECK_FALSE(held(set));
    answer("CLIENT PAUSE 1000");
    expect("CLIENT UNPAUSE", "+OK|");
    CHECK_FALSE(held(get));
    CHECK(mail(2) == "WAKE");
    expect("CLIENT UNPAUSE", "+OK|");
    CHECK(mail(2).empty());
    expect("CLIENT PAUSE x", "-ERR timeout is not an integer or out of range|");
    expect("CLIENT PAUSE -1", "-ERR timeout is negative|");
    expect("CLIENT PAUSE 1 x", "-ERR CLIENT PAUSE mode must be WRITE or ALL|");
}

TEST_CASE_METHOD(ControlFixture, "client registry: ids are never given twice") {
    ClientRegistry& clients = shared().clients;
    const uint64_t first = clients.next_id();
    CHECK(clients.next_id() == first + 1);
    client(2);
    CHECK(clients.size() == 2);
    const uint64_t id = client(2).handle->id;
    CHECK(clients.find(id) == client(2).handle);
    clients.remove(id);
    CHECK(clients.find(id) == nullptr);
    CHECK(clients.size() == 1);
}

}  // namespace kv::server

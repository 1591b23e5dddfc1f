// Commands about the server as a whole: saving, stopping, replicas, memory, functions, help.
// SPDX-License-Identifier: Apache-2.0
#include "server/control_fixture.h"

namespace kv::server {

TEST_CASE_METHOD(ControlFixture, "control: TIME is the wall clock's, in two parts") {
    shared();
    clock.advance_ms(234);
    expect("TIME", "*2|$4|1000|$6|234000|");
}

TEST_CASE_METHOD(ControlFixture, "control: a save is over at once, and LASTSAVE tells of it") {
    expect("LASTSAVE", ":1000|");
    clock.advance_ms(5000);
    expect("LASTSAVE", ":1000|");
    expect("BGSAVE", "+Background saving started|");
    expect("LASTSAVE", ":1005|");
    clock.advance_ms(5000);
    expect("SAVE", "+OK|");
    expect("LASTSAVE", ":1010|");
    expect("BGSAVE SCHEDULE", "+Background saving started|");
    expect("BGSAVE x", "-ERR syntax error|");
}

TEST_CASE_METHOD(ControlFixture, "control: SHUTDOWN asks the daemon to stop and answers nothing") {
    expect("SHUTDOWN", "-ERR Errors trying to SHUTDOWN. Check logs.|");
    struct Stops final : StopTarget {
        void request_stop() override { ++count; }
        int count = 0;
    } stops;
    shared().stop_target = &stops;
    expect("SHUTDOWN x", "-ERR syntax error|");
    expect("SHUTDOWN NOSAVE SAVE", "-ERR syntax error|");
    expect("SHUTDOWN ABORT NOW", "-ERR syntax error|");
    expect("SHUTDOWN ABORT", "-ERR No shutdown in progress.|");
    CHECK_FALSE(client().session.closing);
    CHECK(stops.count == 0);
    expect("shutdown nosave now force", "");
    CHECK(client().session.closing);
    CHECK(stops.count == 1);
}

TEST_CASE_METHOD(ControlFixture, "control: there are no replicas, and nobody waits for them") {
    expect("ROLE", "*3|$6|master|:0|*0|");
    expect("WAIT 1 0", ":0|");
    expect("WAIT x 1", "-ERR value is not an integer or out of range|");
    expect("WAIT x y", "-ERR value is not an integer or out of range|");
    expect("WAIT 1 x", "-ERR timeout is not an integer or out of range|");
    expect("WAIT 1 -1", "-ERR timeout is negative|");
    expect("WAITAOF 1 0 0", "*2|:1|:0|");
    expect("WAITAOF 2 0 0", "-ERR value is out of range, value must between 0 and 1|");
    expect("WAITAOF 1 x 0", "-ERR value is not an integer or out of range|");
}

TEST_CASE_METHOD(ControlFixture, "control: DEBUG SLEEP holds its own connection only") {
    const uint64_t now = clock.monotonic_us();
    expect("DEBUG SLEEP 0.5", "+OK|");
    CHECK(client().session.held_until_us == now + 500'000);
    CHECK(client(2).session.held_until_us == 0);
    client().session.held_until_us = 0;
    expect("DEBUG SLEEP x", "+OK|");
    expect("DEBUG SLEEP -3", "+OK|");
    CHECK(client().session.held_until_us == 0);
    expect("DEBUG OBJECT key",
           "-ERR unknown subcommand or wrong number of arguments for 'OBJECT'. Try DEBUG HELP.|");
    expect("DEBUG SLEEP",
           "-ERR unknown subcommand or wrong number of arguments for 'SLEEP'. Try DEBUG HELP.|");
}

TEST_CASE_METHOD(ControlFixture, "control: there are no functions to list or to flush") {
    expect("FUNCTION LIST", "*0|");
    expect("FUNCTION LIST LIBRARYNAME x WITHCODE", "*0|");
    expect("FUNCTION LIST x", "-ERR Unknown argument x|");
    expect("FUNCTION LIST LIBRARYNAME", "-ERR library name argument was not given|");
    expect("FUNCTION LIST WITHCODE WithCode", "-ERR Unknown argument WithCode|");
    expect("FUNCTION LIST LIBRARYNAME x WITHCODE LIBRARYNAME",
           "-ERR Unknown argument LIBRARYNAME|");
    expect("FUNCTION LIST LIBRARYNAME WITHCODE WITHCODE", "*0|");
    expect("FUNCTION FLUSH", "+OK|");
    expect("FUNCTION FLUSH async", "+OK|");
    expect("FUNCTION FLUSH x", "-ERR FUNCTION FLUSH only supports SYNC|ASYNC option|");
}

TEST_CASE_METHOD(ControlFixture, "control: MEMORY tells what the store holds") {
    expect("MEMORY PURGE", "+OK|");
    CHECK(with_bars(answer("MEMORY STATS")).find("$15|total.allocated|:") != std::string::npos);
    CHECK(body_of(answer("MEMORY DOCTOR")).find("engine.memory_budget") != std::string::npos);
    CHECK(body_of(answer("MEMORY MALLOC-STATS")).find("in use: ") != std::string::npos);
}

TEST_CASE_METHOD(ControlFixture, "control: HELP is an array of lines that ends with itself") {
    for (const char* name :
         {"CLIENT", "COMMAND", "CONFIG", "FUNCTION", "LATENCY", "MEMORY", "PUBSUB", "SLOWLOG"}) {
        const std::string text = with_bars(answer(std::string(name) + " HELP"));
        INFO(text);
        const size_t bar = text.find('|');
        CHECK(text.substr(bar + 1).starts_with(
            "+" + std::string(name) +
            " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:|"));
        CHECK(text.ends_with("|+HELP|+    Prints this help.|"));
        size_t lines = 0;
        for (size_t at = text.find("|+"); at != std::string::npos; at = text.find("|+", at + 1)) {
            ++lines;
        }
        CHECK(text.substr(0, bar) == "*" + std::to_string(lines));
        // Every subcommand has its line.
        for (const Command& part : subcommands_of(find_command(name)->name)) {
            std::string word(part.name.substr(part.name.find('|') + 1));
            std::transform(word.begin(), word.end(), word.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; });
            INFO(word);
            CHECK(text.find("|+" + word) != std::string::npos);
        }
    }
}

}  // namespace kv::server

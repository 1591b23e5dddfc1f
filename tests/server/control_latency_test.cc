// SLOWLOG and LATENCY, and the classes behind them.
// SPDX-License-Identifier: Apache-2.0
#include "server/control_fixture.h"

namespace kv::server {
namespace {

struct SlowFixture : ControlFixture {
    void ran(uint64_t took_us, const std::vector<std::string>& words) {
        const protocol::resp::Args args(words.begin(), words.end());
        shared().slow_log.consider(took_us, args, *client().handle, clock.wall_ms());
    }
    void event(std::string_view name, uint64_t ms) {
        shared().latency.consider(name, ms * 1000, clock.wall_ms());
    }
};

}  // namespace

TEST_CASE_METHOD(SlowFixture, "slow log: takes what is as slow as its limit, newest first") {
    ran(9'999, {"GET", "quick"});
    expect("SLOWLOG GET", "*0|");
    answer("CLIENT SETNAME me");
    ran(10'000, {"GET", "slow"});
    clock.advance_ms(2000);
    ran(20'000, {"DEL", "slower"});
    expect("SLOWLOG LEN", ":2|");
    expect("SLOWLOG GET",
           "*2|*6|:1|:1002|:20000|*2|$3|DEL|$6|slower|$14|10.0.0.1:50001|$2|me|"
           "*6|:0|:1000|:10000|*2|$3|GET|$4|slow|$14|10.0.0.1:50001|$2|me|");
    CHECK(answer("SLOWLOG GET 1").starts_with("*1\r\n*6\r\n:1\r\n"));
    CHECK(answer("SLOWLOG GET -1").starts_with("*2\r\n"));
    expect("SLOWLOG GET 0", "*0|");
    expect("SLOWLOG RESET", "+OK|");
    expect("SLOWLOG LEN", ":0|");
    ran(30'000, {"GET", "a"});
    CHECK(answer("SLOWLOG GET").starts_with("*1\r\n*6\r\n:2\r\n"));
}

TEST_CASE_METHOD(SlowFixture, "slow log: limits of -1 and 0 take nothing and everything") {
    answer("CONFIG SET slowlog-log-slower-than -1");
    ran(1'000'000'000, {"GET", "a"});
    CHECK(shared().slow_log.size() == 0);
    answer("CONFIG SET slowlog-log-slower-than 0");
    ran(0, {"GET", "a"});
    CHECK(shared().slow_log.size() == 1);
}

TEST_CASE_METHOD(SlowFixture, "slow log: is bounded in entries, words and bytes") {
    answer("CONFIG SET slowlog-max-len 2");
    for (int i = 0; i < 5; ++i) ran(10'000, {"GET", std::to_string(i)});
    CHECK(shared().slow_log.size() == 2);
    CHECK(shared().slow_log.newest(9).at(1).args.at(1) == "3");
    ran(10'000, {"SET", std::string(200, 'b')});
    CHECK(shared().slow_log.newest(1).at(0).args.at(1) ==
          std::string(128, 'b') + "... (72 more bytes)");
    ran(10'000, {"SET", std::string(128, 'b')});
    CHECK(shared().slow_log.newest(1).at(0).args.at(1) == std::string(128, 'b'));
    std::vector<std::string> many(41, "k");
    ran(10'000, many);
    CHECK(shared().slow_log.newest(1).at(0).args.size() == 32);
    CHECK(shared().slow_log.newest(1).at(0).args.back() == "... (10 more arguments)");
    many.resize(32);
    ran(10'000, many);
    CHECK(shared().slow_log.newest(1).at(0).args.back() == "k");
}

TEST_CASE_METHOD(SlowFixture, "slow log: holds no password and no long name") {
    answer({"CLIENT", "SETNAME", std::string(200, 'n')});
    const auto noted = [&](std::string_view line) {
        ran(10'000, words_of(line));
        std::string text;
        const SlowLog::Entry entry = shared().slow_log.newest(1).at(0);
        for (const std::string& word : entry.args) text += word + ' ';
        return text;
    };
    CHECK(noted("AUTH secret") == "AUTH (redacted) ");
    CHECK(noted("auth default secret") == "auth (redacted) (redacted) ");
    CHECK(noted("HELLO 3 AUTH default secret SETNAME x") ==
          "HELLO 3 AUTH (redacted) (redacted) SETNAME x ");
    CHECK(noted("HELLO 3 SETNAME x auth default secret") ==
          "HELLO 3 SETNAME x auth (redacted) (redacted) ");
    CHECK(noted("HELLO auth default secret") == "HELLO auth (redacted) (redacted) ");
    CHECK(noted("HELLO 3 AUTH") == "HELLO 3 AUTH ");
    CHECK(noted("CONFIG SET dir x requirepass secret") ==
          "CONFIG SET dir x requirepass (redacted) ");
    CHECK(noted("CONFIG GET requirepass") == "CONFIG GET requirepass ");
    CHECK(noted("SET auth secret") == "SET auth secret ");
    CHECK(shared().slow_log.newest(1).at(0).client_name ==
          std::string(128, 'n') + "... (72 more bytes)");
}

TEST_CASE_METHOD(SlowFixture, "control: SLOWLOG refuses counts below -1") {
    expect("SLOWLOG GET x", "-ERR count should be greater than or equal to -1|");
    expect("SLOWLOG GET -2", "-ERR count should be greater than or equal to -1|");
    expect("SLOWLOG GET 1 2",
           "-ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.|");
}

TEST_CASE_METHOD(SlowFixture, "latency monitor: is off until it has a threshold") {
    event("command", 1000);
    expect("LATENCY LATEST", "*0|");
    CHECK(body_of(answer("LATENCY DOCTOR")).starts_with("Latency monitoring is off."));
    answer("CONFIG SET latency-monitor-threshold 10");
    event("command", 9);
    expect("LATENCY LATEST", "*0|");
    CHECK(body_of(answer("LATENCY DOCTOR")) == "No latency spike was observed so far.\n");
    event("command", 10);
    expect("LATENCY LATEST", "*1|*4|$7|command|:1000|:10|:10|");
}

TEST_CASE_METHOD(SlowFixture,
                 "latency monitor: keeps the worst of each second, and the worst of all") {
    answer("CONFIG SET latency-monitor-threshold 1");
    event("command", 30);
    event("command", 50);
    event("command", 40);
    clock.advance_ms(1000);
    event("command", 20);
    event("fast-command", 5);
    expect("LATENCY HISTORY command", "*2|*2|:1000|:50|*2|:1001|:20|");
    expect("LATENCY HISTORY nope", "*0|");
    expect("LATENCY LATEST", "*2|*4|$7|command|:1001|:20|:50|*4|$12|fast-command|:1001|:5|:5|");
    for (size_t i = 0; i < 2 * LatencyMonitor::kMostSamples; ++i) {
        clock.advance_ms(1000);
        event("command", 2);
    }
    LatencyMonitor::Event found;
    REQUIRE(shared().latency.find("command", found));
    CHECK(found.samples.size() == LatencyMonitor::kMostSamples);
    CHECK(found.max_ms == 50);
    expect("LATENCY RESET command nope", ":1|");
    expect("LATENCY RESET", ":1|");
    expect("LATENCY RESET", ":0|");
}

TEST_CASE_METHOD(SlowFixture, "control: LATENCY GRAPH draws the samples and how old they are") {
    answer("CONFIG SET latency-monitor-threshold 1");
    event("command", 1);
    clock.advance_ms(10'000);
    event("command", 10);
    clock.advance_ms(5'000);
    CHECK(body_of(answer("LATENCY GRAPH command")) ==
          "command - high 10 ms, low 1 ms (all time high 10 ms)\n" + std::string(80, '-') +
              "\n #\n |\n |\n_|\n\n15\n5s\ns\n");
    expect("LATENCY GRAPH x", "-ERR No samples available for event 'x'|");
    CHECK(body_of(answer("LATENCY DOCTOR"))
              .find("1. command: 2 latency spikes (average 5ms, mean deviation 4ms, period 5.00 "
                    "sec). Worst all time event 10ms.") != std::string::npos);
}

TEST_CASE_METHOD(SlowFixture, "control: LATENCY HISTOGRAM sums the threads, cumulatively") {
    const Command& get = *find_command("get");
    const Command& list = *find_subcommand(*find_command("client"), "list");
    shared().command_stats[0].record(get, 0, false);
    shared().command_stats[0].record(get, 3, false);
    shared().command_stats[1].record(get, 3, false);
    shared().command_stats[1].record(get, UINT64_MAX, false);
    shared().command_stats[1].record(list, 1, false);
    const std::string of_get =
        "$3|get|*4|$5|calls|:4|$14|histogram_usec|*6|:1|:1|:4|:3|:134217728|:4|";
    const std::string of_list = "$11|client|list|*4|$5|calls|:1|$14|histogram_usec|*2|:2|:1|";
    expect("LATENCY HISTOGRAM get nope", "*2|" + of_get);
    expect("LATENCY HISTOGRAM client", "*2|" + of_list);
    expect("LATENCY HISTOGRAM get client|list get client", "*4|" + of_get + of_list);
    expect("LATENCY HISTOGRAM", "*4|" + of_get + of_list);
    CHECK(calls_of(shared().command_stats) == 5);
}

TEST_CASE("error stats: do not keep more codes than a bound") {
    ErrorStats errors;
    for (int i = 0; i < 1000; ++i) errors.record("CODE" + std::to_string(i) + " text");
    CHECK(errors.total() == 1000);
    CHECK(errors.by_code().size() == 128);
    errors.reset();
    CHECK(errors.by_code().empty());
}

}  // namespace kv::server

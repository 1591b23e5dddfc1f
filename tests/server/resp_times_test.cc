// server/resp: what INFO commandstats and SLOWLOG tell of writes.
// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include "server/resp_fixture.h"

namespace kv::server {
namespace {

struct TimesFixture : RespFixture {
    CommandTotals totals(Bytes name) {
        return totals_of(shared().command_stats, *find_command(name));
    }
    std::vector<std::string> slow_commands() {
        std::vector<std::string> lines;
        for (const SlowLog::Entry& entry : shared().slow_log.newest(100)) {
            lines.push_back(entry.args.at(0) + " " + entry.args.at(1));
        }
        return lines;
    }
};

}  // namespace

TEST_CASE_METHOD(TimesFixture, "resp times: SETs share the time of their batch") {
    clock.step_us = 10;
    CHECK(send("SET a 1|SET b 2|SET c 3|SET d 4|").empty());
    CHECK(submitted.size() == 1);
    clock.advance_ms(1000);  // with the engine
    finish_all();
    const CommandTotals set = totals("set");
    CHECK(set.calls == 4);
    CHECK(set.failed == 0);
    CHECK(set.time_us > 0);
    CHECK(set.time_us < 1000);
    CHECK(std::accumulate(set.buckets.begin(), set.buckets.end(), uint64_t{0}) == 4);
    CHECK(slow_commands().empty());
}

TEST_CASE_METHOD(TimesFixture, "resp times: what the store refuses has failed") {
    db.fail_writes_with(Status(Code::kNoSpace, "disk full"));
    CHECK(ask("SET a 1|SET b 2|") == "-MISCONF disk full|-MISCONF disk full|");
    CHECK(totals("set").calls == 2);
    CHECK(totals("set").failed == 2);
    CHECK(ask("SET a 1 NX|INCR n|") == "-MISCONF disk full|-MISCONF disk full|");
    CHECK(totals("set").failed == 3);
    CHECK(totals("incr").failed == 1);
    SECTION("but not the reads around it") {
        CHECK(ask("INCR n|GET a|") == "-MISCONF disk full|$-1|");
        CHECK(totals("incr").failed == 2);
        CHECK(totals("get").calls == 1);
        CHECK(totals("get").failed == 0);
    }
    SECTION("unless they cannot be done") {
        CHECK(send("INCR n|GET a|").empty());
        pool_full = true;
        finish_write();
        CHECK(said() == "-MISCONF disk full|-MISCONF disk full|");
        CHECK(totals("incr").failed == 2);
        CHECK(totals("get").failed == 1);
    }
    db.fail_writes_with(Status::ok());
    CHECK(ask("SET a 1|") == "+OK|");
    CHECK(totals("set").calls == 4);
    CHECK(totals("set").failed == 3);
}

TEST_CASE_METHOD(TimesFixture, "resp times: a slow log that wants quick commands has every SET") {
    SECTION("all") {
        shared().slow_log.set_slower_than_us(0);
        CHECK(ask("SET a 1|SET b 2|GET a|") == "+OK|+OK|$1|1|");
        CHECK(slow_commands() == std::vector<std::string>{"GET a", "SET b", "SET a"});
    }
    SECTION("those that are slow") {
        shared().slow_log.set_slower_than_us(999);
        CHECK(ask("SET a 1|") == "+OK|");
        CHECK(slow_commands().empty());
        clock.step_us = 999;
        CHECK(ask("SET a 1|") == "+OK|");
        CHECK(slow_commands() == std::vector<std::string>{"SET a"});
    }
    CHECK(totals("set").calls == 2);
}

TEST_CASE_METHOD(TimesFixture, "resp times: a SET of a large value is looked at by itself") {
    clock.step_us = 20'000;
    const std::string large(300'000, 'x');
    const auto set = [](const std::string& key, const std::string& value) {
        return "*3|$3|SET|$1|" + key + "|$" + std::to_string(value.size()) + "|" + value + "|";
    };
    send(set("a", "1") + set("b", large) + set("c", "1"));
    finish_all();
    CHECK(said() == "+OK|+OK|+OK|");
    CHECK(slow_commands() == std::vector<std::string>{"SET b"});
    CHECK(totals("set").calls == 3);
    CHECK(totals("set").time_us >= 3 * 20'000);
}

}  // namespace kv::server

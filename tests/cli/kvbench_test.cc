// kvbench as a program against a real kvd: what it counts, what it prints, what it refuses.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/daemon.h"

namespace kv::cli_test {

namespace {

struct Fixture {
    Daemon daemon;

    // With few keys and no wait for the disk.
    Finished bench(std::vector<std::string> arguments) const {
        for (const char* word : {"--key-count", "500", "--durability", "memory", "--json"}) {
            arguments.emplace_back(word);
        }
        arguments.insert(arguments.begin(), {"-a", daemon.address()});
        return run(KVBENCH_PROGRAM, arguments);
    }
    nlohmann::json measure(const std::vector<std::string>& arguments) const {
        const Finished finished = bench(arguments);
        INFO(finished.err);
        REQUIRE(finished.exit_code == 0);
        return nlohmann::json::parse(finished.out);
    }
};

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("kvbench: a short run counts what it was asked for") {
    const Fixture f;
    const Finished finished =
        run(KVBENCH_PROGRAM, {"-a", f.daemon.address(), "--requests", "2000", "--connections", "4",
                              "--threads", "2", "--pipeline", "8", "--key-count", "100", "--load",
                              "--durability", "memory", "--json"});
    CHECK(finished.exit_code == 0);
    CHECK(contains(finished.out, "\"operations\":2000"));
    CHECK(contains(finished.out, "\"errors\":{}"));
    CHECK(contains(finished.out, "\"misses\":0"));
    CHECK(run(KVBENCH_PROGRAM, {"--distribution", "odd"}).exit_code == 2);
    CHECK(contains(run(KVBENCH_PROGRAM, {"--version"}).out, "kvbench "));
}

TEST_CASE("kvbench: ends with fewer requests than threads") {
    const Fixture f;
    const Finished finished =
        run(KVBENCH_PROGRAM, {"-a", f.daemon.address(), "--requests", "2", "--connections", "4",
                              "--threads", "4", "--durability", "memory", "--json"});
    CHECK(finished.exit_code == 0);
    CHECK(contains(finished.out, "\"operations\":2,"));
}

TEST_CASE("kvbench: every YCSB workload does what its letter stands for") {
    const Fixture f;
    const std::map<std::string, std::vector<std::string>> kinds = {
        {"a", {"read", "write"}},  {"b", {"read", "write"}},  {"c", {"read"}},
        {"d", {"read", "insert"}}, {"e", {"scan", "insert"}}, {"f", {"read", "read_modify_write"}}};
    for (const auto& [letter, expected] : kinds) {
        INFO(letter);
        const auto result = f.measure({"--workload", letter, "--load", "--requests", "2000",
                                       "--connections", "4", "--threads", "2", "--pipeline", "4"});
        uint64_t sum = 0;
        for (const std::string& kind : expected) {
            REQUIRE(result.contains(kind));
            sum += result[kind]["operations"].get<uint64_t>();
        }
        CHECK(sum == 2000);
        CHECK(result["operations"] == 2000);
        CHECK(result["misses"] == 0);
    }
}

TEST_CASE("kvbench: readers read and writers write, in histograms of their own") {
    const Fixture f;
    const auto result =
        f.measure({"--readers", "3", "--writers", "2", "--threads", "2", "--load", "--requests",
                   "2000", "--server-pid", std::to_string(::getpid())});
    CHECK(result["connections"] == 5);
    CHECK(result["read"]["operations"].get<int>() + result["write"]["operations"].get<int>() ==
          2000);
    CHECK(result["corrected_for_coordinated_omission"] == false);
    CHECK(result.contains("server_cpu_us"));
}

TEST_CASE("kvbench: an open loop sends what is due and counts what it could not send") {
    const Fixture f;
    const auto calm = f.measure({"--rate", "2000", "--requests", "500", "--read-ratio", "1",
                                 "--connections", "3", "--threads", "2"});
    CHECK(calm["operations"] == 500);
    CHECK(calm["corrected_for_coordinated_omission"] == true);
    CHECK(calm["not_sent"] == 0);
    const auto hopeless =
        f.measure({"--rate", "100000000", "--duration", "100ms", "--connections", "1"});
    CHECK(hopeless["not_sent"].get<uint64_t>() > 0);
}

TEST_CASE("kvbench: says what is wrong with its words and with the server") {
    const Fixture f;
    CHECK(f.bench({"--readers", "1"}).exit_code == 2);
    CHECK(f.bench({"--readers", "1", "--writers", "1", "--connections", "2"}).exit_code == 2);
    CHECK(f.bench({"--workload", "g"}).exit_code == 2);
    CHECK(f.bench({"--workload", "a", "--read-ratio", "1"}).exit_code == 2);
    CHECK(f.bench({"--workload", "e", "--value-size", "2000000"}).exit_code == 2);
    CHECK(f.bench({"--protocol", "resp"}).exit_code == 2);
    const Finished wrong_port =
        run(KVBENCH_PROGRAM, {"-a", f.daemon.address(), "--protocol", "resp"});
    CHECK(wrong_port.exit_code == 3);
    CHECK(contains(wrong_port.err, "not RESP"));
}

}  // namespace kv::cli_test

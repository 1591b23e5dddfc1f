// Keyspaces through the real programs: kvcli -n, keyspaces, keyspace create and drop, over a kvd.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "cli/daemon.h"
#include "kv/client.h"

namespace kv::cli_test {

namespace {

struct Fixture {
    Daemon daemon;

    Finished cli(std::vector<std::string> arguments, const std::string& input = "") const {
        arguments.insert(arguments.begin(), {"-a", daemon.address()});
        return run(KVCLI_PROGRAM, arguments, input);
    }
    Finished in(const std::string& keyspace, std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), {"-n", keyspace});
        return cli(std::move(arguments));
    }
};

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("kvcli keyspaces: each has its own keys") {
    const Fixture f;
    const Finished unknown = f.in("orders", {"get", "a"});
    CHECK(unknown.exit_code == 1);
    CHECK(contains(unknown.err, "there is no keyspace \"orders\"\n`kvcli keyspaces` lists"));
    const Finished script =
        run(KVCLI_PROGRAM, {"-a", f.daemon.address(), "-n", "orders"}, "get a\nget b\n");
    CHECK(script.exit_code == 1);
    CHECK(contains(script.err, "stopped at line 1"));
    CHECK(f.cli({"-n", "orders", "--create-keyspace", "put", "a", "1"}).exit_code == 0);
    CHECK(f.cli({"keyspace", "create", "users"}).out == "ok\n");
    CHECK(f.cli({"keyspace", "create", "users"}).out == "ok, it was there\n");
    CHECK(f.in("users", {"put", "a", "2"}).exit_code == 0);
    CHECK(f.cli({"put", "a", "3"}).exit_code == 0);
    CHECK(f.cli({"put", "\\xff\\xff", "4"}).exit_code == 0);
    CHECK(f.in("7", {"put", "a", "5"}).exit_code == 0);
    CHECK(f.in("orders", {"get", "a"}).out == "1\n");
    CHECK(f.in("users", {"scan"}).out == "a\t2\n");
    CHECK(f.in("users", {"rscan"}).out == "a\t2\n");
    CHECK(f.cli({"scan"}).out == "a\t3\n\\xff\\xff\t4\n");
    CHECK(f.cli({"scan", "--reverse"}).out == "\\xff\\xff\t4\na\t3\n");
    CHECK(f.in("7", {"count", "--exact"}).out == "1\n");
    CHECK(f.cli({"count", "--exact"}).out == "2\n");
    CHECK(f.cli({"count"}).out == "about 2\n");
    const Finished conflict = f.in("users", {"cas", "a", "9", "x"});
    CHECK(conflict.exit_code == 1);
    CHECK(contains(conflict.err, "key \"a\""));
    CHECK(f.in("a b", {"get", "a"}).exit_code == 2);
}

TEST_CASE("kvcli keyspaces: the list, and dropping") {
    const Fixture f;
    for (const char* name : {"orders", "users"}) {
        CHECK(f.cli({"-n", name, "--create-keyspace", "put", "a", "1"}).exit_code == 0);
    }
    CHECK(f.in("orders", {"get", "a"}).exit_code == 0);
    CHECK(f.in("orders", {"get", "b"}).exit_code == 5);
    const Finished list = f.cli({"keyspaces"});
    CHECK(list.out ==
          "name    keys about  reads  hits  writes\n"
          "0                0      0     0       0\n"
          "orders           1      2     1       1\n"
          "users            1      0     0       1\n");
    CHECK(contains(f.cli({"keyspaces", "us", "--json"}).out, "\"name\":\"users\""));
    CHECK(f.cli({"keyspace", "drop", "orders"}).out == "ok\n");
    CHECK(f.cli({"keyspace", "drop", "orders"}).exit_code == 5);
    CHECK(f.cli({"keyspace", "drop", "0"}).exit_code == 1);
    CHECK(f.cli({"keyspace", "rename", "users"}).exit_code == 2);
    CHECK(f.in("orders", {"get", "a"}).exit_code == 1);
    CHECK(f.in("users", {"get", "a"}).out == "1\n");
}

TEST_CASE("kvcli keyspaces: on a terminal a drop asks first") {
    const Fixture f;
    REQUIRE(f.cli({"-n", "orders", "--create-keyspace", "put", "a", "1"}).exit_code == 0);
    const test::TempDir home;
    Terminal terminal(KVCLI_PROGRAM, {"-a", f.daemon.address()}, home.path());
    terminal.expect("kv> ");
    terminal.type("keyspace drop orders\n");
    terminal.expect("about 1 keys? [y/N] ");
    terminal.type("n\n");
    terminal.expect("nothing was dropped");
    terminal.expect("kv> ");
    terminal.type("keyspace drop orders\n");
    terminal.expect("about 1 keys? [y/N] ");
    terminal.type("y\n");
    terminal.expect("ok\r\n");
    terminal.expect("kv> ");
    terminal.type("keyspace drop orders --yes\n");
    terminal.expect("not_found");
    terminal.type(":quit\n");
    CHECK(terminal.wait() == 0);
}

TEST_CASE("kvcli keyspaces: a session says when its keyspace is dropped, or was never there") {
    const Fixture f;
    const test::TempDir home;
    {
        Terminal terminal(KVCLI_PROGRAM, {"-a", f.daemon.address(), "-n", "orders"}, home.path());
        terminal.expect("`kvcli keyspaces` lists");
        CHECK(terminal.wait() == 1);
    }
    REQUIRE(f.cli({"keyspace", "create", "orders"}).exit_code == 0);
    Terminal terminal(KVCLI_PROGRAM, {"-a", f.daemon.address(), "-n", "orders"}, home.path());
    terminal.expect("kv> ");
    REQUIRE(f.cli({"keyspace", "drop", "orders"}).exit_code == 0);
    terminal.type("get a\n");
    terminal.expect("error: not_found");
    terminal.expect("`kvcli keyspaces` lists");
    terminal.expect("kv> ");
    terminal.type(":quit\n");
    CHECK(terminal.wait() == 0);
}

TEST_CASE("client keyspaces: a client is told when its one is dropped") {
    Daemon daemon;
    ClientOptions options;
    options.address = daemon.address();
    const auto admin = Client::connect(options);
    REQUIRE(admin.is_ok());
    options.keyspace = "orders";
    options.create_keyspace = true;
    const auto orders = Client::connect(options);
    REQUIRE(orders.is_ok());
    CHECK((*orders)->server_info().max_key_bytes == (*admin)->server_info().max_key_bytes - 6);
    CHECK((*orders)->put("a", "1").is_ok());
    CHECK_FALSE((*admin)->get("a")->has_value());
    CHECK((*admin)->drop_keyspace("orders").value());
    CHECK((*orders)->get("a").status().is(Code::kNotFound));
    CHECK((*orders)->put("a", "1").status().is(Code::kNotFound));
}

}  // namespace kv::cli_test

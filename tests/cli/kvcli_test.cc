// kvcli as a program against a real kvd: its output, its exit codes, import and export, scripts.
// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <future>

#include "cli/command.h"
#include "cli/daemon.h"
#include "client/fake_server.h"

namespace kv::cli_test {

namespace {

struct Fixture {
    Daemon daemon;

    Finished cli(std::vector<std::string> arguments, const std::string& input = "") const {
        arguments.insert(arguments.begin(), {"-a", daemon.address()});
        return run(KVCLI_PROGRAM, arguments, input);
    }
};

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("kvcli: writes, reads and exit codes") {
    const Fixture f;
    CHECK(f.cli({"put", "a", "1"}).out == "ok\n");
    CHECK(f.cli({"get", "a"}).out == "1\n");
    CHECK(f.cli({"get", "a", "--no-newline"}).out == "1");
    CHECK(f.cli({"get", "nope"}).exit_code == 5);
    CHECK(f.cli({"put", "a", "2", "--if-absent"}).exit_code == 1);
    CHECK(f.cli({"incr", "n", "5"}).out == "5\n");
    CHECK(f.cli({"incr", "n", "-7"}).out == "-2\n");
    CHECK(f.cli({"incr", "text-less", "x"}).exit_code == 2);
    CHECK(f.cli({"cas", "a", "1", "3"}).exit_code == 0);
    const Finished conflict = f.cli({"cas", "a", "1", "4"});
    CHECK(conflict.exit_code == 1);
    CHECK(contains(conflict.err, "error: conflict: "));
    CHECK(f.cli({"cas", "fresh", "--absent", "1"}).exit_code == 0);
    CHECK(f.cli({"del", "a", "n"}).exit_code == 0);
    CHECK(f.cli({"get", "a"}).exit_code == 5);
    CHECK(f.cli({"put", "a", "b", "--durability", "tape"}).exit_code == 2);
    CHECK(f.cli({"put", "gone", "b", "--ttl", "1ms", "--durability", "memory"}).exit_code == 0);
    CHECK(f.cli({"frobnicate"}).exit_code == 2);
    CHECK(f.cli({"ping"}).exit_code == 0);
    CHECK(contains(f.cli({"stats"}).out, "engine."));
    CHECK(contains(f.cli({"status", "1"}).out, "1 is durable"));
}

TEST_CASE("kvcli: any bytes go in and come out") {
    const Fixture f;
    CHECK(f.cli({"put", "k\\x00\\xff", "-"}, std::string("a\0\nb\xFF", 5)).exit_code == 0);
    CHECK(f.cli({"get", "k\\x00\\xff"}).out == std::string("a\0\nb\xFF\n", 6));
    CHECK(f.cli({"scan"}).out == "k\\x00\\xff\ta\\x00\\x0ab\\xff\n");
    CHECK(f.cli({"--hex", "scan"}).out == "6b00ff\t61000a62ff\n");
    CHECK(contains(f.cli({"scan", "--json"}).out, "\"key_base64\":\"awD/\""));
    CHECK(f.cli({"put", "json", "{\"a\":\"\\n\"}"}).exit_code == 0);
    CHECK(f.cli({"get", "json"}).out == "{\"a\":\"\\n\"}\n");
    CHECK(f.cli({"--raw", "put", "r\\x41", "v"}).exit_code == 0);
    CHECK(f.cli({"--raw", "get", "r\\x41"}).out == "v\n");
    CHECK(f.cli({"get", "rA"}).exit_code == 5);
    CHECK(f.cli({"--raw", "batch", "put b\\x41 'v \\x41'", "incr \"n\\x41\""}).exit_code == 0);
    CHECK(f.cli({"--raw", "get", "b\\x41"}).out == "v \\x41\n");
    CHECK(f.cli({"--raw", "get", "n\\x41"}).out == "1\n");
}

TEST_CASE("kvcli: scans know prefix, bounds, limit, direction and counting") {
    const Fixture f;
    CHECK(f.cli({"batch", "put a:1 x", "put a:2 y", "put b:1 z"}).exit_code == 0);
    CHECK(f.cli({"scan", "a:"}).out == "a:1\tx\na:2\ty\n");
    CHECK(f.cli({"scan", "--prefix", "a:", "--keys"}).out == "a:1\na:2\n");
    CHECK(f.cli({"scan", "--from", "a:2", "--to", "b:1", "--keys"}).out == "a:2\n");
    CHECK(f.cli({"rscan", "--limit", "2", "--keys"}).out == "b:1\na:2\n");
    CHECK(f.cli({"scan", "--reverse", "--limit", "1", "--keys"}).out == "b:1\n");
    CHECK(f.cli({"scan", "nothing"}).out == "");
    CHECK(f.cli({"count", "a:", "--exact"}).out == "2\n");
}

TEST_CASE("kvcli: explain tells how a key is looked up and entries are walked over") {
    const Fixture f;
    CHECK(f.cli({"batch", "put a:1 x", "put a:2 y", "put b:1 z"}).exit_code == 0);
    const Finished live = f.cli({"explain", "a:1"});
    CHECK(live.exit_code == 0);
    CHECK(live.out.find("live, decided by seqno ") == 0);
    CHECK(contains(live.out, "memtables asked: 1"));
    CHECK(f.cli({"explain", "a"}).out.find("absent\n") == 0);
    CHECK(f.cli({"explain", "--scan", "a:"}).out.find("2 entries, 0 passed over\n") == 0);
    CHECK(f.cli({"explain", "--scan", "--limit", "1"}).out.find("1 entries, ") == 0);
    CHECK(f.cli({"explain", "a", "--json"}).out.find("{\"explanation\":\"absent\\n") == 0);
    CHECK(f.cli({"explain"}).exit_code == 2);
    const Finished unsure = f.cli({"explain", "a", "--from", "b"});
    CHECK(unsure.exit_code == 2);
    CHECK(contains(unsure.err, "--from goes with --scan"));
}

TEST_CASE("kvcli: a checkpoint is made once under each name") {
    const Fixture f;
    CHECK(f.cli({"put", "a", "1"}).exit_code == 0);
    const Finished made = f.cli({"checkpoint", "monday"});
    CHECK(made.exit_code == 0);
    CHECK(made.out.find("checkpoint in ") == 0);
    CHECK(contains(made.out, "/checkpoints/monday, up to seqno "));
    const Finished again = f.cli({"checkpoint", "monday"});
    CHECK(again.exit_code == 1);
    CHECK(contains(again.err, "checkpoints/monday: exists"));
    CHECK(contains(f.cli({"checkpoint", "tuesday", "--json"}).out, "\"copied_tables\":0"));
    const Finished outside = f.cli({"checkpoint", "../out"});
    CHECK(outside.exit_code == 1);
    CHECK(contains(outside.err, "not a name for a checkpoint"));
    CHECK(f.cli({"checkpoint", "wednesday", "--timeout", "soon"}).exit_code == 2);
}

TEST_CASE("kvcli: a batch applies all of its lines or none") {
    const Fixture f;
    CHECK(f.cli({"batch"}, "put a 1\nincr n 3\nend\n").exit_code == 0);
    CHECK(f.cli({"batch", "require a 2", "put a 9"}).exit_code == 1);
    CHECK(f.cli({"batch", "put a 9", "bogus"}).exit_code == 2);
    CHECK(f.cli({"batch", "put once \\x5cx41\\x20b"}).exit_code == 0);
    CHECK(f.cli({"get", "once"}).out == "\\x41 b\n");
    CHECK(f.cli({"batch"}, "").exit_code == 2);
    CHECK(f.cli({"get", "a"}).out == "1\n");
}

TEST_CASE("kvcli: a batch of a script whose input ends before `end` is not applied") {
    const Fixture f;
    const Finished cut = f.cli({}, "put a 1\nbatch\nput b 1\nput c 1\n");
    CHECK(cut.exit_code == 1);
    CHECK(contains(cut.err, "the input ended before `end`, behind line 2; nothing was sent"));
    CHECK(contains(cut.err, "stopped at line 2 of the script"));
    CHECK(f.cli({"scan", "--keys"}).out == "a\n");
    // A file given to the one command is whole when it ends.
    CHECK(f.cli({"batch"}, "put b 1\n").exit_code == 0);
}

TEST_CASE("kvcli: nothing of a wrong batch of a script is run") {
    const Fixture f;
    const Finished wrong = f.cli({}, "batch --durabilty os\nput a 1\nend\nput b 1\n");
    CHECK(wrong.exit_code == 2);
    CHECK(contains(wrong.err, "unknown option '--durabilty'"));
    CHECK(contains(wrong.err, "stopped at line 1 of the script"));
    CHECK(f.cli({"scan", "--keys"}).out == "");
}

TEST_CASE("kvcli: only a bare dash is standard input") {
    const Fixture f;
    CHECK(f.cli({"put", "k", "-"}, "from stdin").exit_code == 0);
    CHECK(f.cli({"get", "k"}).out == "from stdin\n");
    CHECK(f.cli({"put", "k", "\\x2d"}, "not this").exit_code == 0);
    CHECK(f.cli({"get", "k"}).out == "-\n");
    CHECK(f.cli({}, "put a '-'\nput b \"-\"\nput c \\x2d\n").exit_code == 0);
    CHECK(f.cli({"scan"}).out == "a\t-\nb\t-\nc\t-\nk\t-\n");
    CHECK(f.cli({}, "put k -\n").exit_code == 2);
}

TEST_CASE("kvcli: a script runs its lines and stops at the first error") {
    const Fixture f;
    const Finished good = f.cli({}, "# set up\nput a 'x y'\nget a\n\nbatch\nput b 1\nend\nget b\n");
    CHECK(good.exit_code == 0);
    CHECK(good.out == "ok\nx y\nok, 1 change\n1\n");
    const Finished missing = f.cli({}, "get nope\nget b\n");
    CHECK(missing.exit_code == 5);
    CHECK(missing.out == "1\n");
    const Finished bad = f.cli({}, "get a\nfrob\nput a late\n");
    CHECK(bad.exit_code == 2);
    CHECK(contains(bad.err, "line 2"));
    CHECK(f.cli({"get", "a"}).out == "x y\n");
}

TEST_CASE("kvcli: what is exported imports as the same, in both formats") {
    const Fixture f;
    std::string lines;
    for (int i = 0; i < 2000; ++i) {
        lines += "{\"key\":\"k" + std::to_string(i) + "\",\"value\":\"" + std::string(300, 'v') +
                 "\"}\n";
    }
    lines += "{\"key_base64\":\"AP8=\",\"value_base64\":\"/w==\"}\n";
    const Finished imported = f.cli({"import", "-"}, lines);
    CHECK(imported.exit_code == 0);
    CHECK(contains(imported.err, "imported 2,001 entries"));
    const std::string dump = f.daemon.file("dump");
    CHECK(f.cli({"export", dump, "--format", "binary"}).exit_code == 0);
    const Finished text = f.cli({"export", "-"});
    CHECK(contains(text.err, "exported 2,001 entries"));

    const Fixture other;
    CHECK(other.cli({"import", dump, "--format", "binary", "--batch", "7"}).exit_code == 0);
    CHECK(other.cli({"export", "-"}).out == text.out);
    CHECK(other.cli({"export", "-", "--prefix", "k19"}).err.find("exported 111 ") == 0);
    CHECK(other.cli({"import", dump}).exit_code == 1);
}

TEST_CASE("kvcli: delrange deletes a range, and everything only when it is told so") {
    const Fixture f;
    for (const char* key : {"a", "log:1", "log:2", "z"}) f.cli({"put", key, "1"});
    CHECK(f.cli({"delrange", "log:", "--from", "log:2"}).out == "ok\n");
    CHECK(f.cli({"count", "--exact"}).out == "3\n");
    CHECK(f.cli({"delrange", "--to", "log:", "--json"}).exit_code == 0);
    CHECK(f.cli({"scan", "--keys"}).out == "log:1\nz\n");
    const Finished unsure = f.cli({"delrange"});
    CHECK(unsure.exit_code == 2);
    CHECK(contains(unsure.err, "--yes"));
    CHECK(f.cli({"delrange", "", "--yes"}).exit_code == 2);  // of an unset variable
    CHECK(f.cli({"delrange", "--from", "", "--yes"}).exit_code == 2);
    CHECK(f.cli({"count", "--exact"}).out == "2\n");
    CHECK(f.cli({"delrange", "--yes"}).exit_code == 0);
    CHECK(f.cli({"count", "--exact"}).out == "0\n");
}

TEST_CASE("kvcli: delrange asks first on a terminal") {
    const Fixture f;
    f.cli({"put", "a", "1"});
    const test::TempDir home;
    Terminal terminal(KVCLI_PROGRAM, {"-a", f.daemon.address()}, home.path());
    terminal.expect("kv> ");
    terminal.type("delrange a\n");
    terminal.expect("keys? [y/N] ");
    terminal.type("n\n");
    terminal.expect("nothing was deleted");
    terminal.expect("kv> ");
    terminal.type("delrange\n");
    terminal.expect("delete everything, about 1 keys? [y/N] ");
    terminal.type("y\n");
    terminal.expect("ok\r\n");
    terminal.type(":quit\n");
    CHECK(terminal.wait() == 0);
    CHECK(f.cli({"get", "a"}).exit_code == 5);
}

TEST_CASE("kvcli: import keeps its batches to what the server takes") {
    client_test::FakeServer server;
    protocol::HelloResponse hello = client_test::Peer::default_hello();
    hello.max_batch_bytes = 1000;
    std::string lines;
    for (int i = 0; i < 5; ++i) {
        lines += "{\"key\":\"k" + std::to_string(i) + "\",\"value\":\"" + std::string(400, 'v') +
                 "\"}\n";
    }
    auto importing = std::async(std::launch::async, [&] {
        return run(KVCLI_PROGRAM, {"-a", server.address(), "import", "-"}, lines);
    });
    client_test::Peer peer = server.accept(hello);
    for (int i = 0; i < 3; ++i) {
        const client_test::Received batch = peer.read();
        CHECK(batch.header.opcode == protocol::Opcode::kBatch);
        CHECK(batch.body.size() <= 1000);
        peer.answer(batch, protocol::WriteResponse{1, 1, protocol::Durability::kDisk, {}});
    }
    CHECK(importing.get().exit_code == 0);
}

TEST_CASE("kvcli: import waits for an overloaded server and keeps the order of the file") {
    client_test::FakeServer server;
    std::string lines;
    for (int i = 0; i < 3; ++i)
        lines += "{\"key\":\"k\",\"value\":\"" + std::to_string(i) + "\"}\n";
    auto importing = std::async(std::launch::async, [&] {
        return run(KVCLI_PROGRAM, {"-a", server.address(), "import", "-", "--batch", "1"}, lines);
    });
    client_test::Peer peer = server.accept();
    const protocol::WriteResponse stored{1, 1, protocol::Durability::kDisk, {}};
    const client_test::Received first = peer.read();
    const client_test::Received second = peer.read();
    const client_test::Received third = peer.read();
    peer.answer(third, stored);
    peer.refuse(second, protocol::WireStatus::kOverloaded, "later", 30);
    peer.answer(first, stored);
    // The second is refused once more, the third is not taken for stored for its first answer.
    for (const bool refuses : {true, false}) {
        const client_test::Received second_again = peer.read();
        const client_test::Received third_again = peer.read();
        CHECK(second_again.body == second.body);
        CHECK(third_again.body == third.body);
        if (refuses) {
            peer.refuse(second_again, protocol::WireStatus::kOverloaded, "later", 30);
        } else {
            peer.answer(second_again, stored);
        }
        peer.answer(third_again, stored);
    }
    const Finished finished = importing.get();
    CHECK(finished.exit_code == 0);
    CHECK(contains(finished.err, "imported 3 entries"));
}

TEST_CASE("kvcli: a bad line stops an import, which then goes on where it was") {
    const Fixture f;
    const std::string good = "{\"key\":\"a\",\"value\":\"1\"}\n";
    const Finished stopped = f.cli({"import", "-"}, good + "{\"key\":\"b\"}\n");
    CHECK(stopped.exit_code == 1);
    CHECK(contains(stopped.err, "line 2"));
    CHECK(stopped.err.ends_with("go on with --continue-from 2\n"));
    CHECK(f.cli({"get", "a"}).out == "1\n");
    const std::string fixed = "not read\n{\"key\":\"b\",\"value\":\"2\"}\n";
    CHECK(f.cli({"import", "-", "--continue-from", "2"}, fixed).exit_code == 1);
    CHECK(f.cli({"import", "-", "--continue-from", "2"}, good + fixed.substr(9)).exit_code == 0);
    CHECK(f.cli({"get", "b"}).out == "2\n");
}

TEST_CASE("kvcli: an import's file that cannot be opened is an error, not wrong usage") {
    const Fixture f;
    const Finished finished = f.cli({"import", f.daemon.file("nothing")});
    CHECK(finished.exit_code == 1);
    CHECK(finished.err ==
          "error: io_error: opening " + f.daemon.file("nothing") + ": No such file or directory\n");
    CHECK(f.cli({"import", "-", "--batch", "0"}).exit_code == 2);
}

TEST_CASE("kvcli: without a server it says so with its own exit code") {
    std::string address;
    {
        Daemon daemon;
        address = daemon.address();
    }
    const Finished finished = run(KVCLI_PROGRAM, {"-a", address, "get", "a"});
    CHECK(finished.exit_code == 3);
    CHECK(contains(finished.err, address));
    CHECK(run(KVCLI_PROGRAM, {"-a", "host:x", "ping"}).exit_code == 2);
    CHECK(run(KVCLI_PROGRAM, {"--bogus"}).exit_code == 2);
    CHECK(run(KVCLI_PROGRAM, {"--version"}).exit_code == 0);
    CHECK(run(KVCLI_PROGRAM, {"help", "scan"}).exit_code == 0);
}

TEST_CASE("kvcli: every command explains itself at --help, and does nothing else") {
    const auto offline = [](std::vector<std::string> words) {
        words.insert(words.begin(), {"-a", "127.0.0.1:1"});
        return run(KVCLI_PROGRAM, words);
    };
    for (const cli::Command& command : cli::all_commands()) {
        const std::string name(command.name);
        const Finished option = offline({name, "--help"});
        INFO(name << ": " << option.err);
        CHECK(option.exit_code == 0);
        CHECK(option.out.starts_with(name + " " + std::string(command.usage) + "\n"));
        CHECK(offline({"help", name}).out == option.out);
    }
    const Fixture f;
    CHECK(f.cli({"put", "--", "--help", "1"}).exit_code == 0);
    CHECK(contains(f.cli({"delrange", "--yes", "--help"}).out, "delrange [PREFIX]"));
    CHECK(contains(f.cli({}, "del a --help\n").out, "del KEY..."));
    CHECK(f.cli({"get", "--", "--help"}).out == "1\n");
}

TEST_CASE("example: the tour runs to its end") {
    const Fixture f;
    const Finished finished = run(TOUR_PROGRAM, {f.daemon.address()});
    CHECK(finished.err == "");
    CHECK(finished.exit_code == 0);
}

}  // namespace kv::cli_test

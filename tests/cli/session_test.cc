// The interactive session of kvcli, on a real pseudo-terminal, against a real kvd.
// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "cli/daemon.h"
#include "client/fake_server.h"

namespace kv::cli_test {

namespace {

/// A kvd and a session with it, at its prompt.
struct Session {
    Session() { terminal.expect("kv> "); }
    void quit() {
        terminal.type(":quit\n");
        CHECK(terminal.wait() == 0);
    }

    Daemon daemon;
    const test::TempDir home;
    Terminal terminal{KVCLI_PROGRAM, {"-a", daemon.address()}, home.path()};
};

}  // namespace

TEST_CASE("session: runs commands, keeps a private history, leaves at Ctrl-D") {
    Daemon daemon;
    const test::TempDir home;
    {
        Terminal terminal(KVCLI_PROGRAM, {"-a", daemon.address()}, home.path());
        terminal.expect("kv> ");
        terminal.type("put greeting 'hello you'\n");
        terminal.expect("ok\r\n");
        terminal.type("get greeting\n");
        terminal.expect("hello you\r\n");
        terminal.type(" put hidden 1\n");
        terminal.expect("ok\r\n");
        terminal.type("get nope\n");
        terminal.expect("error: not_found");
        terminal.type("batch\n");
        terminal.expect("batch> ");
        terminal.type("put b 1\nend\n");
        terminal.expect("ok, 1 change\r\n");
        terminal.type("sca\t --li\t1\n");
        terminal.expect("b\t1\r\n");
        terminal.type(":timing\n");
        terminal.expect("timing is on");
        terminal.expect("kv> ");  // Ctrl-D means the end only where a line is being read
        CHECK(terminal.leave("\x04") == 0);
    }
    const std::string path = home.file(".kvcli_history");
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    const std::string history = read_file(path);
    CHECK(history.find("greeting") != std::string::npos);
    CHECK(history.find("hidden") == std::string::npos);
}

TEST_CASE("session: NUL, which a Ctrl-D typed too early turns into, does not quote the next key") {
    Session session;
    CHECK(session.terminal.leave(std::string("\0\x04", 2)) == 0);
}

TEST_CASE("session: Ctrl-C drops the line at the prompt and the session goes on") {
    Session session;
    session.terminal.type("put half a-li");
    session.terminal.expect("a-li");
    session.terminal.type("\x03");
    session.terminal.expect("kv> ");
    session.terminal.type("put whole 1\n");
    session.terminal.expect("ok\r\n");
    session.terminal.type("count --exact\n");
    session.terminal.expect("1\r\n");
    session.quit();
}

TEST_CASE("session: Ctrl-C inside a batch gives the batch up") {
    Session session;
    session.terminal.type("batch\n");
    session.terminal.expect("batch> ");
    session.terminal.type("put half 1\n");
    session.terminal.expect("batch> ");
    session.terminal.type("\x03");
    session.terminal.expect("error: cancelled");
    session.terminal.expect("kv> ");
    session.terminal.type("count --exact\n");
    session.terminal.expect("0\r\n");
    session.quit();
}

TEST_CASE("session: what follows a wrong line of a batch is no command") {
    Session session;
    session.terminal.type("put queue:1 v\n");
    session.terminal.expect("ok\r\n");
    session.terminal.type("batch\nput lock taken --tll 5s\ndel queue:1\nend\n");
    session.terminal.expect("line 1 is wrong, nothing will be sent");
    session.terminal.expect("error: invalid_argument: line 1: ");
    session.terminal.expect("kv> ");
    session.terminal.type("get queue:1\n");
    session.terminal.expect("v\r\n");
    session.quit();
}

TEST_CASE("session: what follows a wrong batch is no command") {
    Session session;
    session.terminal.type("put queue:1 v\n");
    session.terminal.expect("ok\r\n");
    for (const char* wrong : {"batch --durabilty os", "batch --durability tape", "batch 'put a"}) {
        session.terminal.type(std::string(wrong) + "\nput lock taken\ndel queue:1\nend\n");
        session.terminal.expect("this batch is wrong, nothing of it will be sent");
        session.terminal.expect("error: invalid_argument: ");
        session.terminal.expect("kv> ");
        session.terminal.type("get queue:1\n");
        session.terminal.expect("v\r\n");
    }
    // Its lines came with it: what follows is a command.
    session.terminal.type("batch --nope 'put lock taken'\nget queue:1\n");
    session.terminal.expect("error: invalid_argument: ");
    session.terminal.expect("v\r\n");
    session.terminal.type("count --exact\n");
    session.terminal.expect("1\r\n");
    session.quit();
}

TEST_CASE("session: Ctrl-C ends a command that waits for the server") {
    client_test::FakeServer server;
    const test::TempDir home;
    Terminal terminal(KVCLI_PROGRAM, {"-a", server.address(), "--timeout", "60s"}, home.path());
    client_test::Peer peer = server.accept();
    terminal.expect("kv> ");
    terminal.type("get k\n");
    (void)peer.read();
    terminal.type("\x03");
    terminal.expect("error: cancelled");
    terminal.expect("kv> ");
    CHECK(peer.read().header.opcode == protocol::Opcode::kCancel);
    terminal.type("scan\n");
    peer.answer(peer.read(), protocol::SnapshotResponse{9, 77, 600'000});
    const client_test::Received scan = peer.read();
    terminal.type("\x03");
    terminal.expect("error: cancelled");
    const client_test::Received cancel = peer.read();
    REQUIRE(cancel.header.opcode == protocol::Opcode::kCancel);
    CHECK(cancel.as<protocol::CancelRequest>().target_request_id == scan.header.request_id);
    terminal.type(":quit\n");
    CHECK(terminal.wait() == 0);
}

TEST_CASE("session: a listing pages, and q stops it") {
    Daemon daemon;
    const test::TempDir home;
    std::string lines;
    for (int i = 100; i < 200; ++i) lines += "put key" + std::to_string(i) + " v\n";
    REQUIRE(run(KVCLI_PROGRAM, {"-a", daemon.address(), "batch"}, lines + "end\n").exit_code == 0);
    Terminal terminal(KVCLI_PROGRAM, {"-a", daemon.address()}, home.path());
    terminal.expect("kv> ");
    terminal.type("scan --keys\n");
    terminal.expect("key122");
    terminal.expect("-- more");
    terminal.type(" ");
    terminal.expect("key145");
    terminal.expect("-- more");
    terminal.type("q");
    terminal.expect("kv> ");
    terminal.type("get key150\n");
    terminal.expect("v\r\n");
    terminal.type(":quit\n");
    CHECK(terminal.wait() == 0);
}

TEST_CASE("session: Ctrl-C ends a command that waits to be connected") {
    client_test::FakeServer server;
    const test::TempDir home;
    Terminal terminal(KVCLI_PROGRAM,
                      {"-a", server.address(), "--timeout", "60s", "delrange", "x:", "--yes"},
                      home.path());
    client_test::Peer peer = server.accept_raw();
    CHECK(peer.read().header.opcode == protocol::Opcode::kHello);
    terminal.type("\x03");
    terminal.expect("error: cancelled: connecting to " + server.address());
    CHECK(terminal.wait() == 1);
    peer.wait_closed();
}

TEST_CASE("session: what follows a listing is not paged") {
    Session session;
    session.terminal.type("scan\n");
    session.terminal.expect("kv> ");
    std::string lines;
    for (int i = 0; i < 30; ++i) lines += "put key" + std::to_string(i) + " v\n";
    session.terminal.type(lines + "count --exact\n");
    session.terminal.expect("30\r\n");
    session.quit();
}

TEST_CASE("session: without a server there is no session") {
    const test::TempDir home;
    std::string address;
    {
        Daemon daemon;
        address = daemon.address();
    }
    Terminal terminal(KVCLI_PROGRAM, {"-a", address}, home.path());
    terminal.expect("error: unavailable");
    terminal.expect("Is kvd running at " + address);
    CHECK(terminal.wait() == 3);
}

}  // namespace kv::cli_test

// What kvcli says to do when it cannot connect, or is refused: against peers under the test's
// control.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <functional>
#include <future>

#include "cli/daemon.h"
#include "client/fake_server.h"

namespace kv::cli_test {

namespace {

using client_test::FakeServer;
using client_test::Peer;
using client_test::Received;
using protocol::WireStatus;

const std::string kIsItRunning = "Is kvd running at ";
const std::string kIsItRedis = "is it kvd's Redis port?";

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// What `kvcli ping` says of a peer that does `act` once the connection is there.
Finished ping(const std::function<void(Peer&)>& act, const std::string& timeout = "10s") {
    FakeServer server;
    auto pinging = std::async(std::launch::async, [&] {
        return run(KVCLI_PROGRAM, {"-a", server.address(), "--timeout", timeout, "ping"});
    });
    Peer peer = server.accept_raw();
    act(peer);
    return pinging.get();
}

}  // namespace

TEST_CASE("kvcli advice: only where nobody listens it asks whether kvd is running") {
    std::string address;
    {
        const FakeServer server;
        address = server.address();
    }
    const Finished refused = run(KVCLI_PROGRAM, {"-a", address, "ping"});
    CHECK(refused.exit_code == 3);
    CHECK(contains(refused.err, kIsItRunning + address));
}

TEST_CASE("kvcli advice: a peer that does not answer as kvd may be kvd's Redis port") {
    const Finished silent = ping([](Peer& peer) { peer.wait_closed(); }, "200ms");
    const Finished other = ping([](Peer& peer) { peer.send("-ERR unknown command\r\n"); });
    const Finished gone = ping([](Peer& peer) {
        (void)peer.read();
        peer.close();
    });
    for (const Finished& finished : {silent, other, gone}) {
        INFO(finished.err);
        CHECK(finished.exit_code == 3);
        CHECK(contains(finished.err, kIsItRedis));
        CHECK(contains(finished.err, "7480"));
        CHECK_FALSE(contains(finished.err, kIsItRunning));
    }
}

TEST_CASE("kvcli advice: a server that is full is there") {
    const Finished full = ping([](Peer& peer) {
        peer.refuse(peer.read(), WireStatus::kTooManyConnections, "2 clients are connected");
    });
    INFO(full.err);
    CHECK(full.exit_code == 3);
    CHECK(contains(full.err, "error: overloaded: "));
    CHECK(contains(full.err, "2 clients are connected\nThe server's connection limit is reached"));
    CHECK_FALSE(contains(full.err, kIsItRunning));
    CHECK_FALSE(contains(full.err, kIsItRedis));
}

TEST_CASE("kvcli advice: a lost connection is not taken for a wrong port") {
    const Finished lost = ping([](Peer& peer) {
        peer.welcome();
        (void)peer.read();
        peer.close();
    });
    INFO(lost.err);
    CHECK(contains(lost.err, "Is kvd still running at "));
    CHECK_FALSE(contains(lost.err, kIsItRedis));
}

}  // namespace kv::cli_test

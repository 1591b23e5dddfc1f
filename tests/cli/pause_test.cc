// Commands whose output is taken slowly: by a person at the pager, or by a program behind a pipe.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <future>
#include <optional>

#include "cli/daemon.h"
#include "client/fake_server.h"

namespace kv::cli_test {

namespace {

using client_test::FakeServer;
using client_test::Peer;
using client_test::Received;
using protocol::Opcode;

protocol::ScanChunk chunk(Bytes key, Bytes token, bool exhausted) {
    protocol::ScanChunk out;
    out.exhausted = exhausted;
    out.resume_token = token;
    out.entries.push_back({key, 1, 0, "v"});
    return out;
}

/// Opens the snapshot that the command reads at.
void open_snapshot(Peer& peer, uint32_t lease_ms) {
    const Received open = peer.read();
    REQUIRE(open.header.opcode == Opcode::kSnapshotOpen);
    peer.answer(open, protocol::SnapshotResponse{9, 77, lease_ms});
}

}  // namespace

TEST_CASE("kvcli export: renews its snapshot's lease while nothing can be written") {
    FakeServer server;
    auto exporting = std::async(std::launch::async, [&] {
        return run(KVCLI_PROGRAM, {"-a", server.address(), "--timeout", "300s", "export", "-"});
    });
    Peer peer = server.accept();
    peer.answer(peer.read(), protocol::CountResponse{1, false});
    open_snapshot(peer, 30);
    // The timer may be first.
    std::optional<Received> scan;
    int renewals = 0;
    while (!scan || renewals < 3) {
        const Received request = peer.read();
        if (request.header.opcode == Opcode::kScan) {
            scan = request;
            continue;
        }
        REQUIRE(request.header.opcode == Opcode::kSnapshotRenew);
        CHECK(request.as<protocol::SnapshotRenewRequest>().snapshot_id == 9);
        peer.answer(request, protocol::SnapshotResponse{9, 77, 30});
        ++renewals;
    }
    peer.answer(*scan, chunk("a", "t", true));
    // What is on its way when the scan ends.
    while (true) {
        const Received request = peer.read();
        if (request.header.opcode == Opcode::kSnapshotClose) break;
        REQUIRE(request.header.opcode == Opcode::kSnapshotRenew);
        peer.answer(request, protocol::SnapshotResponse{9, 77, 30});
    }
    const Finished finished = exporting.get();
    CHECK(finished.exit_code == 0);
    CHECK(finished.out == "{\"key\":\"a\",\"value\":\"v\"}\n");
}

TEST_CASE("kvcli scan: goes on when the server stopped it for a long pause of the reader") {
    FakeServer server;
    auto scanning = std::async(std::launch::async, [&] {
        return run(KVCLI_PROGRAM, {"-a", server.address(), "--timeout", "300s", "scan"});
    });
    Peer peer = server.accept();
    open_snapshot(peer, 600'000);
    const Received scan = peer.read();
    CHECK(scan.as<protocol::ScanRequest>().snapshot_id == 9);
    peer.answer(scan, chunk("a", "after a", false), protocol::flag::kMore);
    peer.refuse(scan, protocol::WireStatus::kCancelled, "no credit came for too long");
    const Received resumed = peer.read();
    REQUIRE(resumed.header.opcode == Opcode::kScan);
    CHECK(resumed.as<protocol::ScanRequest>().resume_token == "after a");
    peer.answer(resumed, chunk("b", "after b", true));
    const Finished finished = scanning.get();
    CHECK(finished.exit_code == 0);
    CHECK(finished.out == "a\tv\nb\tv\n");
}

TEST_CASE("kvcli scan: lists without a snapshot where the server has its fill of them") {
    FakeServer server;
    auto scanning = std::async(std::launch::async, [&] {
        return run(KVCLI_PROGRAM, {"-a", server.address(), "--timeout", "300s", "scan"});
    });
    Peer peer = server.accept();
    peer.refuse(peer.read(), protocol::WireStatus::kOverloaded, "1024 snapshots are open", 1000);
    const Received scan = peer.read();
    REQUIRE(scan.header.opcode == Opcode::kScan);
    CHECK(scan.as<protocol::ScanRequest>().snapshot_id == 0);
    peer.answer(scan, chunk("a", "t", true));
    CHECK(scanning.get().out == "a\tv\n");
}

}  // namespace kv::cli_test

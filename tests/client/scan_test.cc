// Scans: order, credits, resuming, errors.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <vector>

#include "client/fixture.h"

namespace kv::client_test {

namespace {

using Keys = std::vector<std::string>;

protocol::ScanChunk chunk(const std::vector<Bytes>& keys, Bytes token, bool exhausted) {
    protocol::ScanChunk out;
    out.exhausted = exhausted;
    out.resume_token = token;
    for (const Bytes key : keys) out.entries.push_back({key, 1, 0, "v"});
    return out;
}

struct Collected {
    Keys keys;
    Status status;
};

auto collect(Fixture& f, client::ScanOptions options) {
    return in_background([&f, options] {
        client::Scan scan = f.client->scan(options);
        Collected out;
        for (const client::KeyedEntry& entry : scan) out.keys.push_back(entry.key);
        out.status = scan.status();
        return out;
    });
}

/// What a scan gives that gets one entry and is then refused.
Collected refused_behind_one(Fixture& f, protocol::WireStatus status, Bytes message) {
    auto scanning = collect(f, {});
    const Received request = f.peer->read();
    f.peer->answer(request, chunk({"a"}, "t", false), protocol::flag::kMore);
    f.peer->refuse(request, status, message);
    return scanning.get();
}

}  // namespace

TEST_CASE("scan: gives all chunks in order, then ends") {
    Fixture f;
    client::ScanOptions options;
    options.prefix = "p";
    options.reverse = true;
    options.limit = 5;
    auto scanning = collect(f, options);
    const Received request = f.peer->read();
    const auto asked = request.as<protocol::ScanRequest>();
    CHECK(asked.range.prefix == "p");
    CHECK(asked.reverse);
    CHECK(asked.limit == 5);
    f.peer->answer(request, chunk({"c", "b"}, "t1", false), protocol::flag::kMore);
    f.peer->answer(request, chunk({}, "t1", false), protocol::flag::kMore);
    f.peer->answer(request, chunk({"a"}, "t2", true));
    const Collected got = scanning.get();
    CHECK(got.status.is_ok());
    CHECK(got.keys == Keys{"c", "b", "a"});
}

TEST_CASE("scan: taking entries out gives the server credit") {
    Fixture f;
    client::ScanOptions options;
    options.window_bytes = 64;
    auto scanning = collect(f, options);
    const Received request = f.peer->read();
    CHECK(request.as<protocol::ScanRequest>().credit_bytes == 64);
    f.peer->answer(request, chunk({"a", "b"}, "t", false), protocol::flag::kMore);
    const Received credit = f.peer->read();
    CHECK(credit.header.opcode == Opcode::kScanCredit);
    CHECK(credit.header.has(protocol::flag::kQuiet));
    const auto granted = credit.as<protocol::ScanCreditRequest>();
    CHECK(granted.target_request_id == request.header.request_id);
    CHECK(granted.credit_bytes >= 32);
    f.peer->answer(request, chunk({}, "t", true));
    CHECK(scanning.get().keys == Keys{"a", "b"});
}

TEST_CASE("scan: at a snapshot, goes on where it was after a lost connection") {
    Fixture f;
    auto opening = in_background([&] { return f.client->snapshot(); });
    f.peer->answer(f.peer->read(), protocol::SnapshotResponse{9, 77, 60'000});
    const auto snapshot = opening.get();
    REQUIRE(snapshot.is_ok());
    client::ScanOptions options;
    options.limit = 10;
    options.snapshot = snapshot->get();
    auto scanning = collect(f, options);
    const Received request = f.peer->read();
    f.peer->answer(request, chunk({"a", "b"}, "after b", false), protocol::flag::kMore);
    f.peer->close();
    Peer second = f.server.accept();
    const Received resumed = second.read();
    const auto asked = resumed.as<protocol::ScanRequest>();
    CHECK(asked.resume_token == "after b");
    CHECK(asked.snapshot_id == 9);
    CHECK(asked.limit == 8);
    second.answer(resumed, chunk({"c"}, "after c", true));
    const Collected got = scanning.get();
    CHECK(got.status.is_ok());
    CHECK(got.keys == Keys{"a", "b", "c"});
}

TEST_CASE("scan: without a snapshot never goes on in a newer state") {
    Fixture f;
    auto scanning = collect(f, {});
    f.peer->answer(f.peer->read(), chunk({"a"}, "t", false), protocol::flag::kMore);
    f.peer->close();
    const Collected got = scanning.get();
    CHECK(got.keys == Keys{"a"});
    CHECK(got.status.is(Code::kUnavailable));
}

TEST_CASE("scan: at a snapshot, goes on when the server stopped it for a reader's long pause") {
    Fixture f;
    auto opening = in_background([&] { return f.client->snapshot(); });
    f.peer->answer(f.peer->read(), protocol::SnapshotResponse{9, 77, 60'000});
    const auto snapshot = opening.get();
    REQUIRE(snapshot.is_ok());
    client::ScanOptions options;
    options.snapshot = snapshot->get();
    auto scanning = collect(f, options);
    const Received request = f.peer->read();
    f.peer->answer(request, chunk({"a", "b"}, "after b", false), protocol::flag::kMore);
    f.peer->refuse(request, protocol::WireStatus::kCancelled, "no credit came for too long");
    const Received resumed = f.peer->read();
    REQUIRE(resumed.header.opcode == Opcode::kScan);
    CHECK(resumed.as<protocol::ScanRequest>().resume_token == "after b");
    CHECK(resumed.as<protocol::ScanRequest>().snapshot_id == 9);
    f.peer->answer(resumed, chunk({"c"}, "after c", true));
    const Collected got = scanning.get();
    CHECK(got.status.is_ok());
    CHECK(got.keys == Keys{"a", "b", "c"});
}

TEST_CASE("scan: without a snapshot, one that the server stopped says how to go on") {
    Fixture f;
    const Collected got =
        refused_behind_one(f, protocol::WireStatus::kCancelled, "no credit came for too long");
    CHECK(got.keys == Keys{"a"});
    CHECK(got.status.is(Code::kCancelled));
    CHECK(got.status.message().find("read at a snapshot") != std::string_view::npos);
}

TEST_CASE("scan: one that the program itself cancelled does not go on") {
    Fixture f;
    auto scanning = collect(f, {});  // without an entry so far it could
    const Received request = f.peer->read();
    f.client->cancel_all();
    CHECK(scanning.get().status.is(Code::kCancelled));
    const Received cancel = f.peer->read();
    REQUIRE(cancel.header.opcode == Opcode::kCancel);
    f.peer->refuse(request, protocol::WireStatus::kCancelled, "cancelled by the client");
    CHECK(f.peer->silent_for(50));
}

TEST_CASE("scan: without resume a lost connection is the caller's to handle") {
    Fixture f;
    client::ScanOptions options;
    options.resume = false;
    auto scanning = collect(f, options);
    (void)f.peer->read();
    f.peer->close();
    CHECK(scanning.get().status.is(Code::kUnavailable));
}

TEST_CASE("scan: gives up on a server that keeps losing the connection") {
    Fixture f;
    auto scanning = collect(f, {});
    (void)f.peer->read();
    f.peer->close();
    for (int i = 0; i < 3; ++i) {
        Peer again = f.server.accept();
        (void)again.read();
        again.close();
    }
    CHECK(scanning.get().status.is(Code::kUnavailable));
}

TEST_CASE("scan: an error of the server ends it after the entries that came") {
    Fixture f;
    const Collected got =
        refused_behind_one(f, protocol::WireStatus::kCorruption, "000007.sst at 4096");
    CHECK(got.keys == Keys{"a"});
    CHECK(got.status.is(Code::kCorruption));
    CHECK(got.status.message() == "000007.sst at 4096");
}

TEST_CASE("scan: a silent server runs into the timeout and is told to stop") {
    Fixture f;
    client::ScanOptions options;
    options.timeout_ms = 30;
    auto scanning = collect(f, options);
    const Received request = f.peer->read();
    const Received cancel = f.peer->read();
    CHECK(cancel.header.opcode == Opcode::kCancel);
    CHECK(cancel.as<protocol::CancelRequest>().target_request_id == request.header.request_id);
    CHECK(scanning.get().status.is(Code::kDeadline));
}

TEST_CASE("scan: leaving it early tells the server to stop") {
    Fixture f;
    auto first = in_background([&] {
        client::Scan scan = f.client->scan();
        return scan.next() ? scan.entry().key : std::string("nothing");
    });
    const Received request = f.peer->read();
    f.peer->answer(request, chunk({"a", "b"}, "t", false), protocol::flag::kMore);
    CHECK(first.get() == "a");
    CHECK(f.peer->read().header.opcode == Opcode::kCancel);
}

TEST_CASE("scan: cancel from another thread wakes the reader") {
    Fixture f;
    client::Scan scan = f.client->scan();
    auto waiting = in_background([&] { return scan.next(); });
    (void)f.peer->read();
    scan.cancel();
    CHECK_FALSE(waiting.get());
    CHECK(scan.status().is(Code::kCancelled));
}

TEST_CASE("scan: cancelled while it reconnects stops what it asks for on the new connection") {
    Fixture f;
    auto opening = in_background([&] { return f.client->snapshot(); });
    f.peer->answer(f.peer->read(), protocol::SnapshotResponse{9, 77, 60'000});
    const auto snapshot = opening.get();
    REQUIRE(snapshot.is_ok());
    client::ScanOptions options;
    options.snapshot = snapshot->get();
    client::Scan scan = f.client->scan(options);
    auto reading = in_background([&] { return scan.next() && scan.next(); });
    f.peer->answer(f.peer->read(), chunk({"a"}, "t", false), protocol::flag::kMore);
    f.peer->close();
    Peer second = f.server.accept_raw();
    scan.cancel();
    second.welcome();
    const Received resumed = second.read();
    REQUIRE(resumed.header.opcode == Opcode::kScan);
    const Received cancel = second.read();
    REQUIRE(cancel.header.opcode == Opcode::kCancel);
    CHECK(cancel.as<protocol::CancelRequest>().target_request_id == resumed.header.request_id);
    CHECK_FALSE(reading.get());
    CHECK(scan.status().is(Code::kCancelled));
}

TEST_CASE("snapshot: reads name it and it is closed at the end") {
    Fixture f;
    auto opening = in_background([&] { return f.client->snapshot(1000); });
    const Received open = f.peer->read();
    CHECK(open.as<protocol::SnapshotOpenRequest>().lease_ms == 1000);
    f.peer->answer(open, protocol::SnapshotResponse{9, 77, 500});
    auto snapshot = opening.get();
    REQUIRE(snapshot.is_ok());
    CHECK((*snapshot)->seqno() == 77);
    CHECK((*snapshot)->lease_ms() == 500);
    auto reading = in_background(
        [&] { return f.client->get("k", {.snapshot = snapshot->get(), .timeout_ms = 0}); });
    const Received get = f.peer->read();
    CHECK(get.as<protocol::GetRequest>().snapshot_id == 9);
    f.peer->answer(get, Fixture::found("then"));
    CHECK(reading.get().is_ok());
    snapshot->reset();
    CHECK(f.peer->read().as<protocol::SnapshotCloseRequest>().snapshot_id == 9);
}

}  // namespace kv::client_test

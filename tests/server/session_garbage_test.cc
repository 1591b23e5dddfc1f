// server/session.h against damaged conversations: any bytes give answers or a closed session, never
// a crash, and everything that was begun comes back.
// SPDX-License-Identifier: Apache-2.0
#include "server/session_fixture.h"
#include "support/seed.h"

namespace kv::server {

namespace {

/// A long, valid conversation that touches every operation.
std::string conversation(uint64_t first_id) {
    uint64_t id = first_id;
    protocol::BatchRequest batch;
    batch.preconditions.push_back({protocol::BatchPrecondition::Kind::kAbsent, "x", "", 0});
    batch.ops.push_back({protocol::BatchOp::Kind::kPut, "x", "1", 0, 0});
    batch.ops.push_back({protocol::BatchOp::Kind::kIncrement, "n", "", 0, 4});
    std::string bytes = put(id++, "a", "1");
    bytes += get(id++, "a");
    bytes += increment(id++, "n");
    bytes += frame(Opcode::kBatch, id++, batch);
    bytes += frame(Opcode::kScan, id++, protocol::ScanRequest{});
    bytes += frame(Opcode::kScanCredit, id++, protocol::ScanCreditRequest{first_id + 4, 10});
    bytes += frame(Opcode::kCancel, id++, protocol::CancelRequest{first_id});
    bytes += frame(Opcode::kMultiGet, id++, protocol::MultiGetRequest{0, {"a", "b"}});
    bytes += frame(Opcode::kCount, id++, protocol::CountRequest{true, 0, {}});
    bytes += frame(Opcode::kSnapshotOpen, id++, protocol::SnapshotOpenRequest{});
    bytes += frame(Opcode::kStats, id++, protocol::StatsRequest{});
    bytes += ping(id++, protocol::flag::kFence);
    bytes += frame(Opcode::kDelete, id++, protocol::DeleteRequest{"a"});
    bytes += frame(Opcode::kDeleteRange, id++, protocol::DeleteRangeRequest{{"a", "b", ""}});
    return bytes;
}

}  // namespace

TEST_CASE("session: damaged conversations end in answers, whatever was damaged") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 1500; ++round) {
        SessionFixture fixture;
        fixture.db.cold = random.next() % 2 == 0;
        std::string bytes = (random.next() % 8 == 0 ? "" : hello()) + conversation(2);
        for (uint64_t flips = random.next() % 4; flips > 0; --flips) {
            bytes[random.next() % bytes.size()] = static_cast<char>(random.next());
        }
        if (random.next() % 4 == 0) bytes.resize(random.next() % bytes.size());
        Bytes rest = bytes;
        while (!rest.empty() && fixture.session().end() == Session::End::kOpen) {
            const size_t size = std::min<size_t>(rest.size(), 1 + random.next() % 400);
            fixture.send(rest.substr(0, size));
            rest.remove_prefix(size);
            if (!fixture.posted.empty() && random.next() % 2 == 0) fixture.finish_task();
        }
        fixture.tick(random.next() % 2 == 0 ? 1 : 100'000);
        if (random.next() % 2 == 0) fixture.session().on_drain(fixture.now());
        fixture.finish_all();
        fixture.answers();
        fixture.finish_all();
        CHECK(fixture.session().in_flight() == 0);
    }
}

}  // namespace kv::server

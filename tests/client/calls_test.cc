// Calls of one client: what goes out, what comes back, in which order.
// SPDX-License-Identifier: Apache-2.0
#include <sys/mman.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "client/fixture.h"
#include "kv/client_pipeline.h"

namespace kv::client_test {

TEST_CASE("client: get gives the entry the server sent") {
    Fixture f;
    auto call = f.get("k");
    const Received request = f.peer->read();
    CHECK(request.header.opcode == Opcode::kGet);
    CHECK(request.header.deadline_ms > 0);
    CHECK(request.header.deadline_ms <= patient().operation_timeout_ms);
    CHECK(request.as<protocol::GetRequest>().key == "k");
    f.peer->answer(request, Fixture::found("v"));
    const auto entry = call.get();
    REQUIRE(entry.is_ok());
    REQUIRE(entry->has_value());
    CHECK((*entry)->value == "v");
    CHECK((*entry)->seqno == 7);
}

TEST_CASE("client: a key without an entry is no error") {
    Fixture f;
    auto call = f.get("k");
    f.peer->answer(f.peer->read(), protocol::GetResponse{});
    const auto entry = call.get();
    REQUIRE(entry.is_ok());
    CHECK_FALSE(entry->has_value());
}

TEST_CASE("client: answers may overtake each other") {
    Fixture f;
    auto first = f.get("1");
    const Received one = f.peer->read();
    auto second = f.get("2");
    const Received two = f.peer->read();
    f.peer->answer(two, Fixture::found("second"));
    CHECK((*second.get())->value == "second");
    f.peer->answer(one, Fixture::found("first"));
    CHECK((*first.get())->value == "first");
}

TEST_CASE("client: a range delete carries its bounds, and an old server's refusal is told") {
    Fixture f;
    const auto delete_logs = [&] { return f.client->delete_range({"log:1", "log:7", "log:"}); };
    auto call = in_background(delete_logs);
    const Received request = f.peer->read();
    CHECK(request.header.opcode == Opcode::kDeleteRange);
    CHECK(request.as<protocol::DeleteRangeRequest>().range ==
          protocol::KeyRange{"log:1", "log:7", "log:"});
    f.peer->answer(request, protocol::WriteResponse{9, 9, protocol::Durability::kDisk, {}});
    CHECK(call.get()->last_seqno == 9);
    auto refused = in_background(delete_logs);
    f.peer->refuse(f.peer->read(), protocol::WireStatus::kUnsupported, "not offered");
    CHECK(refused.get().status().is(Code::kUnsupported));
}

TEST_CASE("client: an explained read carries what it reads and gives the server's lines") {
    Fixture f;
    auto get = in_background([&] { return f.client->explain_get("k"); });
    const Received first = f.peer->read();
    CHECK(first.header.opcode == Opcode::kExplain);
    using Read = protocol::ExplainRequest::Read;
    CHECK(first.as<protocol::ExplainRequest>() == protocol::ExplainRequest{Read::kGet, 0, "k"});
    f.peer->answer(first, protocol::ExplainResponse{"absent\n"});
    CHECK(*get.get() == "absent\n");
    auto scan = in_background([&] { return f.client->explain_scan({"a", "b", ""}, 7); });
    const Received second = f.peer->read();
    CHECK(second.as<protocol::ExplainRequest>() ==
          protocol::ExplainRequest{Read::kScan, 0, "", 7, {"a", "b", ""}});
    f.peer->refuse(second, protocol::WireStatus::kUnsupported, "not offered");
    CHECK(scan.get().status().is(Code::kUnsupported));
}

TEST_CASE("client: a checkpoint is asked for by name, and told of") {
    Fixture f;
    auto call = in_background([&] { return f.client->checkpoint("monday", 60'000); });
    const Received request = f.peer->read();
    CHECK(request.header.opcode == Opcode::kCheckpoint);
    CHECK(request.header.deadline_ms > 0);
    CHECK(request.header.deadline_ms <= 60'000);
    CHECK(request.as<protocol::CheckpointRequest>().name == "monday");
    f.peer->answer(request,
                   protocol::CheckpointResponse{"/data/checkpoints/monday", 9, 3, 300, 1, 7});
    const auto made = call.get();
    REQUIRE(made.is_ok());
    CHECK(made->path == "/data/checkpoints/monday");
    CHECK(made->seqno == 9);
    CHECK(made->tables == 3);
    CHECK(made->table_bytes == 300);
    CHECK(made->copied_tables == 1);
    CHECK(made->log_bytes == 7);
}

TEST_CASE("client: writes carry durability and mutations") {
    ClientOptions options = patient();
    options.durability = client::Durability::kOs;
    Fixture f(options);
    client::Batch batch;
    batch.require_absent("a");
    batch.require_value("b", "old");
    batch.put_with_expiry("c", "1", 99);
    batch.increment("n", -3);
    batch.del("d");
    auto call = in_background([&] { return f.client->write(batch); });
    const Received request = f.peer->read();
    CHECK(request.header.durability() == protocol::Durability::kOs);
    const auto sent = request.as<protocol::BatchRequest>();
    REQUIRE(sent.preconditions.size() == 2);
    CHECK(sent.preconditions[0].key == "a");
    CHECK(sent.preconditions[1].value == "old");
    REQUIRE(sent.ops.size() == 3);
    CHECK(sent.ops[0].expiry_ms == 99);
    CHECK(sent.ops[1].by == -3);
    CHECK(sent.ops[2].kind == protocol::BatchOp::Kind::kDelete);
    f.peer->answer(request, protocol::WriteResponse{5, 7, protocol::Durability::kDisk, {39}});
    const auto receipt = call.get();
    REQUIRE(receipt.is_ok());
    CHECK(receipt->last_seqno == 7);
    CHECK(receipt->counters == std::vector<int64_t>{39});
}

TEST_CASE("client: the server's error arrives with message and detail") {
    Fixture f;
    auto call = f.put("k", "v");
    f.peer->refuse(f.peer->read(), protocol::WireStatus::kConflict, "k is newer", 42);
    const auto receipt = call.get();
    REQUIRE_FALSE(receipt.is_ok());
    CHECK(receipt.error().is(Code::kConflict));
    CHECK(receipt.error().detail() == 42);
    CHECK(receipt.error().message() == "k is newer");
}

TEST_CASE("client: a write the server cannot vouch for is in doubt, a read is not") {
    Fixture f;
    auto write = f.put("k", "v");
    f.peer->refuse(f.peer->read(), protocol::WireStatus::kIoError, "EIO");
    CHECK(write.get().error().is(Code::kInDoubt));
    auto read = f.get("k");
    f.peer->refuse(f.peer->read(), protocol::WireStatus::kIoError, "EIO");
    CHECK(read.get().error().is(Code::kIoError));
}

TEST_CASE("client: sends no more requests than the server allows") {
    protocol::HelloResponse hello = Peer::default_hello();
    hello.max_outstanding = 2;
    Fixture f(patient(), hello);
    auto first = f.get("1");
    auto second = f.get("2");
    const Received one = f.peer->read();
    const Received two = f.peer->read();
    auto third = f.get("3");
    CHECK(f.peer->silent_for(50));
    f.peer->answer(two, Fixture::found("x"));
    const Received three = f.peer->read();
    CHECK(three.as<protocol::GetRequest>().key == "3");
    f.peer->answer(one, Fixture::found("x"));
    f.peer->answer(three, Fixture::found("x"));
    CHECK(first.get().is_ok());
    CHECK(second.get().is_ok());
    CHECK(third.get().is_ok());
}

TEST_CASE("client: a request above the frame limit is refused before it can harm others") {
    protocol::HelloResponse hello = Peer::default_hello();
    hello.max_frame_bytes = 1000;
    Fixture f(patient(), hello);
    const auto receipt = f.client->put("k", std::string(2000, 'x'));
    REQUIRE_FALSE(receipt.is_ok());
    CHECK(receipt.error().is(Code::kInvalidArgument));
    auto call = f.get("k");
    f.peer->answer(f.peer->read(), Fixture::found("still here"));
    CHECK(call.get().is_ok());
}

TEST_CASE("client: a request that no frame can hold is refused without being read") {
    Fixture f;
    constexpr size_t kSize = size_t{1} << 32;
    void* const nothing =
        ::mmap(nullptr, kSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    REQUIRE(nothing != MAP_FAILED);
    const Bytes huge(static_cast<const char*>(nothing), kSize);
    client::PutOptions if_absent;
    if_absent.if_absent = true;
    for (const Status& status :
         {f.client->put("k", huge).status(), f.client->put("k", huge, if_absent).status(),
          f.client->get(huge).status(), f.client->multi_get({"k", huge}).status(),
          f.client->put("k", huge.substr(1)).status(), f.client->drop_keyspace(huge).status()}) {
        INFO(status.to_string());
        CHECK(status.is(Code::kInvalidArgument));
        CHECK(status.message().find("split it") != std::string_view::npos);
    }
    ::munmap(nothing, kSize);
    CHECK(f.peer->silent_for(50));
}

TEST_CASE("client: a large value survives partial sends and receives") {
    Fixture f;
    const std::string big(8 << 20, 'b');
    auto write = f.put("k", big);
    const Received request = f.peer->read();
    CHECK(request.as<protocol::PutRequest>().value == big);
    f.peer->answer(request, Fixture::written(1));
    CHECK(write.get().is_ok());
    auto read = f.get("k");
    f.peer->answer(f.peer->read(), Fixture::found(big));
    CHECK((*read.get())->value == big);
}

TEST_CASE("client: many threads share one connection and each gets its own answer") {
    Fixture f;
    constexpr int kThreads = 8;
    constexpr int kCalls = 200;
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < kCalls; ++i) {
                const std::string key = std::to_string(t) + ":" + std::to_string(i);
                const auto entry = f.client->get(key);
                if (!entry.is_ok() || !entry->has_value() || (*entry)->value != key) ++wrong;
            }
        });
    }
    for (int i = 0; i < kThreads * kCalls; ++i) {
        const Received request = f.peer->read();
        f.peer->answer(request, Fixture::found(request.as<protocol::GetRequest>().key));
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
}

TEST_CASE("client: multi_get gives one answer a key, in order") {
    Fixture f;
    auto call = in_background([&] { return f.client->multi_get({"a", "b"}); });
    const Received request = f.peer->read();
    CHECK(request.as<protocol::MultiGetRequest>().keys == std::vector<Bytes>{"a", "b"});
    f.peer->answer(request, protocol::MultiGetResponse{{Fixture::found("1"), {}}});
    const auto entries = call.get();
    REQUIRE(entries.is_ok());
    REQUIRE(entries->size() == 2);
    CHECK((*entries)[0]->value == "1");
    CHECK_FALSE((*entries)[1].has_value());
}

TEST_CASE("pipeline: keeps to its depth and reports the first error") {
    Fixture f;
    std::atomic<int> good{0};
    client::Pipeline pipeline(*f.client, 2, {}, [&](uint64_t, const auto& result) {
        if (result.is_ok()) ++good;
    });
    client::Batch batch;
    batch.put("k", "v");
    CHECK(pipeline.write(batch, 1).is_ok());
    CHECK(pipeline.write(batch, 2).is_ok());
    auto third = in_background([&] { return pipeline.write(batch, 3); });
    const Received one = f.peer->read();
    const Received two = f.peer->read();
    CHECK(f.peer->silent_for(50));
    f.peer->answer(one, Fixture::written(1));
    const Received three = f.peer->read();
    CHECK(third.get().is_ok());
    f.peer->answer(two, Fixture::written(2));
    f.peer->refuse(three, protocol::WireStatus::kNoSpace, "disk full");
    CHECK(pipeline.drain().is(Code::kNoSpace));
    CHECK(good == 2);
    CHECK(pipeline.write(batch, 4).is(Code::kNoSpace));
}

}  // namespace kv::client_test

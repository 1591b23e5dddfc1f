// Threads and callbacks that all find the connection unusable at the same moment. Each test has
// many rounds, because who comes first is up to the machine.
// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <catch2/catch.hpp>

#include "client/fixture.h"

namespace kv::client_test {

namespace {

constexpr int kRounds = 20;

class Event {
  public:
    void set() {
        happened_ = true;
        happened_.notify_all();
    }
    void wait() const { happened_.wait(false); }

  private:
    std::atomic<bool> happened_{false};
};

client::Batch one_put() {
    client::Batch batch;
    batch.put("k", "v");
    return batch;
}

/// Answers a GET and a BATCH, in the order they come.
void answer_both(Peer& peer) {
    for (int i = 0; i < 2; ++i) {
        const Received request = peer.read();
        if (request.header.opcode == Opcode::kGet) {
            peer.answer(request, Fixture::found("v"));
        } else {
            peer.answer(request, Fixture::written(1));
        }
    }
}

}  // namespace

TEST_CASE(
    "client: after a lost connection, a caller's retry and a callback's call both get through") {
    Fixture f;
    for (int round = 0; round < kRounds; ++round) {
        Event retries;
        std::promise<Status> written;
        auto read = in_background([&] {
            const bool lost = !f.client->get("k").is_ok();
            retries.set();
            return lost && f.client->get("k").is_ok();
        });
        (void)f.peer->read();
        f.client->submit_write(one_put(), {}, [&](const auto& /*lost*/) {
            retries.wait();  // that call ended before this one
            f.client->submit_write(one_put(), {},
                                   [&](const auto& result) { written.set_value(result.status()); });
        });
        (void)f.peer->read();
        f.peer->close();
        f.peer.emplace(f.server.accept());
        answer_both(*f.peer);
        CHECK(read.get());
        CHECK(written.get_future().get().is_ok());
    }
}

TEST_CASE("client: after a goaway, a caller and the last answer's callback both get through") {
    Fixture f;
    for (int round = 0; round < kRounds; ++round) {
        Event in_callback;
        Event calls;
        std::promise<Status> written;
        auto read = in_background([&] {
            in_callback.wait();
            calls.set();
            return f.client->get("k").is_ok();
        });
        f.client->submit_write(one_put(), {}, [&](const auto& /*accepted*/) {
            in_callback.set();
            calls.wait();
            f.client->submit_write(one_put(), {},
                                   [&](const auto& result) { written.set_value(result.status()); });
        });
        const Received last = f.peer->read();
        f.peer->go_away(last.header.request_id);
        f.peer->answer(last, Fixture::written(1));
        Peer next = f.server.accept();
        answer_both(next);
        CHECK(read.get());
        CHECK(written.get_future().get().is_ok());
        f.peer->wait_closed();
        f.peer.emplace(std::move(next));
    }
}

}  // namespace kv::client_test

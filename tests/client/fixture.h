// What the tests of the client share: a client connected to a fake server, and calls that run while
// the test plays the server.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "client/fake_server.h"
#include "client/patience.h"
#include "kv/client.h"

namespace kv::client_test {

using protocol::Opcode;

template <class Function>
auto in_background(Function function) {
    return std::async(std::launch::async, std::move(function));
}

/// Time limits that no test reaches, for those that are not about them.
inline ClientOptions patient() {
    ClientOptions options;
    options.connect_timeout_ms = 2 * std::chrono::milliseconds(test::kPatience).count();
    options.operation_timeout_ms = options.connect_timeout_ms;
    return options;
}

struct Fixture {
    FakeServer server;
    std::optional<Peer> peer;
    std::unique_ptr<Client> client;

    explicit Fixture(ClientOptions options = patient(),
                     const protocol::HelloResponse& hello = Peer::default_hello()) {
        options.address = server.address();
        auto connecting = in_background([options] { return Client::connect(options); });
        peer.emplace(server.accept(hello));
        auto connected = connecting.get();
        if (!connected.is_ok()) throw std::runtime_error(connected.error().to_string());
        client = std::move(*connected);
    }

    auto get(std::string key, uint32_t timeout_ms = 0) {
        return in_background([this, key = std::move(key), timeout_ms] {
            return client->get(key, {.snapshot = nullptr, .timeout_ms = timeout_ms});
        });
    }
    auto put(std::string key, std::string value, uint32_t timeout_ms = 0) {
        return in_background([this, key = std::move(key), value = std::move(value), timeout_ms] {
            client::PutOptions options;
            options.timeout_ms = timeout_ms;
            return client->put(key, value, options);
        });
    }
    static protocol::GetResponse found(Bytes value) { return {true, 7, 0, value}; }
    static protocol::WriteResponse written(uint64_t seqno) {
        return {seqno, seqno, protocol::Durability::kDisk, {}};
    }
};

}  // namespace kv::client_test

// ControlFixture: runs one control command a line for one of several clients and shows the answer's
// bytes. What it asks of its session, and mail, is noted instead of done. Expectations in the tests
// that use it are what a Redis 7.0.15 answers to the same lines, unless they are about what kvd
// does differently.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kv/clock.h"
#include "server/commands/command_table.h"
#include "server/commands/control_context.h"
#include "server/commands/store_report.h"
#include "server/fake_db.h"
#include "server/shared_state.h"

namespace kv::server {

/// Of a message, as it is sent.
inline std::string text_of(const Mail& message) {
    return *message.text + (message.tail != nullptr ? *message.tail : "");
}

/// Notes what a command asked of its session.
struct NotedSession final : SessionControl {
    bool closing = false;
    int resets = 0;
    uint32_t database = 0;
    ReplyMode reply_mode = ReplyMode::kOn;
    Durability level = Durability::kDisk;
    uint64_t held_until_us = 0;
    ClientHandle* client = nullptr;
    std::string sent;  ///< Ahead of the command's answer.

    void close_after_reply() override { closing = true; }
    void reset() override {
        ++resets;
        choose_version(protocol::resp::Version::k2);
    }
    void send_messages() override {
        for (const Mail& message : client->take_messages()) sent += text_of(message);
    }
    void choose_version(protocol::resp::Version version) override {
        client->resp_version = static_cast<uint8_t>(version);
    }
    void select(uint32_t to) override { client->database = database = to; }
    void set_reply_mode(ReplyMode mode) override { reply_mode = mode; }
    void set_durability(Durability to) override { level = to; }
    Durability durability() const override { return level; }
    void hold_until(uint64_t until_us) override { held_until_us = until_us; }
};

/// Counts the calls; the test takes the mail itself.
struct NotedCarrier final : MailCarrier {
    std::atomic<size_t> calls = 0;
    void on_mail(std::shared_ptr<ClientHandle>) override { ++calls; }
};

class ControlFixture {
  public:
    using Version = protocol::resp::Version;
    struct Client {
        std::shared_ptr<ClientHandle> handle;
        NotedSession session;
    };

    ControlFixture() { config.read_threads = 1; }

    FakeDb db;
    FakeClock clock;
    config::Config config;
    NotedCarrier carrier;

    SharedState& shared() {
        if (shared_ == nullptr) shared_ = std::make_unique<SharedState>(db, config, clock, 2);
        return *shared_;
    }
    /// Client 1 is there from the first look on, and is who answer() runs for.
    Client& client(size_t number = 1);

    std::string answer(const std::vector<std::string>& words, size_t number = 1);
    /// `line` is parted by single spaces; `""` is the empty word, `_` within a word a space.
    std::string answer(std::string_view line, size_t number = 1) {
        return answer(words_of(line), number);
    }
    /// `expected` shows each line end as '|'.
    void expect(std::string_view line, std::string_view expected, size_t number = 1) {
        INFO(line);
        CHECK(with_bars(answer(line, number)) == expected);
    }
    /// What the client was sent by others, and what it was told to do: "KILL", "WAKE".
    std::string mail(size_t number = 1);

    static std::vector<std::string> words_of(std::string_view line);
    static std::string with_bars(std::string_view answer);
    /// The text of a bulk or verbatim string.
    static std::string body_of(const std::string& answer);

  private:
    std::unique_ptr<SharedState> shared_;
    std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace kv::server

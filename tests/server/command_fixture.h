// CommandFixture: runs one data command a line against a MapView and shows the answer's bytes.
// Expectations in the tests that use it are what a Redis 7.0.15 answers to the same lines, unless
// they are about what kvd does differently.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "kv/clock.h"
#include "protocol/resp/reply_writer.h"
#include "server/commands/data_handlers.h"
#include "server/fake_db.h"
#include "server/map_view.h"
#include "server/shared_state.h"

namespace kv::server {

class CommandFixture {
  public:
    using Version = protocol::resp::Version;

    CommandFixture() { config.read_threads = 1; }

    FakeDb db;
    FakeClock clock;
    config::Config config;
    MapView view;
    uint32_t database = 0;
    Version version = Version::k2;

    SharedState& shared() {
        if (shared_ == nullptr) shared_ = std::make_unique<SharedState>(db, config, clock, 1);
        return *shared_;
    }

    /// The answer to the words of `line`: parted by single spaces, `\xHH` is a byte, `""` the
    /// empty word, `_` within a word a space. An error status is shown as "status: ...".
    std::string answer(std::string_view line) { return answer(words_of(line)); }
    std::string answer(const std::vector<std::string>& words);

    /// `expected` shows each line end as '|'.
    template <size_t kSize>
    void expect(std::string_view line, const char (&expected)[kSize]) {
        INFO(line);
        CHECK(with_bars(answer(line)) == std::string(expected, kSize - 1));
    }
    /// The commands run, and the answers are not looked at.
    void given(const std::vector<std::string_view>& lines) {
        for (const std::string_view line : lines) answer(line);
    }

    static std::vector<std::string> words_of(std::string_view line);
    static std::string with_bars(std::string_view answer);

  private:
    std::unique_ptr<SharedState> shared_;
};

/// How many whole RESP values `text` is; 0 when it does not end with one.
size_t count_answers(std::string_view text);

}  // namespace kv::server

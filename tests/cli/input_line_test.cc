// Reading lines of standard input: its end is not an interruption. The tests put a pipe in the
// place of standard input and give the old one back.
// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdio>
#include <thread>

#include "cli/repl.h"

namespace kv::cli {

namespace {

class PipedInput {
  public:
    PipedInput() : old_(::dup(STDIN_FILENO)) {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        ::dup2(ends[0], STDIN_FILENO);
        ::close(ends[0]);
        writer_ = ends[1];
        std::clearerr(stdin);
    }
    ~PipedInput() {
        end();
        ::dup2(old_, STDIN_FILENO);
        ::close(old_);
        std::clearerr(stdin);
    }
    PipedInput(const PipedInput&) = delete;
    PipedInput& operator=(const PipedInput&) = delete;

    void write(const std::string& bytes) {
        REQUIRE(::write(writer_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    }
    void end() {
        if (writer_ >= 0) ::close(writer_);
        writer_ = -1;
    }

  private:
    int old_;
    int writer_ = -1;
};

}  // namespace

TEST_CASE("input line: lines come one by one, then the end") {
    PipedInput input;
    input.write("one\ntwo");
    input.end();
    CHECK(read_input_line()->value() == "one\n");
    CHECK(read_input_line()->value() == "two");
    const InputLine end = read_input_line();
    REQUIRE(end.is_ok());
    CHECK_FALSE(end->has_value());
}

TEST_CASE("input line: a signal in the middle of a line is cancelled, not the end") {
    PipedInput input;
    input.write("put half");
    struct sigaction action {};
    struct sigaction old {};
    action.sa_handler = [](int) {};
    REQUIRE(::sigaction(SIGINT, &action, &old) == 0);
    InputLine line = std::optional<std::string>();
    std::atomic<bool> ended{false};
    std::thread reader([&] {
        line = read_input_line();
        ended = true;
    });
    // A signal from before the read began is lost; one of the next interrupts it.
    while (!ended) {
        ::pthread_kill(reader.native_handle(), SIGINT);
        std::this_thread::yield();
    }
    reader.join();
    ::sigaction(SIGINT, &old, nullptr);
    REQUIRE_FALSE(line.is_ok());
    CHECK(line.error().is(Code::kCancelled));
}

}  // namespace kv::cli

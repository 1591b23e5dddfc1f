// server/last_words.h: what is said of an exception that nobody catches, and that kvd aborts.
// SPDX-License-Identifier: Apache-2.0
#include "server/last_words.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <new>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "server/log.h"
#include "support/death.h"
#include "support/temp_dir.h"

namespace kv::server {

namespace {

/// What goes to standard error when a thread of a process that logs so lets `thrown` through.
template <class Exception>
std::string last_words_of(const Exception& thrown, const config::Config& config = {}) {
    return test::message_of_abort([&] {
        say_last_words_on_terminate();
        if (!start_log(config).is_ok()) return;
        std::thread([&] { throw thrown; }).join();
    });
}
bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("last words: no memory names the limits, in one line of the log") {
    const std::string said = last_words_of(std::bad_alloc());
    CHECK(contains(said, "Z error out of memory: kvd aborts"));
    CHECK(contains(said, "engine.memory_budget"));
    CHECK(said.ends_with("limit)\n"));
    CHECK_FALSE(contains(said, "terminate called"));
}

TEST_CASE("last words: any other exception is told by its text") {
    CHECK(contains(last_words_of(std::runtime_error("no more threads")),
                   "error kvd aborts on an exception that nobody caught: no more threads\n"));
    CHECK(contains(last_words_of(7), "on an exception that nobody caught\n"));
}

TEST_CASE("last words: go to the log file, in the log's form") {
    const test::TempDir dir;
    config::Config config;
    config.log_file = dir.file("kvd.log");
    config.log_format = "json";
    CHECK(last_words_of(std::runtime_error("a \"quoted\"\nreason"), config).empty());
    std::ostringstream text;
    text << std::ifstream(config.log_file).rdbuf();
    CHECK(text.str().starts_with("{\"time\":\"2"));
    CHECK(
        text.str().ends_with("\"level\":\"error\",\"message\":\"kvd aborts on an exception that "
                             "nobody caught: a  quoted  reason\"}\n"));
}

}  // namespace kv::server

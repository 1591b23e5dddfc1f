// server/log.h: the form of its lines, and what it says of a file that cannot be opened.
// SPDX-License-Identifier: Apache-2.0
#include "server/log.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "server/data_directory.h"
#include "support/death.h"
#include "support/temp_dir.h"

namespace kv::server {

namespace {

/// What a process logs to a standard error that is, or is not, what JOURNAL_STREAM names.
std::string logged(bool to_journal) {
    return test::message_of_abort([&] {
        struct stat info {};
        if (fstat(STDERR_FILENO, &info) != 0) return;
        const std::string stream =
            std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino + (to_journal ? 0 : 1));
        (void)::setenv("JOURNAL_STREAM", stream.c_str(), 1);
        if (!start_log({}).is_ok()) return;
        log_error("one");
        log_warning("two");
        stop_log();
        log_last_words("three");
        std::abort();
    });
}

/// Lets no file be opened for as long as it lives.
class [[maybe_unused]] NoDescriptors {
  public:
    NoDescriptors() {
        REQUIRE(getrlimit(RLIMIT_NOFILE, &before_) == 0);
        const rlimit none{0, before_.rlim_max};
        REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
    }
    ~NoDescriptors() { (void)setrlimit(RLIMIT_NOFILE, &before_); }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;

  private:
    rlimit before_{};
};

}  // namespace

TEST_CASE("log: lines to the journal bring their priority, and leave the time to it") {
    CHECK(logged(true) == "<3>one\n<4>two\n<3>three\n");
}

TEST_CASE("log: what a service has inherited of the journal counts for the journal only") {
    const std::string text = logged(false);
    CHECK(text.starts_with("2"));
    CHECK(text.find("Z error one\n") != std::string::npos);
    CHECK(text.find("Z error three\n") != std::string::npos);
}

// Not under UndefinedBehaviorSanitizer, which opens a pipe for a look at an object's type.
#ifndef __SANITIZE_ADDRESS__
TEST_CASE("log: a file that cannot be opened for want of room may be opened at the next start") {
    const test::TempDir dir;
    config::Config config;
    config.log_file = dir.file("kvd.log");
    Status status;
    {
        const NoDescriptors none;
        status = start_log(config);
    }
    INFO(status.to_string());
    CHECK(status.message().find(config.log_file) != std::string_view::npos);
    CHECK(status.message().find("Too many open files") != std::string_view::npos);
    CHECK(may_pass(status));

    config.log_file = dir.file("none/kvd.log");
    status = start_log(config);
    CHECK(status.message().find("make its directory first") != std::string_view::npos);
    CHECK_FALSE(may_pass(status));
}
#endif

}  // namespace kv::server

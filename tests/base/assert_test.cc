// A broken invariant ends the process, with a message.
// SPDX-License-Identifier: Apache-2.0
#include "kv/assert.h"

#include <catch2/catch.hpp>
#include <thread>

#include "kv/deterministic_executor.h"
#include "support/death.h"

using Catch::Contains;
using kv::DeterministicExecutor;
using kv::Lane;
using kv::test::message_of_abort;

TEST_CASE("KV_ASSERT: passes silently, or aborts with condition, file and line") {
    CHECK_THAT(message_of_abort([] { KV_ASSERT(1 + 1 == 2); }), Contains("did not abort"));
    const std::string message = message_of_abort([] { KV_ASSERT(1 + 1 == 3); });
    CHECK_THAT(message, Contains("1 + 1 == 3") && Contains("assert_test.cc:"));
}

TEST_CASE("deterministic executor: a wait that can never end stops the process") {
    CHECK_THAT(message_of_abort([] {
                   DeterministicExecutor executor(1);
                   executor.post(Lane::kLog, [] {});
                   const std::atomic<uint32_t> flag{0};
                   executor.wait(flag);
               }),
               Contains("this wait never ends"));
}

TEST_CASE("deterministic executor: a job that waits for its own lane stops the process") {
    CHECK_THAT(message_of_abort([] {
                   DeterministicExecutor executor(1);
                   std::atomic<uint32_t> flag{0};
                   executor.post(Lane::kLog, [&] { executor.wait(flag); });
                   executor.post(Lane::kLog, [&] { executor.signal(flag); });
                   executor.run_until_idle();
               }),
               Contains("this wait never ends"));
}

TEST_CASE("deterministic executor: another thread may not use it") {
    CHECK_THAT(message_of_abort([] {
                   DeterministicExecutor executor(1);
                   std::thread([&] { executor.post(Lane::kLog, [] {}); }).join();
               }),
               Contains("on_the_thread_that_made_this_executor"));
}

// Sleeping until a write is answered: before, in and outside a round, and with real threads.
// SPDX-License-Identifier: Apache-2.0
#include "db/blocked_writers.h"

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "db/write_queue.h"
#include "kv/deterministic_executor.h"

using namespace kv;
using namespace kv::db;

namespace {

void answer_all(BlockedWriters& writers, std::vector<BlockedWriter*> answered) {
    BlockedWriters::Answers answers(writers);
    for (BlockedWriter* writer : answered) answers.answer(BlockedWriters::lend(*writer));
    answers.wake();
}

}  // namespace

TEST_CASE("blocked writers: one that is answered already does not sleep") {
    DeterministicExecutor executor(1);
    BlockedWriters writers(executor);
    BlockedWriter early, joined;
    writers.join(joined.request, 7);
    answer_all(writers, {&early, &joined});
    writers.wait(early);
    writers.wait(joined);
    CHECK(executor.steps() == 0);
}

TEST_CASE("blocked writers: one that sleeps before it joins is woken all the same") {
    DeterministicExecutor executor(1);
    BlockedWriters writers(executor);
    BlockedWriter writer;
    executor.post(Lane::kCommit, [&] {
        writers.join(writer.request, 1);
        executor.post(Lane::kLog, [&] { answer_all(writers, {&writer}); });
    });
    writers.wait(writer);
    CHECK(executor.steps() == 2);
}

TEST_CASE("blocked writers: another round's end does not pass for the own") {
    DeterministicExecutor executor(1);
    BlockedWriters writers(executor);
    BlockedWriter first, second, far;
    writers.join(first.request, 1);
    writers.join(second.request, 2);
    writers.join(far.request, 6);  // may share the word of round 2
    executor.post(Lane::kLog, [&] { answer_all(writers, {&first}); });
    executor.post(Lane::kLog, [&] { answer_all(writers, {&far}); });
    executor.post(Lane::kLog, [&] { answer_all(writers, {&second}); });
    writers.wait(second);
    CHECK(executor.steps() == 3);
    writers.wait(first);
    writers.wait(far);
}

TEST_CASE("blocked writers: no wake-up is lost among real threads") {
    constexpr int kWriters = 8, kWrites = 2000;
    const auto executor = make_thread_executor();
    BlockedWriters writers(*executor);
    WriteQueue queue;
    std::vector<std::thread> threads;
    for (int i = 0; i < kWriters; ++i) {
        threads.emplace_back([&] {
            for (int n = 0; n < kWrites; ++n) {
                BlockedWriter writer;
                queue.push(BlockedWriters::lend(writer));
                writers.wait(writer);
            }
        });
    }
    uint64_t round = 0;
    for (int answered = 0; answered < kWriters * kWrites;) {
        RequestChain chain = queue.take_all();
        ++round;
        for (WriteRequest* r = chain.front(); r != nullptr; r = r->next) writers.join(*r, round);
        std::this_thread::yield();
        BlockedWriters::Answers answers(writers);
        for (; !chain.empty(); ++answered) answers.answer(chain.pop_front());
        answers.wake();
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(round > 0);
}

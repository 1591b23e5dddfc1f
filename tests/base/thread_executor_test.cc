// Real threads: order within a lane, parallel lanes, waiting, and the end.
// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "kv/executor.h"

using kv::Executor;
using kv::Lane;
using kv::make_thread_executor;

namespace {

constexpr Lane kLanes[] = {Lane::kCommit, Lane::kLog, Lane::kLogCare, Lane::kFlush,
                           Lane::kCompaction};

std::string current_thread_name() {
    char name[32] = {};
    pthread_getname_np(pthread_self(), name, sizeof name);
    return name;
}

/// Runs `job` on `lane` and waits for it.
template <class Job>
void run_and_wait(Executor& executor, Lane lane, Job job) {
    std::atomic<uint32_t> done{0};
    executor.post(lane, [&] {
        job();
        executor.signal(done);
    });
    executor.wait(done);
}

}  // namespace

TEST_CASE("thread executor: starts and ends with nothing to do") {
    for (int threads = 1; threads <= 3; ++threads) make_thread_executor(threads);
}

TEST_CASE("thread executor: threads are named after their lanes") {
    const auto executor = make_thread_executor();
    std::vector<std::string> names;
    for (const Lane lane : kLanes) {
        run_and_wait(*executor, lane, [&] { names.push_back(current_thread_name()); });
    }
    CHECK(names == std::vector<std::string>{"kv-commit", "kv-log", "kv-log-care", "kv-flush",
                                            "kv-compact-0"});
}

TEST_CASE("thread executor: a serial lane runs jobs of one poster in order, one at a time") {
    const auto executor = make_thread_executor();
    constexpr int kPosters = 3, kJobs = 2000;
    std::vector<int> last(kPosters, -1);  // touched by the lane only
    int running = 0;
    bool ordered = true;
    std::vector<std::thread> posters;
    for (int poster = 0; poster < kPosters; ++poster) {
        posters.emplace_back([&, poster] {
            for (int i = 0; i < kJobs; ++i) {
                executor->post(Lane::kCommit, [&, poster, i] {
                    auto& previous = last[static_cast<size_t>(poster)];
                    ordered = ordered && ++running == 1 && previous == i - 1;
                    previous = i;
                    --running;
                });
            }
        });
    }
    for (std::thread& poster : posters) poster.join();
    run_and_wait(*executor, Lane::kCommit, [&] {
        CHECK(ordered);
        CHECK(last == std::vector<int>(kPosters, kJobs - 1));
    });
}

TEST_CASE("thread executor: lanes run side by side, and compaction runs several jobs") {
    const auto executor = make_thread_executor(2);
    std::atomic<uint32_t> release{0};
    std::atomic<int> inside{0};
    std::vector<std::atomic<uint32_t>> arrived(5), left(5);
    const Lane lanes[] = {Lane::kCommit, Lane::kLog, Lane::kFlush, Lane::kCompaction,
                          Lane::kCompaction};
    for (size_t i = 0; i < 5; ++i) {
        executor->post(lanes[i], [&, i] {
            ++inside;
            executor->signal(arrived[i]);
            executor->wait(release);
            executor->signal(left[i]);
        });
    }
    for (auto& flag : arrived) executor->wait(flag);  // hangs if two share a thread
    CHECK(inside == 5);
    executor->signal(release);
    for (auto& flag : left) executor->wait(flag);
}

TEST_CASE("thread executor: a flag may die as soon as its waiter has seen it") {
    const auto executor = make_thread_executor();
    for (int i = 0; i < 3000; ++i) {
        const auto flag = std::make_unique<std::atomic<uint32_t>>(0);
        executor->post(i % 2 == 0 ? Lane::kLog : Lane::kFlush,
                       [&executor, raw = flag.get()] { executor->signal(*raw); });
        executor->wait(*flag);
    }
}

TEST_CASE("thread executor: what was written before signal is seen after wait") {
    const auto executor = make_thread_executor();
    for (int i = 0; i < 1000; ++i) {
        std::atomic<uint32_t> flag{0};
        int plain = 0;
        executor->post(Lane::kLog, [&] {
            plain = i + 1;
            executor->signal(flag);
        });
        executor->wait(flag);
        REQUIRE(plain == i + 1);
    }
}

TEST_CASE("thread executor: a wait with an end returns for the change, or without it") {
    const std::unique_ptr<Executor> executor = make_thread_executor();
    std::atomic<uint32_t> word{0};
    executor->wait_while_for(word, 0, 0);
    executor->wait_while_for(word, 0, 1000);
    executor->wait_while_for(word, 1, UINT32_MAX);  // has changed before
    CHECK(word == 0);
    executor->post(Lane::kLog, [&] { executor->signal(word); });
    executor->wait_while_for(word, 0, 600'000'000);
    CHECK(word == 1);
}

TEST_CASE("thread executor: delayed jobs run, in the order of their times") {
    const auto executor = make_thread_executor();
    std::string order;
    std::atomic<uint32_t> done{0};
    run_and_wait(*executor, Lane::kCommit, [&] {
        executor->post_after(Lane::kCommit, 30, [&] {
            order += 'c';
            executor->signal(done);
        });
        executor->post_after(Lane::kCommit, 2, [&] { order += 'b'; });
        executor->post_after(Lane::kCommit, 0, [&] { order += 'a'; });
    });
    executor->wait(done);
    CHECK(order == "abc");
}

TEST_CASE("thread executor: the end finishes queued jobs and what they post, drops delayed ones") {
    std::atomic<int> ran{0};
    std::atomic<bool> delayed_ran{false};
    auto owned = std::make_shared<int>(1);
    {
        const auto executor = make_thread_executor(2);
        Executor* raw = executor.get();
        executor->post_after(Lane::kFlush, 3'600'000, [&, owned] { delayed_ran = true; });
        for (int i = 0; i < 100; ++i) {
            executor->post(Lane::kCommit, [&, raw] {
                raw->post(Lane::kLog, [&, raw] {
                    raw->post(Lane::kCompaction, [&, raw] {
                        raw->post_after(Lane::kCommit, 3'600'000, [&] { delayed_ran = true; });
                        raw->post(Lane::kCommit, [&] { ++ran; });
                    });
                });
            });
        }
    }
    CHECK(ran == 100);
    CHECK_FALSE(delayed_ran);
    CHECK(owned.use_count() == 1);
}

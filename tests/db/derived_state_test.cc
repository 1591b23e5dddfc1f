// What is derived from the store's state: db/derived_state.h.
// SPDX-License-Identifier: Apache-2.0
#include "db/derived_state.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

using namespace kv::db;

TEST_CASE("derived state: a thread held up after its look cannot undo a later one's result") {
    enum State { kOverloaded = 1, kCalm = 2 };
    std::atomic<State> store{kOverloaded}, kept{kOverloaded};
    std::thread compaction;
    DerivedState* self = nullptr;
    DerivedState derived([&] {
        const State seen = store;
        if (seen == kOverloaded) {
            store = kCalm;
            compaction = std::thread([&] { self->refresh(); });
            // Nothing may happen meanwhile, so there is nothing to wait for but the bound.
            const auto bound = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
            while (kept != kCalm && std::chrono::steady_clock::now() < bound)
                std::this_thread::yield();
        }
        kept = seen;
    });
    self = &derived;
    derived.refresh();
    compaction.join();
    CHECK(kept == kCalm);
}

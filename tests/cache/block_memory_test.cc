// The range that blocks of a cache lie in.
// SPDX-License-Identifier: Apache-2.0
#include "cache/block_memory.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "base/random.h"
#include "support/seed.h"

using namespace kv;

namespace {

constexpr uint64_t kCapacity = 16U << 20;
constexpr size_t kHugePage = 2U << 20;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kHasRange = false;
#else
constexpr bool kHasRange = true;
#endif

struct Piece {
    char* memory;
    size_t bytes;
    char mark;
};

bool is_whole(const Piece& piece) {
    for (size_t i = 0; i < piece.bytes; ++i) {
        if (piece.memory[i] != piece.mark) return false;
    }
    return true;
}

/// Takes and gives back at random; what it holds keeps its bytes.
void churn(BlockMemory& memory, uint64_t seed, int steps) {
    Random random(seed);
    std::vector<Piece> held;
    for (int step = 0; step < steps; ++step) {
        if (held.empty() || random.below(5) < 3) {
            const size_t bytes = 1 + random.below(random.one_in(20) ? 300'000 : 6000);
            auto* taken = static_cast<char*>(memory.take(bytes));
            if (taken != nullptr) {
                const char mark = static_cast<char>(random.below(256));
                std::memset(taken, mark, bytes);
                held.push_back({taken, bytes, mark});
                continue;
            }
        }
        if (held.empty()) continue;
        std::swap(held[random.below(held.size())], held.back());
        if (!is_whole(held.back())) throw std::runtime_error("a piece was written over");
        memory.give_back(held.back().memory);
        held.pop_back();
    }
    for (const Piece& piece : held) {
        if (!is_whole(piece)) throw std::runtime_error("a piece was written over");
        memory.give_back(piece.memory);
    }
}

}  // namespace

TEST_CASE("block memory: a small cache has none, and uses the heap") {
    BlockMemory memory(1U << 20);
    CHECK(memory.take(100) == nullptr);
    CHECK(memory.mapped_bytes() == 0);
}

TEST_CASE("block memory: takes no more of the machine than it needs, nor than it may") {
    if (!kHasRange) return;
    BlockMemory memory(kCapacity);
    std::vector<void*> taken{memory.take(4096)};
    CHECK(memory.mapped_bytes() == kHugePage);
    while (void* more = memory.take(4096)) {
        CHECK(reinterpret_cast<uintptr_t>(more) % 16 == 0);
        taken.push_back(more);
    }
    CHECK(taken.size() * 4096 >= kCapacity);
    CHECK(memory.mapped_bytes() >= kCapacity);
    CHECK(memory.mapped_bytes() <= kCapacity + kCapacity / 16 + kHugePage);
    for (void* each : taken) memory.give_back(each);
}

TEST_CASE("block memory: what was given back in pieces serves a large block") {
    if (!kHasRange) return;
    BlockMemory memory(kCapacity);
    std::vector<void*> taken;
    while (void* more = memory.take(5000)) taken.push_back(more);
    CHECK(memory.take(kCapacity / 2) == nullptr);
    for (void* each : taken) memory.give_back(each);
    void* large = memory.take(kCapacity);
    REQUIRE(large != nullptr);
    memory.give_back(large);
}

TEST_CASE("block memory: more than it will ever have is refused, whole and at once") {
    if (!kHasRange) return;
    BlockMemory memory(kCapacity);
    CHECK(memory.take(2 * kCapacity) == nullptr);
    CHECK(memory.mapped_bytes() == kHugePage);
}

TEST_CASE("block memory: pieces keep their bytes, from many threads") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    BlockMemory memory(kCapacity);
    std::vector<std::thread> threads;
    for (uint64_t i = 0; i < 3; ++i)
        threads.emplace_back([&memory, seed, i] { churn(memory, seed + i, 4000); });
    for (std::thread& thread : threads) thread.join();
    CHECK(memory.mapped_bytes() <= kCapacity + kCapacity / 16 + kHugePage);
}

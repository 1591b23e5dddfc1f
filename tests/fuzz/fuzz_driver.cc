// A short fuzz run without libFuzzer: every seed, then seeded random mutations of seeds and of
// earlier inputs. One number replays one run; it is printed at the start and on a crash.
//
//   fuzz_x [RUNS]             KV_TEST_SEED=N picks the number
//   fuzz_x --corpus DIR       writes the seeds as files, for libFuzzer
//   fuzz_x --input FILE...    runs these inputs
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>

#include "fuzz/fuzz_target.h"

namespace {

constexpr size_t kMaxInputBytes = 64U << 10;

char current_run[96];

void on_crash(int signal) {
    const size_t size = std::strlen(current_run);
    if (write(STDERR_FILENO, current_run, size) < 0) std::_Exit(1);
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

void run(const std::string& input) {
    // A copy of exactly this size, so that a sanitizer sees any read beyond it.
    const auto copy = std::make_unique<uint8_t[]>(input.size());
    std::memcpy(copy.get(), input.data(), input.size());
    (void)LLVMFuzzerTestOneInput(copy.get(), input.size());
}

class Mutator {
  public:
    Mutator(uint64_t seed, std::vector<std::string> pool)
        : random_(seed), pool_(std::move(pool)), seeds_(pool_.size()) {}

    std::string next() {
        std::string input = pool_[below(pool_.size())];
        for (size_t steps = 1 + below(4); steps > 0; --steps) change(input);
        if (input.size() > kMaxInputBytes) input.resize(kMaxInputBytes);
        // Some mutants live on as parents, in the place of older mutants.
        if (below(8) == 0) {
            if (pool_.size() < 4 * seeds_) {
                pool_.push_back(input);
            } else {
                pool_[seeds_ + below(pool_.size() - seeds_)] = input;
            }
        }
        return input;
    }

  private:
    size_t below(size_t bound) { return static_cast<size_t>(random_() % bound); }

    void change(std::string& input) {
        if (input.empty()) input.push_back('\0');
        const size_t at = below(input.size());
        const size_t length = 1 + below(std::min<size_t>(input.size() - at, 64));
        switch (below(8)) {
            case 0:
                input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
                break;
            case 1:
                input[at] = static_cast<char>(random_());
                break;
            case 2:
                input.erase(at, length);
                break;
            case 3:
                input.insert(at, input.substr(at, length));
                break;
            case 4:
                input.resize(at);
                break;
            case 5:
                store_number(input, at);
                break;
            case 6:
                input.replace(at, length, length, '\0');
                break;
            default: {
                const std::string& other = pool_[below(pool_.size())];
                input.insert(at, other.substr(below(other.size() + 1)));
            }
        }
    }

    void store_number(std::string& input, size_t at) {
        static constexpr uint64_t kNumbers[] = {0,          1,           0x7F,       0x80,
                                                0xFF,       0xFFFF,      0x7FFFFFFF, 0x80000000,
                                                0xFFFFFFFF, 0xFFFFFFF0U, 1U << 20,   UINT64_MAX};
        const uint64_t number = kNumbers[below(std::size(kNumbers))] + below(3) - 1;
        const size_t size = std::min(input.size() - at, size_t{1} << below(4));
        std::memcpy(input.data() + at, &number, size);
    }

    std::mt19937_64 random_;
    std::vector<std::string> pool_;
    size_t seeds_;
};

int write_corpus(const std::string& dir) {
    int number = 0;
    for (const std::string& seed : kv::fuzz::seeds()) {
        std::ofstream out(dir + "/seed-" + std::to_string(number++), std::ios::binary);
        out << seed;
        if (!out.flush()) {
            std::fprintf(stderr, "cannot write to %s\n", dir.c_str());
            return 1;
        }
    }
    return 0;
}

int run_files(char** begin, char** end) {
    for (; begin != end; ++begin) {
        std::ifstream in(*begin, std::ios::binary);
        if (!in) {
            std::fprintf(stderr, "cannot read %s\n", *begin);
            return 1;
        }
        std::snprintf(current_run, sizeof current_run, "\ncrash in an input file\n");
        run(std::string(std::istreambuf_iterator<char>(in), {}));
    }
    return 0;
}

int run_mutations(size_t runs) {
    const char* given = std::getenv("KV_TEST_SEED");
    const uint64_t seed =
        given != nullptr ? std::strtoull(given, nullptr, 0) : std::random_device{}();
    std::printf("KV_TEST_SEED=%llu, %zu runs\n", static_cast<unsigned long long>(seed), runs);
    std::fflush(stdout);
    const std::vector<std::string> good = kv::fuzz::seeds();
    Mutator mutator(seed, good);
    for (size_t i = 0; i < good.size() + runs; ++i) {
        std::snprintf(current_run, sizeof current_run, "\ncrash in run %zu of KV_TEST_SEED=%llu\n",
                      i, static_cast<unsigned long long>(seed));
        run(i < good.size() ? good[i] : mutator.next());
    }
    std::printf("%zu seeds and %zu mutations: fine\n", good.size(), runs);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGABRT, on_crash);
    std::signal(SIGSEGV, on_crash);
    if (argc == 3 && std::strcmp(argv[1], "--corpus") == 0) return write_corpus(argv[2]);
    if (argc >= 3 && std::strcmp(argv[1], "--input") == 0) return run_files(argv + 2, argv + argc);
    return run_mutations(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 20'000);
}

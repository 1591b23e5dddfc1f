// One script under many option sets: every answer is that of a std::map, so all are equal.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "metamorphic/option_sets.h"
#include "metamorphic/runners.h"
#include "support/seed.h"

namespace kv::test {

void check_script(uint64_t seed, size_t length, int mixtures) {
    const std::vector<Step> script = make_script(seed, length);
    const Answers expected = answers_of_model(script);
    for (const OptionSet& set : option_sets(seed, mixtures)) {
        const Answers answers = answers_of_store(script, set.options, seed);
        for (size_t i = 0; i < script.size(); ++i) {
            if (answers[i] == expected[i]) continue;
            const std::string step = describe(script[i]);
            CAPTURE(seed, set.name, i, step);
            REQUIRE(answers[i] == expected[i]);
        }
    }
}

#ifdef KV_METAMORPHIC_LONG
TEST_CASE("metamorphic: long scripts have the same answers under every option set") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    for (uint64_t run = 0; run < 40; ++run) check_script(seed + run, 6000, 12);
}
#else
TEST_CASE("metamorphic: a script has the same answers under every option set") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    for (uint64_t run = 0; run < 4; ++run) check_script(seed + run, 1500, 4);
}
#endif

}  // namespace kv::test

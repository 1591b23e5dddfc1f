// A script's answers: from a std::map that keeps every version, and from a store with given
// options. Thread rule: plain functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "kv/options.h"
#include "metamorphic/script.h"

namespace kv::test {

/// Where the clock of every run begins.
constexpr uint64_t kScriptStartMs = 1'700'000'000'000;

Answers answers_of_model(const std::vector<Step>& script);
/// On a simulated disk and scheduler; `schedule` chooses when background work runs.
Answers answers_of_store(const std::vector<Step>& script, const Options& options,
                         uint64_t schedule);

}  // namespace kv::test

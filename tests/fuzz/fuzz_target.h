// What each fuzz target offers: the function that libFuzzer calls, and seeds to begin from. The
// standalone driver (fuzz_driver.cc) runs the same function where libFuzzer does not exist.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// Runs one input. Returns 0; anything wrong stops the process.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace kv::fuzz {

/// Good inputs of this target, small, made by the code that writes the format.
std::vector<std::string> seeds();

}  // namespace kv::fuzz

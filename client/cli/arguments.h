// The arguments of one kvcli command: positional words and --options, checked against what the
// command knows. Pure functions over words.
//
// A word that starts with two dashes is an option, unless it was quoted or stands behind a lone
// `--`; a single dash starts an ordinary word, so `incr k -5` and `put k -` need no care.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/words.h"
#include "kv/result.h"

namespace kv::cli {

struct OptionSpec {
    std::string_view name;  ///< With its dashes: "--limit".
    bool takes_value;       ///< As `--limit 5` or `--limit=5`.
};

struct Arguments {
    std::vector<std::string> words;
    std::map<std::string, std::string, std::less<>> options;  ///< Flags map to "".
    std::set<size_t> dashes{};  ///< Which of `words` are a `-` that is neither quoted nor escaped.

    bool has(std::string_view option) const { return options.contains(option); }
    /// nullopt when not given.
    std::optional<std::string> value(std::string_view option) const;
    /// The option as an unsigned number, `fallback` when not given. kInvalidArgument otherwise.
    Result<uint64_t> number(std::string_view option, uint64_t fallback) const;
};

/// Sorts `words` into positions and options. kInvalidArgument names an option that is not in
/// `specs`, or that lacks its value.
Result<Arguments> parse_arguments(const std::vector<Word>& words,
                                  const std::vector<OptionSpec>& specs);

/// "10s", "250ms", "5m", "2h", "1d"; a bare number is refused. In milliseconds, > 0.
Result<uint64_t> parse_duration_ms(std::string_view text);
Result<int64_t> parse_int64(std::string_view text);
Result<uint64_t> parse_uint64(std::string_view text);

}  // namespace kv::cli

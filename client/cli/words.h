// Splitting a typed line into words, the way the REPL and scripts on standard input do.
//
// Words are separated by blanks. 'single quotes' keep everything as it is; "double quotes" keep
// blanks and know \" \\ \n \t \r \xHH; outside of quotes only \xHH is an escape. Pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kv/result.h"

namespace kv::cli {

struct Word {
    std::string text;  ///< Escapes already replaced.
    /// Began with a quote, or with dashes written as escapes: never an option, never a comment. Nor
    /// is it the `-` that means standard input: that one stands there alone, as it is.
    bool quoted = false;
};

/// What becomes of \xHH.
enum class Escapes : uint8_t { kReplaced, kKept };

/// The words of one line; none for a blank line or a comment (`#` first). kInvalidArgument, naming
/// the column, when a quote is not closed.
Result<std::vector<Word>> split_words(std::string_view line, Escapes escapes = Escapes::kReplaced);

/// May this line be kept in a history file? Not when it begins with a blank or holds the word
/// `auth` in any case.
bool belongs_in_history(std::string_view line);

}  // namespace kv::cli

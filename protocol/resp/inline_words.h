// Inline commands: a line as a person types it into telnet, cut into words by Redis's rules for
// quotes. Called by RequestParser. Thread rule: a pure function.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "kv/bytes.h"
#include "protocol/resp/args.h"

namespace kv::protocol::resp {

/// Appends the words of `line` (without its line end) to `words`: views of it where a word has no
/// quotes, else views of `store`, which is emptied first. False when a quote is not closed, or is
/// closed in the middle of a word; `words` is then of no use. No escape is longer than what it
/// stands for, so `store` never grows beyond the line.
bool split_inline_words(Bytes line, Args& words, std::string& store);

}  // namespace kv::protocol::resp

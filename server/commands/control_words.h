// The words of a command as the control handlers read them, and answers that many of them give.
// Thread rule: pure, but for the answers, which go to the context.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/commands/argument_words.h"
#include "server/commands/control_context.h"
#include "server/commands/number_text.h"

namespace kv::server {

inline constexpr std::string_view kWrongPassword =
    "WRONGPASS invalid username-password pair or user is disabled.";

/// ASCII letters in lower case.
std::string lower_case(Bytes word);
/// A longer name of a client tells nobody more.
inline constexpr size_t kMaxNameBytes = 4096;
/// Why a client cannot call itself or its library `word`; empty when it can: printable ASCII
/// without a space, or nothing at all. `what` begins the error: "Client names".
std::string name_error(std::string_view what, Bytes word);

/// How old what began at `then_us` is, in seconds.
inline int64_t age_s(uint64_t now_us, uint64_t then_us) {
    return now_us > then_us ? static_cast<int64_t>((now_us - then_us) / 1'000'000) : 0;
}

/// Answers "ERR wrong number of arguments for 'NAME' command".
void answer_wrong_number(ControlContext& context, std::string_view name);
/// The integer in word `i`; when there is none, nullopt and `error` is answered.
std::optional<int64_t> integer_arg(ControlContext& context, size_t i,
                                   std::string_view error = kNotAnInteger);

/// Whether the answer so far, with `more` bytes that are not in it yet, is more than may be
/// answered or than there is room for. If so, it has become an error, and nothing may be added. To
/// be asked wherever words of the command or others' doings make an answer longer.
bool has_outgrown(ControlContext& context, size_t more = 0);

/// Whether word `i` may be matched: as a pattern, or as the name of a channel. If not, it is too
/// long, and that was answered, with `what` it is.
bool takes_matched(ControlContext& context, size_t i, std::string_view what);

/// The milliseconds in word `i`, as CLIENT PAUSE and WAIT take them; else an error is answered.
std::optional<uint64_t> timeout_arg(ControlContext& context, size_t i);
/// Answers what Redis answers where it counts the words of a subcommand itself.
void answer_wrong_number_of(ControlContext& context, std::string_view parent);

}  // namespace kv::server

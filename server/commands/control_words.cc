// See control_words.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands/control_words.h"

#include <algorithm>

namespace kv::server {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

std::string lower_case(Bytes word) {
    std::string lowered(word);
    std::transform(lowered.begin(), lowered.end(), lowered.begin(), lower);
    return lowered;
}

bool is_printable_word(Bytes word) {
    return std::all_of(word.begin(), word.end(), [](char c) { return c >= '!' && c <= '~'; });
}

void answer_wrong_number(ControlContext& context, std::string_view name) {
    context.reply.error("ERR wrong number of arguments for '" + std::string(name) + "' command");
}

std::optional<int64_t> integer_arg(ControlContext& context, size_t i, std::string_view error) {
    const auto value = parse_integer(context.arg(i));
    if (!value) context.reply.error(error);
    return value;
}

std::optional<uint64_t> timeout_arg(ControlContext& context, size_t i) {
    const auto ms = integer_arg(context, i, "ERR timeout is not an integer or out of range");
    if (!ms) return std::nullopt;
    if (*ms < 0) {
        context.reply.error("ERR timeout is negative");
        return std::nullopt;
    }
    return static_cast<uint64_t>(*ms);
}

void answer_wrong_number_of(ControlContext& context, std::string_view parent) {
    context.reply.error("ERR unknown subcommand or wrong number of arguments for '" +
                        std::string(context.arg(1).substr(0, 128)) + "'. Try " +
                        std::string(parent) + " HELP.");
}

}  // namespace kv::server

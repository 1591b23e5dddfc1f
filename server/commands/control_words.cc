// See control_words.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands/control_words.h"

#include <algorithm>

#include "server/commands/answer_limit.h"
#include "server/commands/glob.h"
#include "server/resp/status_text.h"
#include "server/shared_state.h"

namespace kv::server {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

std::string lower_case(Bytes word) {
    std::string lowered(word);
    std::transform(lowered.begin(), lowered.end(), lowered.begin(), lower);
    return lowered;
}

std::string name_error(std::string_view what, Bytes word) {
    if (word.size() > kMaxNameBytes) {
        return "ERR " + std::string(what) + " cannot be longer than " +
               std::to_string(kMaxNameBytes) + " bytes, found " + std::to_string(word.size());
    }
    const auto is_printable = [](char c) { return c >= '!' && c <= '~'; };
    if (std::all_of(word.begin(), word.end(), is_printable)) return {};
    return "ERR " + std::string(what) + " cannot contain spaces, newlines or special characters.";
}

void answer_wrong_number(ControlContext& context, std::string_view name) {
    context.reply.error("ERR wrong number of arguments for '" + std::string(name) + "' command");
}

std::optional<int64_t> integer_arg(ControlContext& context, size_t i, std::string_view error) {
    const auto value = parse_integer(context.arg(i));
    if (!value) context.reply.error(error);
    return value;
}

bool has_outgrown(ControlContext& context, size_t more) {
    const size_t all = context.out.size() + more;
    std::string error;
    if (all > kMaxAnswerBytes) {
        error = over_answer_limit("ERR the answer is");
    } else if (all - context.answer_begin >= MemoryBudget::kChargedAtOnce &&
               !context.shared.memory.has_room(all)) {
        error = error_text(network_memory_full());
    } else {
        return false;
    }
    context.out.resize(context.answer_begin);
    // Not each time that EXEC is full: what it has would be copied for every command to come.
    if (context.out.size() < context.out.capacity() / 4) context.out.shrink_to_fit();
    context.reply.error(error);
    return true;
}

bool takes_matched(ControlContext& context, size_t i, std::string_view what) {
    const std::string error = too_long_to_match(what, context.arg(i));
    if (!error.empty()) context.reply.error(error);
    return error.empty();
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

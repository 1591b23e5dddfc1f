// CLIENT: what a client sets and asks about itself, and the pause of all.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "server/commands/control_handlers.h"
#include "server/commands/control_words.h"
#include "server/shared_state.h"

namespace kv::server {
namespace {

/// ON or OFF in the third word; nullopt: a syntax error was answered.
std::optional<bool> on_or_off(ControlContext& context) {
    if (word_is(context.arg(2), "on")) return true;
    if (word_is(context.arg(2), "off")) return false;
    context.reply.error(kSyntaxError);
    return std::nullopt;
}

// Bounds the arithmetic below; nobody means three thousand years.
constexpr uint64_t kLongestPauseMs = 100'000'000'000'000;

}  // namespace

void cmd_client_id(ControlContext& context) {
    context.reply.integer(static_cast<int64_t>(context.client->id));
}

void cmd_client_getname(ControlContext& context) {
    const std::string name = context.client->facts().name;
    name.empty() ? context.reply.null() : context.reply.bulk(name);
}

void cmd_client_setname(ControlContext& context) {
    const std::string error = name_error("Client names", context.arg(2));
    if (!error.empty()) return context.reply.error(error);
    context.client->change_facts(
        [&](ClientFacts& facts) { facts.name = std::string(context.arg(2)); });
    context.reply.ok();
}

void cmd_client_setinfo(ControlContext& context) {
    const std::string what = lower_case(context.arg(2));
    const Bytes value = context.arg(3);
    if (what != "lib-name" && what != "lib-ver") {
        return context.reply.error("ERR Unrecognized option '" + std::string(context.arg(2)) + "'");
    }
    const std::string error = name_error(what, value);
    if (!error.empty()) return context.reply.error(error);
    context.client->change_facts([&](ClientFacts& facts) {
        (what == "lib-name" ? facts.library_name : facts.library_version) = std::string(value);
    });
    context.reply.ok();
}

void cmd_client_no_evict(ControlContext& context) {
    const auto on = on_or_off(context);
    if (!on) return;
    context.client->change_facts([&](ClientFacts& facts) { facts.no_evict = *on; });
    context.reply.ok();
}

void cmd_client_no_touch(ControlContext& context) {
    const auto on = on_or_off(context);
    if (!on) return;
    context.client->change_facts([&](ClientFacts& facts) { facts.no_touch = *on; });
    context.reply.ok();
}

void cmd_client_reply(ControlContext& context) {
    const Bytes mode = context.arg(2);
    if (word_is(mode, "on")) {
        context.session.set_reply_mode(ReplyMode::kOn);
        context.reply.ok();
    } else if (word_is(mode, "off")) {
        context.session.set_reply_mode(ReplyMode::kOff);
    } else if (word_is(mode, "skip")) {
        context.session.set_reply_mode(ReplyMode::kSkipNext);
    } else {
        context.reply.error(kSyntaxError);
    }
}

void cmd_client_pause(ControlContext& context) {
    Pause scope = Pause::kAll;
    if (context.size() > 4) return answer_wrong_number_of(context, "CLIENT");
    if (context.size() == 4) {
        const bool writes = word_is(context.arg(3), "write");
        if (!writes && !word_is(context.arg(3), "all")) {
            return context.reply.error("ERR CLIENT PAUSE mode must be WRITE or ALL");
        }
        if (writes) scope = Pause::kWrites;
    }
    const auto ms = timeout_arg(context, 2);
    if (!ms) return;
    const uint64_t until_us = context.now_us + std::min(*ms, kLongestPauseMs) * 1000;
    context.shared.clients.pause(scope, until_us, context.now_us);
    context.reply.ok();
}

void cmd_client_unpause(ControlContext& context) {
    context.shared.clients.unpause();
    context.reply.ok();
}

}  // namespace kv::server

// Commands about the server as a whole. Most of them tell a tool what it wants to hear of a store
// that is always saved and has no replicas.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "server/commands/control_handlers.h"
#include "server/commands/control_words.h"
#include "server/log.h"
#include "server/shared_state.h"

namespace kv::server {
namespace {

/// Everything answered is stored already, so a save is over at once.
void note_save(ControlContext& context) {
    context.shared.last_save_s = context.shared.clock.wall_ms() / 1000;
}

constexpr double kLongestSleepS = 3600;

}  // namespace

void cmd_time(ControlContext& context) {
    const uint64_t ms = context.shared.clock.wall_ms();
    context.reply.array(2);
    context.reply.bulk_integer(static_cast<int64_t>(ms / 1000));
    context.reply.bulk_integer(static_cast<int64_t>(ms % 1000 * 1000));
}

void cmd_lastsave(ControlContext& context) {
    context.reply.integer(static_cast<int64_t>(context.shared.last_save_s.load()));
}

void cmd_save(ControlContext& context) {
    note_save(context);
    context.reply.ok();
}

void cmd_bgsave(ControlContext& context) {
    const bool plain = context.size() == 1;
    if (!plain && !(context.size() == 2 && word_is(context.arg(1), "schedule"))) {
        return context.reply.error(kSyntaxError);
    }
    note_save(context);
    context.reply.simple("Background saving started");
}

void cmd_shutdown(ControlContext& context) {
    bool save = false, no_save = false, abort = false, other = false;
    for (size_t i = 1; i < context.size(); ++i) {
        const Bytes word = context.arg(i);
        if (word_is(word, "save")) {
            save = true;
        } else if (word_is(word, "nosave")) {
            no_save = true;
        } else if (word_is(word, "abort")) {
            abort = true;
        } else if (word_is(word, "now") || word_is(word, "force")) {
            other = true;
        } else {
            return context.reply.error(kSyntaxError);
        }
    }
    if ((save && no_save) || (abort && (save || no_save || other))) {
        return context.reply.error(kSyntaxError);
    }
    // Once begun it cannot be taken back, and nobody is asked to wait for it.
    if (abort) return context.reply.error("ERR No shutdown in progress.");
    StopTarget* const target = context.shared.stop_target.load();
    if (target == nullptr) {
        return context.reply.error("ERR Errors trying to SHUTDOWN. Check logs.");
    }
    log_info("SHUTDOWN asked for by " + context.client->peer);
    // No answer: the client sees the connection end.
    context.session.close_after_reply();
    target->request_stop();
}

void cmd_role(ControlContext& context) {
    context.reply.array(3);
    context.reply.bulk("master");
    context.reply.integer(0);
    context.reply.array(0);
}

void cmd_wait(ControlContext& context) {
    // No replica will ever appear, so the time given need not pass.
    if (!integer_arg(context, 1) || !timeout_arg(context, 2)) return;
    context.reply.integer(0);
}

void cmd_waitaof(ControlContext& context) {
    const auto local = integer_arg(context, 1);
    if (!local) return;
    if (*local < 0 || *local > 1) {
        return context.reply.error("ERR value is out of range, value must between 0 and 1");
    }
    const auto replicas = integer_arg(context, 2);
    if (!replicas) return;
    if (*replicas < 0) {
        return context.reply.error("ERR value is out of range, must be positive");
    }
    if (!timeout_arg(context, 3)) return;
    // Whatever durability its writes had been asked for, and what others write does not matter.
    const bool synced = context.shared.db.durable_seqno() >= context.client->written_seqno;
    context.reply.array(2);
    context.reply.integer(synced ? 1 : 0);
    context.reply.integer(0);
}

void cmd_debug(ControlContext& context) {
    if (context.size() != 3 || !word_is(context.arg(1), "sleep")) {
        return answer_wrong_number_of(context, "DEBUG");
    }
    // What is no number is 0, as in Redis.
    double seconds = 0;
    const Bytes word = context.arg(2);
    std::from_chars(word.data(), word.data() + word.size(), seconds);
    if (seconds > 0) {
        const double us = std::min(seconds, kLongestSleepS) * 1e6;
        context.session.hold_until(context.now_us + static_cast<uint64_t>(us));
    }
    context.reply.ok();
}

void cmd_function_flush(ControlContext& context) {
    if (context.size() > 3) return answer_wrong_number_of(context, "FUNCTION");
    if (context.size() == 3 && !word_is(context.arg(2), "sync") &&
        !word_is(context.arg(2), "async")) {
        return context.reply.error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
    }
    context.reply.ok();
}

void cmd_function_list(ControlContext& context) {
    bool with_code = false, library_name = false;
    for (size_t i = 2; i < context.size(); ++i) {
        if (!with_code && word_is(context.arg(i), "withcode")) {
            with_code = true;
        } else if (!library_name && word_is(context.arg(i), "libraryname")) {
            library_name = true;
            if (++i == context.size()) {
                return context.reply.error("ERR library name argument was not given");
            }
        } else {
            return context.reply.error("ERR Unknown argument " + std::string(context.arg(i)));
        }
    }
    context.reply.array(0);
}

}  // namespace kv::server

// Commands about the connection itself: greeting, login, database, end.
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>

#include "server/commands/control_handlers.h"
#include "server/commands/control_words.h"
#include "server/commands/databases.h"
#include "server/commands/greeting.h"
#include "server/shared_state.h"

namespace kv::server {

using protocol::resp::ReplyWriter;
using protocol::resp::Version;

namespace {

// Clients decide by it what they may ask for.
constexpr std::string_view kRedisVersion = "7.0.15";

}  // namespace

void cmd_ping(ControlContext& context) {
    if (context.size() > 2) return answer_wrong_number(context, "ping");
    const bool word = context.size() == 2;
    if (context.client->is_listening() && context.reply.version() == Version::k2) {
        context.reply.array(2);
        context.reply.bulk("pong");
        context.reply.bulk(word ? context.arg(1) : "");
    } else if (word) {
        context.reply.bulk(context.arg(1));
    } else {
        context.reply.simple("PONG");
    }
}

void cmd_echo(ControlContext& context) { context.reply.bulk(context.arg(1)); }

void cmd_hello(ControlContext& context) {
    const Greeting greeting = read_greeting(context.args);
    if (greeting.name) {
        context.client->change_facts([&](ClientFacts& facts) { facts.name = *greeting.name; });
    }
    if (!greeting.error.empty()) return context.reply.error(greeting.error);
    if (greeting.version) {
        // What was published before is in the version before, and so is what is sent before.
        context.shared.pubsub.between_messages([&] {
            context.session.send_messages();
            context.session.choose_version(*greeting.version);
        });
    }
    const Version version = greeting.version.value_or(context.reply.version());
    ReplyWriter reply(context.out, version);
    reply.map(7);
    reply.bulk("server");
    reply.bulk("redis");
    reply.bulk("version");
    reply.bulk(kRedisVersion);
    reply.bulk("proto");
    reply.integer(static_cast<int64_t>(version));
    reply.bulk("id");
    reply.integer(static_cast<int64_t>(context.client->id));
    reply.bulk("mode");
    reply.bulk("standalone");
    reply.bulk("role");
    reply.bulk("master");
    reply.bulk("modules");
    reply.array(0);
}

void cmd_auth(ControlContext& context) {
    if (context.size() > 3) return context.reply.error(kSyntaxError);
    if (context.size() == 2) {
        return context.reply.error(
            "ERR AUTH <password> called without any password configured for the default user. Are "
            "you sure your configuration is correct?");
    }
    // There is one user, and it needs no password: any will do.
    if (context.arg(1) != "default") return context.reply.error(kWrongPassword);
    context.reply.ok();
}

void cmd_quit(ControlContext& context) {
    context.reply.ok();
    context.session.close_after_reply();
}

void cmd_reset(ControlContext& context) {
    context.shared.pubsub.end(context.client);
    context.session.send_messages();  // none comes any more
    context.client->change_facts([](ClientFacts& facts) {
        facts.name.clear();
        facts.no_touch = false;
        facts.no_evict = false;
    });
    context.session.reset();
    context.reply.simple("RESET");
}

void cmd_select(ControlContext& context) {
    const SelectedDatabase database = read_database(context.arg(1));
    if (!database.error.empty()) return context.reply.error(database.error);
    context.session.select(database.index);
    context.reply.ok();
}

void cmd_kv_durability(ControlContext& context) {
    if (context.size() > 2) return answer_wrong_number(context, "kv.durability");
    if (context.size() == 1) {
        return context.reply.bulk(durability_name(context.session.durability()));
    }
    constexpr std::array kLevels{Durability::kMemory, Durability::kOs, Durability::kDisk};
    for (const Durability level : kLevels) {
        if (!word_is(context.arg(1), durability_name(level))) continue;
        context.session.set_durability(level);
        return context.reply.ok();
    }
    context.reply.error("ERR durability must be memory, os or disk");
}

}  // namespace kv::server

// CLIENT LIST, INFO and KILL: looking at connections and ending them.
// SPDX-License-Identifier: Apache-2.0
#include <utility>
#include <vector>

#include "server/commands/client_text.h"
#include "server/commands/control_handlers.h"
#include "server/commands/control_words.h"
#include "server/shared_state.h"

namespace kv::server {
namespace {

using ClientPtr = std::shared_ptr<ClientHandle>;

/// "slave" is "replica"; empty: there is no such type, and an error was answered.
std::string type_arg(ControlContext& context, size_t i) {
    std::string type = lower_case(context.arg(i));
    if (type == "slave") type = "replica";
    if (type == "normal" || type == "master" || type == "replica" || type == "pubsub") return type;
    context.reply.error("ERR Unknown client type '" + std::string(context.arg(i)) + "'");
    return {};
}

/// Which connections CLIENT KILL means; what is not given does not narrow.
struct KillFilter {
    std::optional<uint64_t> id;
    std::string type;
    std::optional<Bytes> peer;
    std::optional<Bytes> local;
    bool skip_me = true;

    bool matches(const ClientHandle& client) const {
        if (id && *id != client.id) return false;
        if (!type.empty() && type != client_type(client)) return false;
        if (peer && *peer != client.peer) return false;
        return !local || *local == client.local;
    }
};

/// One option and its value, words `i` and the next. False: an error was answered.
bool read_kill_option(ControlContext& context, size_t i, KillFilter& filter) {
    const Bytes option = context.arg(i), value = context.arg(i + 1);
    if (word_is(option, "id")) {
        const auto id = parse_integer(value);
        if (!id || *id < 1) {
            context.reply.error("ERR client-id should be greater than 0");
            return false;
        }
        filter.id = static_cast<uint64_t>(*id);
    } else if (word_is(option, "type")) {
        filter.type = type_arg(context, i + 1);
        return !filter.type.empty();
    } else if (word_is(option, "addr")) {
        filter.peer = value;
    } else if (word_is(option, "laddr")) {
        filter.local = value;
    } else if (word_is(option, "user")) {
        if (value != "default") {
            context.reply.error("ERR No such user '" + std::string(value) + "'");
            return false;
        }
    } else if (word_is(option, "skipme") && (word_is(value, "yes") || word_is(value, "no"))) {
        filter.skip_me = word_is(value, "yes");
    } else {
        context.reply.error(kSyntaxError);
        return false;
    }
    return true;
}

/// Returns how many it ended. The caller's own ends once it has its answer.
int64_t kill(ControlContext& context, const KillFilter& filter) {
    int64_t killed = 0;
    for (const ClientPtr& client : context.shared.clients.list()) {
        if (!filter.matches(*client)) continue;
        if (client == context.client) {
            if (filter.skip_me) continue;
            context.session.close_after_reply();
            ++killed;
        } else if (ClientHandle::deliver(client, {Mail::Kind::kKill, nullptr})) {
            ++killed;
        }
    }
    return killed;
}

}  // namespace

void cmd_client_info(ControlContext& context) {
    context.reply.verbatim("txt", client_line(*context.client, context.now_us));
}

void cmd_client_list(ControlContext& context) {
    std::string type;
    std::vector<ClientPtr> clients;
    if (context.size() > 3 && word_is(context.arg(2), "id")) {
        // In the order asked, and as often.
        for (size_t i = 3; i < context.size(); ++i) {
            const auto id = integer_arg(context, i, "ERR Invalid client ID");
            if (!id) return;
            ClientPtr client = context.shared.clients.find(static_cast<uint64_t>(*id));
            if (client != nullptr) clients.push_back(std::move(client));
        }
    } else if (context.size() == 2) {
        clients = context.shared.clients.list();
    } else if (context.size() == 4 && word_is(context.arg(2), "type")) {
        type = type_arg(context, 3);
        if (type.empty()) return;
        clients = context.shared.clients.list();
    } else {
        return context.reply.error(kSyntaxError);
    }
    std::string text;
    for (const ClientPtr& client : clients) {
        if (!type.empty() && type != client_type(*client)) continue;
        text += client_line(*client, context.now_us);
        if (has_outgrown(context, text.size())) return;
    }
    context.reply.verbatim("txt", text);
}

void cmd_client_kill(ControlContext& context) {
    KillFilter filter;
    if (context.size() == 3) {
        filter.peer = context.arg(2);
        filter.skip_me = false;
        if (kill(context, filter) == 0) return context.reply.error("ERR No such client");
        return context.reply.ok();
    }
    for (size_t i = 2; i < context.size(); i += 2) {
        if (i + 1 == context.size()) return context.reply.error(kSyntaxError);
        if (!read_kill_option(context, i, filter)) return;
    }
    context.reply.integer(kill(context, filter));
}

}  // namespace kv::server

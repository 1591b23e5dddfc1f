// See client_text.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands/client_text.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "server/commands/control_words.h"

namespace kv::server {
namespace {

std::string flags_of(const ClientHandle& client, const ClientFacts& facts) {
    std::string flags;
    if (client_type(client) == "pubsub") flags += 'P';
    if (client.queued_commands.load() >= 0) flags += 'x';
    if (facts.no_evict) flags += 'e';
    if (facts.no_touch) flags += 'T';
    return flags.empty() ? "N" : flags;
}

/// "name=value " pairs.
class Line {
  public:
    Line& add(std::string_view name, std::string_view value) {
        if (!text_.empty()) text_ += ' ';
        text_ += name;
        text_ += '=';
        text_ += value;
        return *this;
    }
    template <class Number>
    requires std::is_integral_v<Number> Line& add(std::string_view name, Number value) {
        return add(name, std::string_view(std::to_string(value)));
    }
    std::string finish() { return std::move(text_) + "\n"; }

  private:
    std::string text_;
};

}  // namespace

std::string_view client_type(const ClientHandle& client) {
    return client.channels.load() + client.patterns.load() != 0 ? "pubsub" : "normal";
}

std::string client_line(const ClientHandle& client, uint64_t now_us) {
    const ClientFacts facts = client.facts();
    const Command* last = client.last_command.load();
    const uint64_t input = client.unread_input_bytes.load();
    const uint64_t output = client.unsent_reply_bytes.load();
    const uint64_t active_us = std::max(client.last_input_us.load(), client.connected_us);
    Line line;
    line.add("id", client.id).add("addr", client.peer).add("laddr", client.local);
    line.add("fd", client.fd).add("name", facts.name);
    line.add("age", age_s(now_us, client.connected_us)).add("idle", age_s(now_us, active_us));
    line.add("flags", flags_of(client, facts)).add("db", client.database.load());
    line.add("sub", client.channels.load()).add("psub", client.patterns.load()).add("ssub", 0);
    line.add("multi", client.queued_commands.load());
    line.add("qbuf", input).add("qbuf-free", 0).add("argv-mem", 0).add("multi-mem", 0);
    line.add("rbs", 0).add("rbp", 0).add("obl", 0).add("oll", output == 0 ? 0 : 1);
    line.add("omem", output).add("tot-mem", input + output + sizeof(ClientHandle));
    line.add("events", output == 0 ? "r" : "rw");
    line.add("cmd", last == nullptr ? "NULL" : last->name).add("user", facts.user);
    line.add("redir", -1).add("resp", static_cast<int>(client.resp_version.load()));
    line.add("lib-name", facts.library_name).add("lib-ver", facts.library_version);
    return line.finish();
}

}  // namespace kv::server

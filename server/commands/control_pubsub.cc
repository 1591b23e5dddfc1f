// Messages: who listens, and sending them.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands/control_handlers.h"
#include "server/commands/control_words.h"
#include "server/resp/status_text.h"
#include "server/shared_state.h"

namespace kv::server {
namespace {

/// Whether the client may listen to what the words name; if not, that was answered, and nothing of
/// it is done.
bool may_subscribe(ControlContext& context, PubSub::Kind kind) {
    const bool channels = kind == PubSub::Kind::kChannels;
    for (size_t i = 1; i < context.size(); ++i) {
        if (!takes_matched(context, i, channels ? "channel" : "pattern")) return false;
    }
    const std::vector<Bytes> names(context.args.begin() + 1, context.args.end());
    const size_t bytes = context.shared.pubsub.bytes_to_add(kind, context.client, names);
    // As much as the keys that it watches.
    const size_t most_bytes = context.shared.config.engine.max_batch_bytes / 2;
    if (bytes == 0) return true;
    if (context.client->subscription_bytes + bytes > most_bytes) {
        context.reply.error("ERR the subscriptions take more than " + std::to_string(most_bytes) +
                            " bytes (half of engine.max_batch_size)");
        return false;
    }
    if (context.shared.memory.has_room(bytes)) return true;
    context.reply.error(error_text(network_memory_full()));
    return false;
}

/// One of the four ways to change what a client listens to.
struct Change {
    std::string_view name;
    bool (PubSub::*apply)(const PubSub::ClientPtr& client, Bytes subject);
    std::vector<std::string> (PubSub::*all)(const ClientHandle& client) const;
};
constexpr Change kSubscribe{"subscribe", &PubSub::subscribe, nullptr};
constexpr Change kUnsubscribe{"unsubscribe", &PubSub::unsubscribe, &PubSub::channels_of};
constexpr Change kSubscribePattern{"psubscribe", &PubSub::subscribe_pattern, nullptr};
constexpr Change kUnsubscribePattern{"punsubscribe", &PubSub::unsubscribe_pattern,
                                     &PubSub::patterns_of};

/// `subject` null: there was nothing to unsubscribe from.
void confirm(ControlContext& context, const Change& change, const Bytes* subject) {
    const ClientHandle& client = *context.client;
    context.reply.push(3);
    context.reply.bulk(change.name);
    subject == nullptr ? context.reply.null() : context.reply.bulk(*subject);
    context.reply.integer(static_cast<int64_t>(client.channels.load()) + client.patterns.load());
}

void change_one(ControlContext& context, const Change& change, Bytes subject) {
    (context.shared.pubsub.*change.apply)(context.client, subject);
    // What came before a subscription ended goes out before that is confirmed.
    if (change.all != nullptr) context.session.send_messages();
    confirm(context, change, &subject);
}

void change_all(ControlContext& context, const Change& change) {
    for (size_t i = 1; i < context.size(); ++i) change_one(context, change, context.arg(i));
    if (context.size() > 1) return;
    const auto subjects = (context.shared.pubsub.*change.all)(*context.client);
    for (const std::string& subject : subjects) change_one(context, change, subject);
    if (subjects.empty()) confirm(context, change, nullptr);
}

void answer_channels(ControlContext& context, const std::vector<PubSub::Channel>& channels) {
    context.reply.array(channels.size());
    for (const PubSub::Channel& channel : channels) {
        context.reply.bulk(channel.name);
        if (has_outgrown(context)) return;
    }
}

}  // namespace

void cmd_publish(ControlContext& context) {
    if (!takes_matched(context, 1, "channel")) return;
    const size_t receivers = context.shared.pubsub.publish(context.arg(1), context.arg(2));
    // One that listens to itself hears the message first.
    context.session.send_messages();
    context.reply.integer(static_cast<int64_t>(receivers));
}

void cmd_subscribe(ControlContext& context) {
    if (may_subscribe(context, PubSub::Kind::kChannels)) change_all(context, kSubscribe);
}

void cmd_unsubscribe(ControlContext& context) { change_all(context, kUnsubscribe); }

void cmd_psubscribe(ControlContext& context) {
    if (may_subscribe(context, PubSub::Kind::kPatterns)) change_all(context, kSubscribePattern);
}

void cmd_punsubscribe(ControlContext& context) { change_all(context, kUnsubscribePattern); }

void cmd_pubsub_channels(ControlContext& context) {
    if (context.size() > 3) return answer_wrong_number_of(context, "PUBSUB");
    if (context.size() == 2) return answer_channels(context, context.shared.pubsub.channels());
    if (!takes_matched(context, 2, "pattern")) return;
    const std::string pattern(context.arg(2));
    answer_channels(context, context.shared.pubsub.channels(&pattern));
}

void cmd_pubsub_numsub(ControlContext& context) {
    context.reply.array((context.size() - 2) * 2);
    for (size_t i = 2; i < context.size(); ++i) {
        context.reply.bulk(context.arg(i));
        context.reply.integer(
            static_cast<int64_t>(context.shared.pubsub.subscribers(context.arg(i))));
    }
}

void cmd_pubsub_numpat(ControlContext& context) {
    context.reply.integer(static_cast<int64_t>(context.shared.pubsub.pattern_count()));
}

// There are no channels of shards: SSUBSCRIBE belongs to a cluster.
void cmd_pubsub_shardchannels(ControlContext& context) {
    if (context.size() > 3) return answer_wrong_number_of(context, "PUBSUB");
    context.reply.array(0);
}

void cmd_pubsub_shardnumsub(ControlContext& context) {
    context.reply.array((context.size() - 2) * 2);
    for (size_t i = 2; i < context.size(); ++i) {
        context.reply.bulk(context.arg(i));
        context.reply.integer(0);
    }
}

}  // namespace kv::server

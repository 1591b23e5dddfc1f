// See pubsub.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/resp/pubsub.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include "protocol/resp/reply_writer.h"
#include "server/commands/glob.h"

namespace kv::server {
namespace {

using protocol::resp::ReplyWriter;
using protocol::resp::Version;

/// One message as each protocol version writes it, made when the first receiver asks for it.
class Encoded {
  public:
    Encoded(const std::string* pattern, Bytes channel, Bytes message)
        : pattern_(pattern), channel_(channel), message_(message) {}

    const std::shared_ptr<const std::string>& in(Version version) {
        auto& text = texts_[version == Version::k3 ? 1 : 0];
        if (text == nullptr) text = encode(version);
        return text;
    }

  private:
    std::shared_ptr<const std::string> encode(Version version) const {
        auto text = std::make_shared<std::string>();
        ReplyWriter writer(*text, version);
        writer.push(pattern_ == nullptr ? 3 : 4);
        writer.bulk(pattern_ == nullptr ? "message" : "pmessage");
        if (pattern_ != nullptr) writer.bulk(*pattern_);
        writer.bulk(channel_);
        writer.bulk(message_);
        return text;
    }

    const std::string* const pattern_;
    const Bytes channel_;
    const Bytes message_;
    std::array<std::shared_ptr<const std::string>, 2> texts_;
};

template <class Subscribers>
size_t deliver_to(const Subscribers& subscribers, Encoded message) {
    size_t delivered = 0;
    for (const auto& client : subscribers) {
        const auto version = static_cast<Version>(client->resp_version.load());
        if (ClientHandle::deliver(client, {Mail::Kind::kMessage, message.in(version)})) ++delivered;
    }
    return delivered;
}

}  // namespace

bool PubSub::add(Subjects& subjects, Names Subscriptions::*names, const ClientPtr& client,
                 Bytes name) {
    if (!(mine_[client.get()].*names).emplace(name).second) return false;
    auto found = subjects.find(name);
    if (found == subjects.end()) found = subjects.try_emplace(std::string(name)).first;
    found->second.insert(client);
    count(*client);
    return true;
}

void PubSub::leave(Subjects& subjects, const ClientPtr& client, Bytes name) {
    const auto found = subjects.find(name);
    if (found == subjects.end()) return;
    found->second.erase(client);
    if (found->second.empty()) subjects.erase(found);
}

bool PubSub::drop(Subjects& subjects, Names Subscriptions::*names, const ClientPtr& client,
                  Bytes name) {
    const auto mine = mine_.find(client.get());
    if (mine == mine_.end()) return false;
    Names& held = mine->second.*names;
    const auto found = held.find(name);
    if (found == held.end()) return false;
    leave(subjects, client, name);
    held.erase(found);
    if (mine->second.empty()) mine_.erase(mine);
    count(*client);
    return true;
}

void PubSub::count(ClientHandle& client) const {
    const auto mine = mine_.find(&client);
    const bool none = mine == mine_.end();
    client.channels.store(none ? 0 : static_cast<uint32_t>(mine->second.channels.size()));
    client.patterns.store(none ? 0 : static_cast<uint32_t>(mine->second.patterns.size()));
}

bool PubSub::subscribe(const ClientPtr& client, Bytes channel) {
    const std::unique_lock lock(mutex_);
    return add(channels_, &Subscriptions::channels, client, channel);
}

bool PubSub::unsubscribe(const ClientPtr& client, Bytes channel) {
    const std::unique_lock lock(mutex_);
    return drop(channels_, &Subscriptions::channels, client, channel);
}

bool PubSub::subscribe_pattern(const ClientPtr& client, Bytes pattern) {
    const std::unique_lock lock(mutex_);
    return add(patterns_, &Subscriptions::patterns, client, pattern);
}

bool PubSub::unsubscribe_pattern(const ClientPtr& client, Bytes pattern) {
    const std::unique_lock lock(mutex_);
    return drop(patterns_, &Subscriptions::patterns, client, pattern);
}

void PubSub::end(const ClientPtr& client) {
    const std::unique_lock lock(mutex_);
    const auto mine = mine_.find(client.get());
    if (mine == mine_.end()) return;
    for (const std::string& name : mine->second.channels) leave(channels_, client, name);
    for (const std::string& name : mine->second.patterns) leave(patterns_, client, name);
    mine_.erase(mine);
    count(*client);
}

std::vector<std::string> PubSub::channels_of(const ClientHandle& client) const {
    const std::shared_lock lock(mutex_);
    const auto mine = mine_.find(&client);
    if (mine == mine_.end()) return {};
    return {mine->second.channels.begin(), mine->second.channels.end()};
}

std::vector<std::string> PubSub::patterns_of(const ClientHandle& client) const {
    const std::shared_lock lock(mutex_);
    const auto mine = mine_.find(&client);
    if (mine == mine_.end()) return {};
    return {mine->second.patterns.begin(), mine->second.patterns.end()};
}

size_t PubSub::publish(Bytes channel, Bytes message) {
    const std::shared_lock lock(mutex_);
    size_t delivered = 0;
    if (const auto found = channels_.find(channel); found != channels_.end()) {
        delivered += deliver_to(found->second, Encoded(nullptr, channel, message));
    }
    for (const auto& [pattern, subscribers] : patterns_) {
        if (!glob_matches(pattern, channel)) continue;
        delivered += deliver_to(subscribers, Encoded(&pattern, channel, message));
    }
    return delivered;
}

std::vector<PubSub::Channel> PubSub::channels(const std::string* pattern) const {
    std::vector<Channel> found;
    {
        const std::shared_lock lock(mutex_);
        for (const auto& [name, subscribers] : channels_) {
            if (pattern != nullptr && !glob_matches(*pattern, name)) continue;
            found.push_back({name, subscribers.size()});
        }
    }
    std::sort(found.begin(), found.end(),
              [](const Channel& a, const Channel& b) { return a.name < b.name; });
    return found;
}

size_t PubSub::subscribers(Bytes channel) const {
    const std::shared_lock lock(mutex_);
    const auto found = channels_.find(channel);
    return found == channels_.end() ? 0 : found->second.size();
}

size_t PubSub::pattern_count() const {
    const std::shared_lock lock(mutex_);
    return patterns_.size();
}

size_t PubSub::channel_count() const {
    const std::shared_lock lock(mutex_);
    return channels_.size();
}

}  // namespace kv::server

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

using Text = ReplyQueue::Shared;

/// `text` as memory of the network, counted once for as long as anybody has it.
Text charged(MemoryBudget& memory, std::string text) {
    struct Charged {
        Charged(MemoryBudget& budget, std::string bytes)
            : memory(budget), text(std::move(bytes)), size(static_cast<int64_t>(text.size())) {
            memory.add(size);
        }
        ~Charged() { memory.add(-size); }
        Charged(const Charged&) = delete;
        Charged& operator=(const Charged&) = delete;

        MemoryBudget& memory;
        const std::string text;
        const int64_t size;
    };
    const auto owner = std::make_shared<Charged>(memory, std::move(text));
    return {owner, &owner->text};
}

}  // namespace

/// One message on its way. Its end is the same in both versions and for all patterns: a large one
/// is one text for all.
class PubSub::Message {
  public:
    Message(MemoryBudget& memory, Bytes channel, Bytes message)
        : memory_(memory), channel_(channel), message_(message) {}

    size_t deliver_to(const Subscribers& subscribers, const std::string* pattern) {
        std::array<Text, 2> texts;  // by version, made when the first receiver asks for it
        size_t delivered = 0;
        for (const ClientPtr& client : subscribers) {
            const auto version = static_cast<Version>(client->resp_version.load());
            Text& text = texts[version == Version::k3 ? 1 : 0];
            if (text == nullptr) text = begin(version, pattern);
            Mail mail{Mail::Kind::kMessage, text, tail()};
            if (is_large() && mail.tail == nullptr) mail = {Mail::Kind::kNoRoom};
            if (ClientHandle::deliver(client, std::move(mail))) ++delivered;
        }
        return delivered;
    }

  private:
    bool is_large() const { return channel_.size() + message_.size() >= ReplyQueue::kLargeBytes; }

    /// The whole message, or what is before its tail.
    Text begin(Version version, const std::string* pattern) const {
        auto text = std::make_shared<std::string>();
        ReplyWriter writer(*text, version);
        writer.push(pattern == nullptr ? 3 : 4);
        writer.bulk(pattern == nullptr ? "message" : "pmessage");
        if (pattern != nullptr) writer.bulk(*pattern);
        if (!is_large()) add_end(writer);
        if (text->size() < ReplyQueue::kLargeBytes) return text;
        return charged(memory_, std::move(*text));
    }
    /// Null: the message is not large, or there is no room for it.
    Text tail() {
        const size_t bytes = channel_.size() + message_.size();
        if (tail_ != nullptr || !is_large() || !memory_.has_room(bytes)) return tail_;
        std::string text;
        ReplyWriter writer(text, Version::k2);
        add_end(writer);
        tail_ = charged(memory_, std::move(text));
        return tail_;
    }
    void add_end(ReplyWriter& writer) const {
        writer.bulk(channel_);
        writer.bulk(message_);
    }

    MemoryBudget& memory_;
    const Bytes channel_;
    const Bytes message_;
    Text tail_;
};

bool PubSub::add(Subjects& subjects, Names Subscriptions::*names, const ClientPtr& client,
                 Bytes name) {
    auto found = subjects.find(name);
    if (found == subjects.end()) found = subjects.try_emplace(std::string(name)).first;
    if (!found->second.insert(client).second) return false;
    Subscriptions& mine = mine_[client.get()];
    (mine.*names).insert(found->first);
    mine.bytes += bytes_to_hold(name);
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
    // Before the subject, whose name it is.
    if (held.erase(name) == 0) return false;
    mine->second.bytes -= bytes_to_hold(name);
    leave(subjects, client, name);
    if (mine->second.empty()) mine_.erase(mine);
    count(*client);
    return true;
}

void PubSub::count(ClientHandle& client) const {
    const auto mine = mine_.find(&client);
    const bool none = mine == mine_.end();
    client.channels.store(none ? 0 : static_cast<uint32_t>(mine->second.channels.size()));
    client.patterns.store(none ? 0 : static_cast<uint32_t>(mine->second.patterns.size()));
    client.subscription_bytes.store(none ? 0 : mine->second.bytes);
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
    const Subscriptions ended = std::move(mine->second);
    mine_.erase(mine);
    for (const Bytes name : ended.channels) leave(channels_, client, name);
    for (const Bytes name : ended.patterns) leave(patterns_, client, name);
    count(*client);
}

size_t PubSub::bytes_to_add(Kind kind, const ClientPtr& client,
                            const std::vector<Bytes>& names) const {
    const std::shared_lock lock(mutex_);
    const Subjects& subjects = kind == Kind::kChannels ? channels_ : patterns_;
    size_t bytes = 0;
    for (const Bytes name : names) {
        const auto found = subjects.find(name);
        const bool held = found != subjects.end() && found->second.count(client) != 0;
        if (!held) bytes += bytes_to_hold(name);
    }
    return bytes;
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
    Message sent(memory_, channel, message);
    if (const auto found = channels_.find(channel); found != channels_.end()) {
        delivered += sent.deliver_to(found->second, nullptr);
    }
    for (const auto& [pattern, subscribers] : patterns_) {
        if (!glob_matches(pattern, channel)) continue;
        delivered += sent.deliver_to(subscribers, &pattern);
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

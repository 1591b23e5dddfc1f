// PubSub: who listens to which channels and patterns, and the way of a message to them. A message
// is encoded once for each protocol version and pattern and shared by its receivers; of a large one
// all but the beginning is one text for all of them, and memory of the network.
//
// Messages of one publisher reach each receiver in the order sent. A client hears nothing of a
// channel once unsubscribe() has returned, but for what is in its mailbox by then.
// Thread rule: every method from any thread; those that change the subscriptions of a client only
// from its connection's thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "kv/bytes.h"
#include "server/resp/client_handle.h"

namespace kv::server {

class PubSub {
  public:
    using ClientPtr = std::shared_ptr<ClientHandle>;
    struct Channel {
        std::string name;
        size_t subscribers = 0;
    };

    explicit PubSub(MemoryBudget& memory) : memory_(memory) {}

    // False: nothing has changed. They keep ClientHandle::channels, ::patterns and
    // ::subscription_bytes.
    bool subscribe(const ClientPtr& client, Bytes channel);
    bool unsubscribe(const ClientPtr& client, Bytes channel);
    bool subscribe_pattern(const ClientPtr& client, Bytes pattern);
    bool unsubscribe_pattern(const ClientPtr& client, Bytes pattern);
    /// Drops every subscription of the client: at its end, and for RESET.
    void end(const ClientPtr& client);

    /// What the client listens to, sorted.
    std::vector<std::string> channels_of(const ClientHandle& client) const;
    std::vector<std::string> patterns_of(const ClientHandle& client) const;

    enum class Kind : uint8_t { kChannels, kPatterns };
    /// Memory that it takes to subscribe the client to those of `names` that it does not have.
    size_t bytes_to_add(Kind kind, const ClientPtr& client, const std::vector<Bytes>& names) const;

    /// Returns how many times it was delivered: a client with a channel and two patterns that match
    /// gets it three times. Costs a look-up, and a match for each pattern there is.
    size_t publish(Bytes channel, Bytes message);

    /// Runs `change` while nobody publishes: a message is encoded for the version that its receiver
    /// has when it is published.
    template <class Change>
    void between_messages(Change change) {
        const std::unique_lock lock(mutex_);
        change();
    }

    /// Channels with a subscriber whose name matches; without a pattern all. Sorted.
    std::vector<Channel> channels(const std::string* pattern = nullptr) const;
    size_t subscribers(Bytes channel) const;
    /// Different patterns / channels that somebody listens to.
    size_t pattern_count() const;
    size_t channel_count() const;

  private:
    struct Hash {
        using is_transparent = void;
        size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>()(text);
        }
    };
    using Subscribers = std::unordered_set<ClientPtr>;
    using Subjects = std::unordered_map<std::string, Subscribers, Hash, std::equal_to<>>;
    using Names = std::set<Bytes>;  // views of the subjects' own
    struct Subscriptions {
        Names channels;
        Names patterns;
        size_t bytes = 0;
        bool empty() const { return channels.empty() && patterns.empty(); }
    };

    // With mutex_ held exclusively.
    bool add(Subjects& subjects, Names Subscriptions::*names, const ClientPtr& client, Bytes name);
    bool drop(Subjects& subjects, Names Subscriptions::*names, const ClientPtr& client, Bytes name);
    static void leave(Subjects& subjects, const ClientPtr& client, Bytes name);
    void count(ClientHandle& client) const;

    class Message;
    static size_t bytes_to_hold(Bytes name) {
        constexpr size_t kNodesBytes = 256;  // of four containers, about
        return name.size() + kNodesBytes;
    }

    MemoryBudget& memory_;
    mutable std::shared_mutex mutex_;
    Subjects channels_;                                            // guarded by mutex_
    Subjects patterns_;                                            // guarded by mutex_
    std::unordered_map<const ClientHandle*, Subscriptions> mine_;  // guarded by mutex_
};

}  // namespace kv::server

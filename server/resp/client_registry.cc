// See client_registry.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/resp/client_registry.h"

#include <algorithm>
#include <utility>

namespace kv::server {

void ClientRegistry::add(std::shared_ptr<ClientHandle> client) {
    const std::lock_guard lock(mutex_);
    const uint64_t id = client->id;
    clients_.insert_or_assign(id, std::move(client));
    size_.store(clients_.size(), std::memory_order_relaxed);
}

void ClientRegistry::remove(uint64_t id) {
    const std::lock_guard lock(mutex_);
    clients_.erase(id);
    size_.store(clients_.size(), std::memory_order_relaxed);
}

std::shared_ptr<ClientHandle> ClientRegistry::find(uint64_t id) const {
    const std::lock_guard lock(mutex_);
    const auto found = clients_.find(id);
    return found == clients_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<ClientHandle>> ClientRegistry::list() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<ClientHandle>> all;
    all.reserve(clients_.size());
    for (const auto& [id, client] : clients_) all.push_back(client);
    return all;
}

void ClientRegistry::pause(Pause scope, uint64_t until_us, uint64_t now_us) {
    const std::lock_guard lock(mutex_);
    const Pause before = paused(now_us);
    const uint64_t end = before == Pause::kNone ? until_us : std::max(until_us, paused_until_us());
    pause_.store(end << kScopeBits | static_cast<uint64_t>(std::max(before, scope)),
                 std::memory_order_relaxed);
}

void ClientRegistry::unpause() {
    {
        const std::lock_guard lock(mutex_);
        if (pause_.exchange(0, std::memory_order_relaxed) == 0) return;
    }
    for (const auto& client : list()) ClientHandle::deliver(client, {Mail::Kind::kWake, nullptr});
}

bool ClientRegistry::holds_back(const Command& command, uint64_t now_us) const {
    switch (paused(now_us)) {
        case Pause::kNone:
            return false;
        case Pause::kAll:
            return true;
        case Pause::kWrites:
            // Redis counts a message as a write, as its replicas get it too.
            return command.has(command_flag::kWrite) || command.name == "publish";
    }
    return false;
}

}  // namespace kv::server

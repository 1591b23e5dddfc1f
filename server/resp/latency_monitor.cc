// See latency_monitor.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/resp/latency_monitor.h"

#include <algorithm>

namespace kv::server {

void LatencyMonitor::note(Bytes name, uint64_t ms, uint64_t unix_s) {
    const std::lock_guard lock(mutex_);
    auto found = events_.find(name);
    if (found == events_.end()) {
        found = events_.try_emplace(std::string(name)).first;
        found->second.name = found->first;
    }
    Event& event = found->second;
    event.max_ms = std::max(event.max_ms, ms);
    if (!event.samples.empty() && event.samples.back().unix_s == unix_s) {
        event.samples.back().ms = std::max(event.samples.back().ms, ms);
        return;
    }
    event.samples.push_back({unix_s, ms});
    if (event.samples.size() > kMostSamples) event.samples.pop_front();
}

std::vector<LatencyMonitor::Event> LatencyMonitor::events() const {
    const std::lock_guard lock(mutex_);
    std::vector<Event> all;
    for (const auto& [name, event] : events_) all.push_back(event);
    return all;
}

bool LatencyMonitor::find(Bytes name, Event& event) const {
    const std::lock_guard lock(mutex_);
    const auto found = events_.find(name);
    if (found == events_.end()) return false;
    event = found->second;
    return true;
}

void LatencyMonitor::clear() {
    const std::lock_guard lock(mutex_);
    events_.clear();
}

bool LatencyMonitor::clear(Bytes name) {
    const std::lock_guard lock(mutex_);
    const auto found = events_.find(name);
    if (found == events_.end()) return false;
    events_.erase(found);
    return true;
}

}  // namespace kv::server

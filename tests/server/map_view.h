// MapView: a KeyView over std::map, for tests of commands: no store, no threads, and a clock that
// the test moves. Expired entries are there but not seen, as in the store.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/commands/key_view.h"

namespace kv::server {

/// A walk over a copy of what was there when it began.
class CopyWalk final : public KeyWalk {
  public:
    using Item = std::pair<std::string, Entry>;
    explicit CopyWalk(std::vector<Item> items) : items_(std::move(items)) {}
    bool valid() const override { return at_ < items_.size(); }
    void next() override { ++at_; }
    Bytes key() const override { return items_[at_].first; }
    Bytes value() const override { return items_[at_].second.value; }
    uint64_t expiry_ms() const override { return items_[at_].second.expiry_ms; }
    Status status() const override { return Status::ok(); }

  private:
    std::vector<Item> items_;
    size_t at_ = 0;
};

class MapView final : public KeyView {
  public:
    // What the test decides and sees.
    uint64_t time_ms = 1'800'000'000'000;
    bool cold = false;     ///< Everything would block.
    size_t mutations = 0;  ///< So far.
    size_t walks = 0;      ///< Begun so far.

    Result<std::optional<Entry>> get(const Keyspace& space, Bytes key) override {
        if (cold) return Status(Code::kWouldBlock, "cold");
        const auto& keys = spaces_[space.id()];
        const auto found = keys.find(std::string(key));
        if (found == keys.end() || !is_live(found->second)) return std::optional<Entry>();
        return std::optional<Entry>(found->second);
    }
    std::unique_ptr<KeyWalk> walk(const Keyspace& space, const WalkBounds& bounds) override {
        if (cold) return nullptr;
        ++walks;
        std::vector<CopyWalk::Item> items;
        for (const auto& [key, entry] : spaces_[space.id()]) {
            if (is_live(entry) && key.starts_with(bounds.prefix) &&
                (!bounds.lower || key >= *bounds.lower) && (!bounds.upper || key < *bounds.upper))
                items.emplace_back(key, entry);
        }
        if (bounds.reverse) std::reverse(items.begin(), items.end());
        return std::make_unique<CopyWalk>(std::move(items));
    }
    uint64_t approximate_count(const Keyspace& space) override {
        return spaces_[space.id()].size();
    }
    void put(const Keyspace& space, Bytes key, Bytes value, uint64_t expiry_ms) override {
        ++mutations;
        spaces_[space.id()][std::string(key)] = Entry{std::string(value), 1, expiry_ms};
    }
    void del(const Keyspace& space, Bytes key) override {
        ++mutations;
        spaces_[space.id()].erase(std::string(key));
    }
    void del_range(const Keyspace& space, Bytes begin, std::optional<Bytes> end) override {
        ++mutations;
        std::erase_if(spaces_[space.id()], [&](const auto& item) {
            return item.first >= begin && (!end || item.first < *end);
        });
    }
    uint64_t now_ms() const override { return time_ms; }

  private:
    bool is_live(const Entry& entry) const {
        return entry.expiry_ms == 0 || entry.expiry_ms > time_ms;
    }
    std::map<uint32_t, std::map<std::string, Entry>> spaces_;
};

}  // namespace kv::server

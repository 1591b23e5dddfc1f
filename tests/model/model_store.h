// ModelStore: the simplest thing that a store can be checked against: every version of every key,
// in a std::map, with nothing ever dropped.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kv/types.h"

namespace kv::test {

class ModelStore {
  public:
    struct Version {
        Seqno seqno;
        std::optional<std::string> value;  // nullopt: deleted
        uint64_t expiry_ms = 0;
    };
    using Entries = std::vector<std::pair<std::string, Version>>;

    void put(const std::string& key, std::string value, uint64_t expiry_ms = 0) {
        versions_[key].push_back({++last_seqno_, std::move(value), expiry_ms});
    }
    void del(const std::string& key) { versions_[key].push_back({++last_seqno_, std::nullopt, 0}); }
    /// Every key in [begin, end) that ever was; an empty `end` is behind all of them.
    void del_range(const std::string& begin, const std::string& end) {
        ++last_seqno_;
        for (auto at = versions_.lower_bound(begin); at != versions_.end(); ++at) {
            if (!end.empty() && at->first >= end) break;
            at->second.push_back({last_seqno_, std::nullopt, 0});
        }
    }
    Seqno last_seqno() const { return last_seqno_; }

    /// The live version at `seqno` and `now_ms`.
    std::optional<Version> get(const std::string& key, Seqno seqno, uint64_t now_ms) const {
        const auto at = versions_.find(key);
        if (at == versions_.end()) return std::nullopt;
        for (auto version = at->second.rbegin(); version != at->second.rend(); ++version) {
            if (version->seqno > seqno) continue;
            const bool live = version->value.has_value() &&
                              (version->expiry_ms == 0 || version->expiry_ms > now_ms);
            return live ? std::optional<Version>(*version) : std::nullopt;
        }
        return std::nullopt;
    }
    /// Newest version, dead or alive.
    const Version* newest(const std::string& key) const {
        const auto at = versions_.find(key);
        return at == versions_.end() ? nullptr : &at->second.back();
    }
    /// Live entries with lower <= key < upper (empty upper: no bound), in order.
    Entries scan(const std::string& lower, const std::string& upper, Seqno seqno,
                 uint64_t now_ms) const {
        Entries entries;
        for (auto at = versions_.lower_bound(lower); at != versions_.end(); ++at) {
            if (!upper.empty() && at->first >= upper) break;
            if (auto version = get(at->first, seqno, now_ms)) {
                entries.emplace_back(at->first, std::move(*version));
            }
        }
        return entries;
    }

  private:
    std::map<std::string, std::vector<Version>> versions_;
    Seqno last_seqno_ = 0;
};

}  // namespace kv::test

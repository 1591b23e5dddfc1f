// EntryList: the plainest possible source of internal entries, a sorted array, with an iterator
// over it that can be told to fail, and a random walk that holds any iterator against the array.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "iterator/internal_iterator.h"
#include "record/internal_key.h"
#include "support/seed.h"

namespace kv::test {

/// Internal key and stored value, sorted by sort_entries.
using EntryList = std::vector<std::pair<std::string, std::string>>;

inline void sort_entries(EntryList& entries) {
    const auto key_order = [](const auto& a, const auto& b) {
        return compare_internal_keys(a.first, b.first);
    };
    std::sort(entries.begin(), entries.end(),
              [&](const auto& a, const auto& b) { return key_order(a, b) < 0; });
    entries.erase(std::unique(entries.begin(), entries.end(),
                              [&](const auto& a, const auto& b) { return key_order(a, b) == 0; }),
                  entries.end());
}

/// A short key over few letters, so that keys collide and are prefixes of each other; at times with
/// a long common beginning.
inline std::string random_key(Random& random) {
    std::string key(random.below(4) == 0 ? "a common beginning " : "");
    for (uint64_t length = 1 + random.below(10); length > 0; --length)
        key.push_back("abc\xFF"[random.below(4)]);
    if (random.below(50) == 0) key.push_back('\0');
    return key;
}

/// `count` or fewer entries of all kinds with seqnos 1 to `count`.
inline EntryList random_entries(Random& random, size_t count, size_t largest_value = 40) {
    EntryList entries;
    for (Seqno seqno = 1; seqno <= count; ++seqno) {
        const std::string key = random_key(random);
        std::string value = random_bytes(random, random.below(largest_value + 1));
        const uint64_t die = random.below(10);
        if (die == 0)
            entries.emplace_back(make_internal_key(key, seqno, Kind::kDelete), "");
        else if (die == 1)
            entries.emplace_back(make_internal_key(key, seqno, Kind::kPutWithExpiry),
                                 random_bytes(random, kExpiryBytes) + value);
        else
            entries.emplace_back(make_internal_key(key, seqno, Kind::kPut), std::move(value));
    }
    sort_entries(entries);
    return entries;
}

/// Position of the first entry >= `internal_key`.
inline size_t entry_at_or_after(const EntryList& entries, Bytes internal_key) {
    return static_cast<size_t>(std::partition_point(entries.begin(), entries.end(),
                                                    [&](const auto& entry) {
                                                        return compare_internal_keys(
                                                                   entry.first, internal_key) < 0;
                                                    }) -
                               entries.begin());
}

/// Over a copy, so that what it shows goes when it goes.
class EntryListIterator final : public InternalIterator {
  public:
    explicit EntryListIterator(EntryList entries)
        : entries_(std::move(entries)), position_(entries_.size()) {}

    /// From now on the iterator fails when it reaches `position`.
    void fail_at(size_t position) { fail_at_ = position; }

    bool valid() const override { return status_.is_ok() && position_ < entries_.size(); }
    Status status() const override { return status_; }
    void seek_to_first() override { go_to(0); }
    void seek_to_last() override { go_to(entries_.size() - 1); }
    void seek(Bytes key) override { go_to(entry_at_or_after(entries_, key)); }
    void seek_for_prev(Bytes key) override {
        const size_t position = entry_at_or_after(entries_, key);
        const bool equal = position < entries_.size() && entries_[position].first == key;
        go_to(equal ? position : position - 1);
    }
    void next() override { go_to(position_ + 1); }
    void prev() override { go_to(position_ - 1); }
    Bytes key() const override { return entries_[position_].first; }
    Bytes value() const override { return entries_[position_].second; }

  private:
    void go_to(size_t position) {
        position_ = position;
        status_ = position == fail_at_ ? Status::io_error("planted failure") : Status::ok();
    }

    const EntryList entries_;
    size_t position_;  // at or beyond size(): not valid
    size_t fail_at_ = SIZE_MAX - 1;
    Status status_;
};

/// Both stand on the same entry, or on none.
inline void require_same_entry(const InternalIterator& it, const EntryList& entries,
                               size_t position) {
    REQUIRE(it.status().to_string() == "ok");
    REQUIRE(it.valid() == (position < entries.size()));
    if (!it.valid()) return;
    REQUIRE(it.key() == entries[position].first);
    REQUIRE(it.value() == entries[position].second);
}

/// A walk from one end to the other shows every entry.
inline void require_whole_walk(InternalIterator& it, const EntryList& entries, bool reverse) {
    size_t walked = 0;
    for (reverse ? it.seek_to_last() : it.seek_to_first(); it.valid();
         reverse ? it.prev() : it.next(), ++walked)
        require_same_entry(it, entries, reverse ? entries.size() - 1 - walked : walked);
    REQUIRE(it.status().to_string() == "ok");
    REQUIRE(walked == entries.size());
}

/// `steps` random moves of `it`, each compared with `entries`.
inline void walk_randomly(InternalIterator& it, const EntryList& entries, Random& random,
                          size_t steps) {
    size_t position = entries.size();  // beyond the end: not valid
    for (size_t step = 0; step < steps; ++step) {
        const uint64_t die = random.below(20);
        CAPTURE(step, die);
        const std::string target = random.below(2) == 0 && !entries.empty()
                                       ? entries[random.below(entries.size())].first
                                       : make_seek_key(random_key(random), random.below(2000));
        const size_t found = entry_at_or_after(entries, target);
        if (die == 0) {
            it.seek_to_first();
            position = 0;
        } else if (die == 1) {
            it.seek_to_last();
            position = entries.size() - 1;
        } else if (die <= 3 || position >= entries.size()) {
            it.seek(target);
            position = found;
        } else if (die <= 5) {
            it.seek_for_prev(target);
            const bool equal = found < entries.size() && entries[found].first == target;
            position = equal ? found : found - 1;
        } else if (die <= 13) {
            it.next();
            ++position;
        } else {
            const Bytes left = it.value();
            it.prev();
            REQUIRE(left == entries[position].second);
            --position;
        }
        require_same_entry(it, entries, position);
    }
}

}  // namespace kv::test

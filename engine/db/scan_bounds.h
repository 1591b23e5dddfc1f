// ScanBounds: the user keys that a walk may show, from the lower and upper bound and the prefix of
// its options. Callers: DbIterator, the view source, estimates. Thread rule: a plain value.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "db/table_set.h"
#include "kv/db.h"

namespace kv::db {

struct ScanBounds {
    std::optional<std::string> lower;  ///< Inclusive.
    std::optional<std::string> upper;  ///< Exclusive.

    explicit ScanBounds(const ScanOptions& options) : lower(options.lower), upper(options.upper) {
        if (options.prefix.empty()) return;
        if (!lower || *lower < options.prefix) lower = options.prefix;
        std::string behind = prefix_successor(options.prefix);
        if (!behind.empty() && (!upper || behind < *upper)) upper = std::move(behind);
    }
    bool are_empty() const { return lower && upper && *upper <= *lower; }
    bool meet(const TableSet::Table& table) const {
        return !(lower && table.ends_before(*lower)) && !(upper && table.smallest >= *upper);
    }
};

}  // namespace kv::db

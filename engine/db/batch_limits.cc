// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/batch_limits.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "kv/result.h"
#include "record/batch_format.h"

namespace kv::db {

namespace {

/// In a memtable each takes some 48 bytes, however few it takes in a batch. A few thousand are
/// always allowed, so that small writes may be gathered.
uint64_t most_changes(const Options& limits) {
    constexpr uint64_t kBytesAChange = 32, kAlways = 4096;
    return std::max<uint64_t>(limits.max_batch_bytes / kBytesAChange, kAlways);
}

}  // namespace

size_t precondition_bytes(const WriteBatch& batch) {
    size_t bytes = 0;
    for (const Precondition& precondition : batch.preconditions())
        bytes += precondition.key.size() + precondition.value.size();
    return bytes;
}

Status check_limits(const WriteBatch& batch, const Options& limits) {
    const auto too_large = [](std::string_view what, size_t size, size_t limit) {
        return Status::invalid_argument(std::string(what) + " of " + std::to_string(size) +
                                        " bytes is over the limit of " + std::to_string(limit));
    };
    const auto check_key = [&](Bytes key) {
        if (key.empty()) return Status::invalid_argument("a key must have at least one byte");
        if (key.size() > limits.max_key_bytes) {
            return too_large("key", key.size(), limits.max_key_bytes);
        }
        return Status::ok();
    };
    if (batch.size_bytes() > limits.max_batch_bytes) {
        return too_large("batch", batch.size_bytes(), limits.max_batch_bytes);
    }
    if (batch.count() > most_changes(limits)) {
        return Status::invalid_argument("batch of " + std::to_string(batch.count()) +
                                        " changes is over the limit of " +
                                        std::to_string(most_changes(limits)) + ": split it");
    }
    BatchReader reader(batch.encoded());
    for (Op op; reader.next(op);) {
        KV_RETURN_IF_ERROR(check_key(op.key));
        if (op.is_range_delete()) {
            if (op.value.size() <= limits.max_key_bytes) continue;
            return too_large("the end of a range delete", op.value.size(), limits.max_key_bytes);
        }
        if (op.value.size() > limits.max_value_bytes) {
            return too_large("value", op.value.size(), limits.max_value_bytes);
        }
    }
    for (const Precondition& precondition : batch.preconditions()) {
        KV_RETURN_IF_ERROR(check_key(precondition.key));
    }
    if (const size_t size = precondition_bytes(batch); size > limits.max_batch_bytes) {
        return too_large("preconditions", size, limits.max_batch_bytes);
    }
    return reader.status();
}

}  // namespace kv::db

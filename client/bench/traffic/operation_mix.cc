// The YCSB mixes, and drawing from a mix.
// SPDX-License-Identifier: Apache-2.0
#include "bench/traffic/operation_mix.h"

#include "bench/traffic/workload.h"

namespace kv::bench {

namespace {

// Shares: read, write, insert, scan, read-modify-write.
constexpr YcsbWorkload kYcsb[] = {
    {"a", {0.5, 0.5, 0, 0, 0}, Distribution::kZipfian},
    {"b", {0.95, 0.05, 0, 0, 0}, Distribution::kZipfian},
    {"c", {1, 0, 0, 0, 0}, Distribution::kZipfian},
    {"d", {0.95, 0, 0.05, 0, 0}, Distribution::kLatest},
    {"e", {0, 0, 0.05, 0.95, 0}, Distribution::kZipfian},
    {"f", {0.5, 0, 0, 0, 0.5}, Distribution::kZipfian},
};

}  // namespace

std::optional<YcsbWorkload> ycsb_workload(std::string_view letter) {
    for (const YcsbWorkload& known : kYcsb) {
        if (known.letter == letter) return known;
    }
    return std::nullopt;
}

OperationChooser::OperationChooser(const Workload& workload, InsertedKeys& inserted, uint32_t index)
    : workload_(workload),
      inserted_(inserted),
      follows_inserts_(workload.distribution == Distribution::kLatest &&
                       share_of(workload.mix, OpKind::kInsert) > 0),
      keys_(workload.distribution, workload.key_count, workload.seed + index * 7919,
            workload.key_count / workload.threads * index, workload.zeta),
      random_(workload.seed ^ (uint64_t{index} << 32)) {}

OpKind OperationChooser::next_kind() {
    double left = random_.fraction();
    OpKind last = OpKind::kRead;  // a sum of shares that is rounded down ends at the last one
    for (size_t i = 0; i < kOpKinds; ++i) {
        if (workload_.mix[i] <= 0) continue;
        last = static_cast<OpKind>(i);
        if (left < workload_.mix[i]) break;
        left -= workload_.mix[i];
    }
    return last;
}

Operation OperationChooser::next(Role role) {
    Operation operation;
    operation.kind = role == Role::kReader   ? OpKind::kRead
                     : role == Role::kWriter ? OpKind::kWrite
                                             : next_kind();
    switch (operation.kind) {
        case OpKind::kInsert:
            operation.key_index = inserted_.allocate();
            break;
        case OpKind::kWrite:
            operation.key_index = keys_.next_for_write();
            break;
        case OpKind::kScan:
            operation.scan_entries = 1 + static_cast<uint32_t>(random_.below(kMaxScanEntries));
            operation.key_index = keys_.next_for_read();
            break;
        case OpKind::kRead:
        case OpKind::kReadModifyWrite:
            if (follows_inserts_) keys_.set_newest(inserted_.newest());
            operation.key_index = keys_.next_for_read();
            break;
    }
    return operation;
}

}  // namespace kv::bench

// The options under which every script runs: each dimension at its ends, and random mixtures.
// Thread rule: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "kv/options.h"

namespace kv::test {

struct OptionSet {
    std::string name;
    Options options;
};

/// Small enough that a few hundred steps flush and compact.
inline Options tiny_options() {
    Options options;
    options.memory_budget_bytes = 16U << 20;
    options.memtable_bytes = 16U << 10;
    options.table_bytes = 8U << 10;
    options.level1_bytes = 32U << 10;
    options.block_size_bytes = 512;
    options.block_cache_bytes = 64U << 10;
    options.wal_segment_bytes = 32U << 10;
    options.level0_compaction_trigger = 2;
    return options;
}

inline Options random_options(Random& random) {
    Options options = tiny_options();
    options.memtable_bytes = 4U << 10 << random.below(8);
    options.table_bytes = 4U << 10 << random.below(8);
    options.level1_bytes = 4U << 10 << random.below(8);
    options.block_size_bytes = 256U << random.below(9);
    options.block_cache_bytes = uint64_t{1} << random.below(21);
    options.bloom_bits_per_key = static_cast<uint32_t>(random.below(21));
    options.compression = static_cast<Compression>(random.below(3));
    options.wal_segment_bytes = 4U << 10 << random.below(8);
    options.level0_compaction_trigger = static_cast<uint32_t>(1 + random.below(8));
    options.compaction_threads = static_cast<uint32_t>(1 + random.below(3));
    return options;
}

/// `mixtures` random sets behind the fixed ones.
inline std::vector<OptionSet> option_sets(uint64_t seed, int mixtures) {
    std::vector<OptionSet> sets;
    const auto add = [&](std::string name, auto change) {
        sets.push_back({std::move(name), tiny_options()});
        change(sets.back().options);
    };
    add("tiny", [](Options&) {});
    add("all in memory", [](Options& o) { o.memtable_bytes = 4U << 20; });
    add("tiny memtables and tables", [](Options& o) { o.memtable_bytes = o.table_bytes = 4096; });
    add("blocks of 256 bytes", [](Options& o) { o.block_size_bytes = 256; });
    add("blocks of 64 KiB", [](Options& o) { o.block_size_bytes = 64U << 10; });
    add("no cache to speak of", [](Options& o) { o.block_cache_bytes = 1; });
    add("no filter", [](Options& o) { o.bloom_bits_per_key = 0; });
    for (const auto each : {Compression::kNone, Compression::kLz4, Compression::kZstd}) {
        const std::string codec(compression_name(each));
        add(codec + " in blocks of 256 bytes, no cache to speak of", [each](Options& o) {
            o.compression = each;
            o.block_size_bytes = 256;
            o.block_cache_bytes = 1;
        });
        add(codec + " in blocks of 4 KiB, tiny memtables and tables", [each](Options& o) {
            o.compression = each;
            o.block_size_bytes = 4096;
            o.memtable_bytes = o.table_bytes = o.level1_bytes = 4096;
            o.block_cache_bytes = 4U << 10;
        });
        add(codec + " in blocks of 64 KiB, a large cache", [each](Options& o) {
            o.compression = each;
            o.block_size_bytes = 64U << 10;
            o.block_cache_bytes = 4U << 20;
        });
    }
    add("20 bits of filter", [](Options& o) { o.bloom_bits_per_key = 20; });
    Random random(seed);
    for (int i = 0; i < mixtures; ++i) {
        sets.push_back({"mixture " + std::to_string(i), random_options(random)});
    }
    return sets;
}

}  // namespace kv::test

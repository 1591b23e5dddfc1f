// What a get costs: tables asked, blocks read and time, as level 0 grows and as filters do.
// SPDX-License-Identifier: Apache-2.0
#include "experiment.h"
#include "experiment_store.h"
#include "kv/file_system.h"

namespace kv::bench {

namespace {

constexpr uint64_t kExplainedGets = 2000;
/// Of a table of level 0, relative to the full level below.
constexpr uint64_t kLevel0Share = 40;

/// Room for everything, so that what is measured is work and not the disk.
Options roomy_options(uint64_t num) {
    const uint64_t data = num * (kKeyBytes + kValueBytes) * 5 / 4;
    Options options;
    options.block_cache_bytes = 3 * data + (64ULL << 20);
    options.memory_budget_bytes = options.block_cache_bytes + (512ULL << 20);
    options.memtable_bytes = 64ULL << 20;
    // Level 0 is the experiment's own: nothing merges it, nothing waits for it.
    options.level0_compaction_trigger = 1000;
    options.level0_stop_trigger = 10'000;
    return options;
}

struct GetFigures {
    double us = 0;         ///< Median of the rounds.
    double us_spread = 0;  ///< Half the distance between fastest and slowest, relative to it.
    /// Of each get; blocks: data, and parts of large indexes and filters.
    double tables = 0, filter_checks = 0, filter_skips = 0, blocks = 0, disk_blocks = 0;
};

class GetMeter {
  public:
    GetMeter(ExperimentStore& store, const ExperimentOptions& options, bool missing)
        : store_(store), options_(options), missing_(missing) {}

    Result<GetFigures> measure() {
        GetFigures figures;
        KV_RETURN_IF_ERROR(explain(figures));
        std::vector<double> rounds;
        const StoreStats before = store_.db().stats();
        for (uint64_t i = 0; i < options_.rounds; ++i) {
            KV_ASSIGN_OR_RETURN(const double us, time_round());
            rounds.push_back(us);
        }
        const StoreStats after = store_.db().stats();
        const double gets = static_cast<double>(std::max<uint64_t>(after.gets - before.gets, 1));
        const auto each = [&](uint64_t StoreStats::*counter) {
            return static_cast<double>(after.*counter - before.*counter) / gets;
        };
        figures.filter_checks = each(&StoreStats::filter_checks);
        figures.filter_skips = each(&StoreStats::filter_skips);
        figures.blocks = each(&StoreStats::cache_hits) + each(&StoreStats::cache_misses);
        figures.disk_blocks = each(&StoreStats::cache_misses);
        figures.us = median(rounds);
        const auto [fastest, slowest] = std::minmax_element(rounds.begin(), rounds.end());
        figures.us_spread = (*slowest - *fastest) / 2 / figures.us;
        return figures;
    }

  private:
    Bytes next_key() {
        const uint64_t number = store_.random().below(options_.num);
        return missing_ ? store_.missing_key(number) : store_.key(number);
    }

    Status explain(GetFigures& figures) {
        uint64_t tables = 0;
        for (uint64_t i = 0; i < kExplainedGets; ++i) {
            KV_ASSIGN_OR_RETURN(const GetExplanation get, store_.db().explain_get(next_key()));
            tables += get.tables.size();
        }
        figures.tables = static_cast<double>(tables) / static_cast<double>(kExplainedGets);
        return Status::ok();
    }

    Result<double> time_round() {
        const StopWatch watch;
        for (uint64_t i = 0; i < options_.count; ++i) {
            const auto entry = store_.db().get(next_key());
            if (!entry) return entry.error();
            if (entry->has_value() == missing_) {
                return Status::corruption("a get found what was never written, or lost a key");
            }
        }
        return watch.us() / static_cast<double>(options_.count);
    }

    ExperimentStore& store_;
    const ExperimentOptions& options_;
    const bool missing_;
};

/// Brings every block into the cache.
Status warm(Db& db) {
    const auto it = db.new_iterator();
    for (it->seek_to_first(); it->valid(); it->next()) {
    }
    return it->status();
}

Result<ExperimentStore> make_full_level(const ExperimentOptions& options, const Options& engine,
                                        const std::string& path) {
    KV_ASSIGN_OR_RETURN(auto store, ExperimentStore::open(engine, path, options.seed));
    KV_RETURN_IF_ERROR(store.put_in_order(options.num));
    KV_RETURN_IF_ERROR(store.db().compact_all());
    return store;
}

Status grow_level0(ExperimentStore& store, const ExperimentOptions& options, uint64_t tables) {
    while (store.db().stats().levels.at(0).tables < tables) {
        KV_RETURN_IF_ERROR(store.put_random(options.num / kLevel0Share, options.num));
        KV_RETURN_IF_ERROR(store.db().flush());
    }
    return warm(store.db());
}

Status check_level0(ExperimentStore& store, uint64_t tables) {
    const uint64_t found = store.db().stats().levels.at(0).tables;
    if (found == tables) return Status::ok();
    return Status::invalid_argument("level 0 has " + std::to_string(found) +
                                    " tables, wanted are " + std::to_string(tables) +
                                    ": --steps must ascend");
}

void print(const GetFigures& figures, std::ostream& out) {
    out << figures.tables << ',' << figures.filter_checks << ',' << figures.filter_skips << ','
        << figures.blocks << ',' << figures.disk_blocks << ',' << figures.us << ','
        << figures.us_spread << std::endl;
}

}  // namespace

Status measure_level0(const ExperimentOptions& options, std::ostream& out) {
    out << "level0_tables,gets,tables_asked,filter_checks,filter_skips,blocks,disk_blocks,us,us_"
           "spread\n";
    say("level 0: filling the level below");
    KV_ASSIGN_OR_RETURN(auto store,
                        make_full_level(options, roomy_options(options.num), options.db));
    const KeptAwake awake(store.db());
    for (const uint64_t tables : options.steps) {
        KV_RETURN_IF_ERROR(grow_level0(store, options, tables));
        say("level 0: " + std::to_string(tables) + " tables");
        for (const bool missing : {false, true}) {
            KV_ASSIGN_OR_RETURN(const GetFigures figures,
                                GetMeter(store, options, missing).measure());
            KV_RETURN_IF_ERROR(check_level0(store, tables));
            out << tables << ',' << (missing ? "misses" : "hits") << ',';
            print(figures, out);
        }
    }
    return Status::ok();
}

Status measure_filters(const ExperimentOptions& options, std::ostream& out) {
    constexpr uint64_t kTables = 8;
    out << "bits_per_key,gets,tables_asked,filter_checks,filter_skips,blocks,disk_blocks,us,us_"
           "spread\n";
    KV_RETURN_IF_ERROR(posix_file_system().create_dir(options.db));
    for (const uint64_t bits : options.steps) {
        say("filters: " + std::to_string(bits) + " bits a key");
        Options engine = roomy_options(options.num);
        engine.bloom_bits_per_key = static_cast<uint32_t>(bits);
        KV_ASSIGN_OR_RETURN(
            auto store,
            make_full_level(options, engine, options.db + "/bits" + std::to_string(bits)));
        const KeptAwake awake(store.db());
        KV_RETURN_IF_ERROR(grow_level0(store, options, kTables));
        KV_ASSIGN_OR_RETURN(const GetFigures figures, GetMeter(store, options, true).measure());
        KV_RETURN_IF_ERROR(check_level0(store, kTables));
        out << bits << ",misses,";
        print(figures, out);
    }
    return Status::ok();
}

}  // namespace kv::bench

// What opening a store costs: with many tables, and with a full memtable's worth of log.
// SPDX-License-Identifier: Apache-2.0
#include "experiment.h"
#include "experiment_store.h"
#include "kv/file_system.h"
#include "version/manifest.h"
#include "wal/recovery.h"

namespace kv::bench {

namespace {

constexpr uint32_t kSmallTableValueBytes = 400;
/// About what fills a table of the smallest size that options allow.
constexpr uint64_t kSmallTableKeys = 9;

Status make_small_tables(const std::string& path, uint64_t tables, uint64_t seed) {
    Options options;
    options.table_bytes = 4ULL << 10;
    options.level0_compaction_trigger = 1000;
    options.level0_stop_trigger = 10'000;
    KV_ASSIGN_OR_RETURN(auto store,
                        ExperimentStore::open(options, path, seed, kSmallTableValueBytes));
    KV_RETURN_IF_ERROR(store.put_in_order(tables * kSmallTableKeys));
    return store.db().compact_all();
}

struct OpenFigures {
    std::vector<double> ms, cpu_ms, first_get_us, next_get_us;
    uint64_t tables = 0;
};

Status time_open(const std::string& path, uint64_t keys, uint64_t seed, OpenFigures& figures) {
    constexpr int kGets = 100;
    const CpuWatch cpu_watch;
    const StopWatch open_watch;
    KV_ASSIGN_OR_RETURN(const auto db, Db::open(Options{}, path));
    figures.ms.push_back(open_watch.ms());
    figures.cpu_ms.push_back(cpu_watch.seconds() * 1e3);
    figures.tables = 0;
    for (const LevelStats& level : db->stats().levels) figures.tables += level.tables;
    Random random(seed);
    std::string key;
    for (int i = 0; i < kGets; ++i) {
        tools::make_bench_key(random.below(keys), kKeyBytes, key);
        const StopWatch get_watch;
        const auto entry = db->get(key);
        (i == 0 ? figures.first_get_us : figures.next_get_us).push_back(get_watch.us());
        if (!entry) return entry.error();
        if (!entry->has_value()) return Status::corruption("lost a key");
    }
    return Status::ok();
}

/// What recovery reads, without a store around it.
Result<wal::ReplayRequest> replay_request(const std::string& path) {
    KV_ASSIGN_OR_RETURN(const auto manifest,
                        Manifest::open(posix_file_system(), path, /*read_only=*/true));
    const ManifestCounters counters = manifest->counters();
    return wal::ReplayRequest{.database_id = counters.database_id,
                              .oldest_segment = counters.oldest_segment,
                              .last_created_segment = counters.last_created_segment,
                              .flushed_seqno = counters.flushed_seqno,
                              .read_only = true};
}

/// A store of which everything is in the log: nine tenths of a memtable.
Status fill_log(const std::string& path, const ExperimentOptions& options, uint64_t value_bytes) {
    constexpr uint64_t kPieceBytes = 1ULL << 20;  // between two looks at the memtable
    Options engine;
    engine.memtable_bytes = 64ULL << 20;
    KV_ASSIGN_OR_RETURN(auto db, Db::open(engine, path));
    tools::ValueSource values(static_cast<uint32_t>(value_bytes), 0.5);
    Random random(options.seed);
    std::string key;
    while (db->stats().memtable_bytes < engine.memtable_bytes / 10 * 9) {
        for (uint64_t bytes = 0; bytes < kPieceBytes; bytes += value_bytes + kKeyBytes) {
            tools::make_bench_key(random.next(), kKeyBytes, key);
            KV_RETURN_IF_ERROR(db->put(key, values.next(), Durability::kMemory).status);
        }
    }
    if (db->stats().flushes == 0) return Status::ok();
    return Status::invalid_argument("the memtable was flushed, so the log is not all there is");
}

struct ReplayFigures {
    std::vector<double> read_seconds, open_seconds, open_cpu_seconds;
    uint64_t log_bytes = 0, records = 0;
};

Status time_replay(const std::string& path, ReplayFigures& figures) {
    KV_ASSIGN_OR_RETURN(const wal::ReplayRequest request, replay_request(path));
    {
        const StopWatch watch;
        KV_ASSIGN_OR_RETURN(
            const wal::RecoveredLog log,
            wal::replay_log(posix_file_system(), path, request,
                            [](const wal::ReplayedBatch&) { return Status::ok(); }));
        figures.read_seconds.push_back(watch.seconds());
        figures.log_bytes = log.bytes;
        figures.records = log.batches;
    }
    Options engine;
    engine.memtable_bytes = 64ULL << 20;
    const CpuWatch cpu_watch;
    const StopWatch watch;
    KV_ASSIGN_OR_RETURN(const auto db, Db::open(engine, path));
    figures.open_seconds.push_back(watch.seconds());
    figures.open_cpu_seconds.push_back(cpu_watch.seconds());
    // What was replayed stays in the memtable, so the next open replays it again.
    if (db->stats().memtable_bytes >= engine.memtable_bytes / 2) return Status::ok();
    return Status::corruption("the log was not replayed into the memtable");
}

}  // namespace

Status measure_open(const ExperimentOptions& options, std::ostream& out) {
    out << "tables,open_ms,open_min_ms,open_max_ms,open_cpu_ms,first_get_us,next_get_us,"
           "make_seconds\n";
    KV_RETURN_IF_ERROR(posix_file_system().create_dir(options.db));
    for (const uint64_t wanted : options.steps) {
        say("open: making " + std::to_string(wanted) + " tables");
        const std::string path = options.db + "/tables" + std::to_string(wanted);
        const StopWatch make_watch;
        KV_RETURN_IF_ERROR(make_small_tables(path, wanted, options.seed));
        const double make_seconds = make_watch.seconds();
        OpenFigures figures;
        for (uint64_t round = 0; round < options.rounds; ++round) {
            KV_RETURN_IF_ERROR(
                time_open(path, wanted * kSmallTableKeys, options.seed + round, figures));
        }
        out << figures.tables << ',' << median(figures.ms) << ',' << percentile(figures.ms, 0)
            << ',' << percentile(figures.ms, 100) << ',' << median(figures.cpu_ms) << ','
            << median(figures.first_get_us) << ',' << median(figures.next_get_us) << ','
            << make_seconds << std::endl;
    }
    return Status::ok();
}

Status measure_replay(const ExperimentOptions& options, std::ostream& out) {
    out << "value_bytes,log_bytes,records,read_mb_per_s,open_mb_per_s,open_mb_per_cpu_s,open_ms\n";
    KV_RETURN_IF_ERROR(posix_file_system().create_dir(options.db));
    for (const uint64_t value_bytes : options.steps) {
        say("replay: values of " + std::to_string(value_bytes) + " bytes");
        const std::string path = options.db + "/values" + std::to_string(value_bytes);
        KV_RETURN_IF_ERROR(fill_log(path, options, value_bytes));
        ReplayFigures figures;
        for (uint64_t round = 0; round < options.rounds; ++round) {
            KV_RETURN_IF_ERROR(time_replay(path, figures));
        }
        const double megabytes = static_cast<double>(figures.log_bytes) / 1e6;
        out << value_bytes << ',' << figures.log_bytes << ',' << figures.records << ','
            << megabytes / median(figures.read_seconds) << ','
            << megabytes / median(figures.open_seconds) << ','
            << megabytes / median(figures.open_cpu_seconds) << ','
            << median(figures.open_seconds) * 1e3 << std::endl;
    }
    return Status::ok();
}

}  // namespace kv::bench

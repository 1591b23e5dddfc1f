// kvd under `kvtool bench`: see bench_kvd.h.
// SPDX-License-Identifier: Apache-2.0
#include "tools/bench_kvd.h"

#include <algorithm>
#include <cstdio>
#include <ostream>
#include <sstream>

#include "kv/db.h"
#include "tools/bench_loops.h"

namespace kv::tools {

namespace {

class KvdCursor {
  public:
    explicit KvdCursor(std::unique_ptr<Iterator> it) : it_(std::move(it)) {}

    void seek_to_first() { it_->seek_to_first(); }
    void seek_to_last() { it_->seek_to_last(); }
    void seek(Bytes key) { it_->seek(key); }
    void next() { it_->next(); }
    void prev() { it_->prev(); }
    bool valid() const { return it_->valid(); }
    Bytes key() const { return it_->key(); }
    Bytes value() const { return it_->value(); }
    Status status() const { return it_->status(); }

  private:
    std::unique_ptr<Iterator> it_;
};

class KvdStore {
  public:
    explicit KvdStore(Db& db) : db_(&db) {}

    void put(Bytes key, Bytes value) { batch_.put(key, value); }
    void del(Bytes key) { batch_.del(key); }
    Status commit(Durability durability) {
        Status status = db_->write(std::move(batch_), durability).status;
        batch_ = WriteBatch();
        return status;
    }
    Status get(Bytes key, bool& found, size_t& bytes) {
        const auto entry = db_->get(key);
        if (!entry) return entry.error();
        found = entry->has_value();
        if (found) bytes = (*entry)->value.size();
        return Status::ok();
    }
    Status multi_get(const std::vector<Bytes>& keys, uint64_t& found, uint64_t& bytes) {
        for (const auto& entry : db_->multi_get(keys)) {
            if (!entry) return entry.error();
            if (!entry->has_value()) continue;
            ++found;
            bytes += (*entry)->value.size();
        }
        return Status::ok();
    }
    KvdCursor new_iterator() { return KvdCursor(db_->new_iterator()); }

  private:
    Db* db_;
    WriteBatch batch_;
};

double ratio(uint64_t part, uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

template <class... Args>
void add_line(std::string& text, const char* pattern, Args... args) {
    char line[256];
    std::snprintf(line, sizeof line, pattern, args...);
    text.append(line).push_back('\n');
}

/// Bytes of all tables for each byte of the lowest level, which holds each key once.
double space_amplification(const StoreStats& stats) {
    uint64_t total = 0, last = 0;
    for (const LevelStats& level : stats.levels) {
        total += level.bytes;
        if (level.bytes > 0) last = level.bytes;
    }
    return ratio(total, last);
}

std::string levels_text(const StoreStats& stats) {
    std::ostringstream text;
    for (size_t level = 0; level < stats.levels.size(); ++level) {
        const LevelStats& at = stats.levels[level];
        if (at.tables == 0) continue;
        text << "level " << level << ": " << at.tables << " tables, " << at.bytes << " bytes, "
             << at.entries << " entries, " << at.tombstones << " tombstones\n";
    }
    text << "flushes " << stats.flushes << " (" << stats.flush_bytes << " bytes), compactions "
         << stats.compactions << " (read " << stats.compaction_read_bytes << ", written "
         << stats.compaction_written_bytes << " bytes), log " << stats.log_bytes << " bytes in "
         << stats.commit_groups << " groups and " << stats.log_syncs << " syncs\n";
    return text.str();
}

std::string statistics_text(const StoreStats& stats, uint64_t user_bytes) {
    std::string text = levels_text(stats);
    const uint64_t table_bytes = stats.flush_bytes + stats.compaction_written_bytes;
    add_line(text, "write amplification: %.2f tables/flushed, %.2f tables/user, %.2f log/user",
             ratio(table_bytes, stats.flush_bytes), ratio(table_bytes, user_bytes),
             ratio(stats.log_bytes, user_bytes));
    add_line(text, "space amplification: %.3f tables/last level", space_amplification(stats));
    const uint64_t blocks = stats.cache_hits + stats.cache_misses;
    add_line(text, "read amplification: %.2f filters and %.2f blocks asked a get",
             ratio(stats.filter_checks, stats.gets), ratio(blocks, stats.gets));
    add_line(text, "filters: %llu checks, %.2f %% of the tables skipped",
             static_cast<unsigned long long>(stats.filter_checks),
             100 * ratio(stats.filter_skips, stats.filter_checks));
    add_line(text, "block cache: %llu hits, %llu misses, hit rate %.2f %%, %llu bytes",
             static_cast<unsigned long long>(stats.cache_hits),
             static_cast<unsigned long long>(stats.cache_misses),
             100 * ratio(stats.cache_hits, blocks),
             static_cast<unsigned long long>(stats.cache_bytes));
    add_line(text, "stalls: %llu us of writes",
             static_cast<unsigned long long>(stats.write_stall_us));
    return text;
}

class KvdBenchEngine final : public BenchEngine {
  public:
    explicit KvdBenchEngine(std::ostream& err) : err_(err) {}

    std::string name() const override { return "kvd"; }
    Status check(const BenchOptions& options) const override {
        if (parse_compression(options.compression_type)) return Status::ok();
        return Status::invalid_argument("--compression_type=" + options.compression_type +
                                        ": this engine knows none, lz4 and zstd");
    }
    bool is_open() const override { return db_ != nullptr; }
    Status open(const BenchOptions& options) override {
        Options engine;
        engine.create_if_missing = !options.use_existing_db;
        engine.block_cache_bytes = options.cache_size;
        engine.memtable_bytes = options.write_buffer_size;
        // The rivals count neither memtables nor compaction into what their flags say.
        engine.memory_budget_bytes = std::max(engine.memory_budget_bytes,
                                              options.cache_size + 8 * options.write_buffer_size);
        if (options.bloom_bits >= 0) {
            engine.bloom_bits_per_key = static_cast<uint32_t>(options.bloom_bits);
        }
        engine.compression = *parse_compression(options.compression_type);
        engine.log = [this](LogLevel level, std::string_view line) {
            if (level >= LogLevel::kWarning) err_ << std::string(line) + "\n" << std::flush;
        };
        KV_ASSIGN_OR_RETURN(db_, Db::open(engine, options.db));
        return Status::ok();
    }
    void close() override { db_.reset(); }
    std::unique_ptr<BenchWorker> new_worker(const WorkerSeat& seat) override {
        return std::make_unique<BenchLoops<KvdStore>>(KvdStore(*db_), seat);
    }
    Status flush() override { return db_->flush(); }
    Status compact() override { return db_->compact_all(); }
    std::string statistics(uint64_t user_bytes) override {
        return statistics_text(db_->stats(), user_bytes);
    }

  private:
    std::ostream& err_;
    std::unique_ptr<Db> db_;
};

}  // namespace

std::unique_ptr<BenchEngine> new_kvd_bench_engine(std::ostream& err) {
    return std::make_unique<KvdBenchEngine>(err);
}

}  // namespace kv::tools

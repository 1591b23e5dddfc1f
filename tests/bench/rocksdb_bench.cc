// RocksDB under the loops of kvtool bench: see rival_bench.h. For what its own db_bench does not
// print: latencies of each second, and figures of the same loop.
// SPDX-License-Identifier: Apache-2.0
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include "rival_bench.h"

namespace kv::bench {

namespace {

struct RocksDbApi {
    using Db = rocksdb::DB;
    using Iterator = rocksdb::Iterator;
    using WriteOptions = rocksdb::WriteOptions;
    using WriteBatch = rocksdb::WriteBatch;
    using Value = rocksdb::PinnableSlice;

    static rocksdb::ReadOptions read_options() { return {}; }
    static rocksdb::Slice slice(Bytes bytes) { return {bytes.data(), bytes.size()}; }
    static rocksdb::Status get(Db& db, Bytes key, rocksdb::PinnableSlice& value) {
        return db.Get(read_options(), db.DefaultColumnFamily(), slice(key), &value);
    }
};

/// What db_bench sets when it is given the same flags.
rocksdb::Options options_like_db_bench(const tools::BenchOptions& options) {
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(options.cache_size, 6);
    table.block_size = 4096;
    if (options.bloom_bits > 0) {
        table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(options.bloom_bits));
    }
    rocksdb::Options open;
    open.create_if_missing = true;
    open.write_buffer_size = options.write_buffer_size;
    open.max_write_buffer_number = 2;
    open.max_background_jobs = 2;
    open.compression = rocksdb::kNoCompression;
    open.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    return open;
}

class RocksDbEngine final : public tools::BenchEngine {
  public:
    std::string name() const override { return "RocksDB"; }
    Status check(const tools::BenchOptions& options) const override {
        if (options.compression_type == "none") return Status::ok();
        return Status::invalid_argument("RocksDB is measured without compression");
    }
    bool is_open() const override { return db_ != nullptr; }
    Status open(const tools::BenchOptions& options) override {
        rocksdb::DB* db = nullptr;
        KV_RETURN_IF_ERROR(
            to_status(rocksdb::DB::Open(options_like_db_bench(options), options.db, &db)));
        db_.reset(db);
        return Status::ok();
    }
    void close() override { db_.reset(); }
    std::unique_ptr<tools::BenchWorker> new_worker(const tools::WorkerSeat& seat) override {
        return std::make_unique<tools::BenchLoops<RivalStore<RocksDbApi>>>(
            RivalStore<RocksDbApi>(*db_), seat);
    }
    Status flush() override { return to_status(db_->Flush(rocksdb::FlushOptions())); }
    Status compact() override {
        return to_status(db_->CompactRange(rocksdb::CompactRangeOptions(), nullptr, nullptr));
    }
    std::string statistics(uint64_t) override {
        std::string text;
        db_->GetProperty("rocksdb.stats", &text);
        return text;
    }

  private:
    std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace

}  // namespace kv::bench

int main(int argc, char** argv) {
    kv::bench::RocksDbEngine engine;
    return kv::bench::run_rival(argc, argv, "rocksdb", engine);
}

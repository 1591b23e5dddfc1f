// LevelDB under the loops of kvtool bench: see rival_bench.h.
// SPDX-License-Identifier: Apache-2.0
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>

#include "rival_bench.h"

namespace kv::bench {

namespace {

struct LevelDbApi {
    using Db = leveldb::DB;
    using Iterator = leveldb::Iterator;
    using WriteOptions = leveldb::WriteOptions;
    using WriteBatch = leveldb::WriteBatch;
    using Value = std::string;

    static inline bool verifies = false;

    static leveldb::ReadOptions read_options() {
        leveldb::ReadOptions options;
        options.verify_checksums = verifies;
        return options;
    }
    static leveldb::Slice slice(Bytes bytes) { return {bytes.data(), bytes.size()}; }
    static leveldb::Status get(Db& db, Bytes key, std::string& value) {
        return db.Get(read_options(), slice(key), &value);
    }
};

class LevelDbEngine final : public tools::BenchEngine {
  public:
    std::string name() const override { return "LevelDB"; }
    Status check(const tools::BenchOptions& options) const override {
        if (options.compression_type == "none") return Status::ok();
        return Status::invalid_argument("LevelDB is measured without compression");
    }
    bool is_open() const override { return db_ != nullptr; }
    Status open(const tools::BenchOptions& options) override {
        cache_.reset(leveldb::NewLRUCache(options.cache_size));
        if (options.bloom_bits > 0)
            filter_.reset(leveldb::NewBloomFilterPolicy(options.bloom_bits));
        leveldb::Options open;
        open.create_if_missing = true;
        open.block_cache = cache_.get();
        open.filter_policy = filter_.get();
        open.write_buffer_size = options.write_buffer_size;
        open.compression = leveldb::kNoCompression;
        leveldb::DB* db = nullptr;
        KV_RETURN_IF_ERROR(to_status(leveldb::DB::Open(open, options.db, &db)));
        db_.reset(db);
        return Status::ok();
    }
    void close() override { db_.reset(); }
    std::unique_ptr<tools::BenchWorker> new_worker(const tools::WorkerSeat& seat) override {
        return std::make_unique<tools::BenchLoops<RivalStore<LevelDbApi>>>(
            RivalStore<LevelDbApi>(*db_), seat);
    }
    /// LevelDB has no call for it; a compaction of everything begins with it.
    Status flush() override { return Status::ok(); }
    Status compact() override {
        db_->CompactRange(nullptr, nullptr);
        return Status::ok();
    }
    std::string statistics(uint64_t) override {
        std::string text;
        db_->GetProperty("leveldb.stats", &text);
        return text;
    }

  private:
    std::unique_ptr<leveldb::Cache> cache_;
    std::unique_ptr<const leveldb::FilterPolicy> filter_;
    std::unique_ptr<leveldb::DB> db_;
};

}  // namespace

}  // namespace kv::bench

int main(int argc, char** argv) {
    kv::bench::LevelDbEngine engine;
    return kv::bench::run_rival(argc, argv, "leveldb", engine, [](CLI::App& app) {
        app.add_flag("--verify_checksums", kv::bench::LevelDbApi::verifies,
                     "Verify what is read, as the others do unless told otherwise");
    });
}

// LevelDB and RocksDB under the loops of kvtool bench: the same keys, values, threads and result
// lines, so that one table can hold all engines. Their interfaces share names and shape; `Api` says
// which one is meant.
// Callers: leveldb_bench.cc, rocksdb_bench.cc. Thread rule: as BenchEngine. Never part of the
// product.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "tools/bench.h"
#include "tools/bench_command.h"
#include "tools/bench_loops.h"

namespace kv::bench {

template <class RivalStatus>
Status to_status(const RivalStatus& status) {
    return status.ok() ? Status::ok() : Status::io_error(status.ToString());
}

template <class Api>
class RivalCursor {
  public:
    explicit RivalCursor(typename Api::Iterator* it) : it_(it) {}

    void seek_to_first() { it_->SeekToFirst(); }
    void seek_to_last() { it_->SeekToLast(); }
    void seek(Bytes key) { it_->Seek(Api::slice(key)); }
    void next() { it_->Next(); }
    void prev() { it_->Prev(); }
    bool valid() const { return it_->Valid(); }
    Bytes key() const { return bytes(it_->key()); }
    Bytes value() const { return bytes(it_->value()); }
    Status status() const { return to_status(it_->status()); }

  private:
    template <class Slice>
    static Bytes bytes(const Slice& slice) {
        return {slice.data(), slice.size()};
    }
    std::unique_ptr<typename Api::Iterator> it_;
};

template <class Api>
class RivalStore {
  public:
    explicit RivalStore(typename Api::Db& db) : db_(&db) {}

    void put(Bytes key, Bytes value) { batch_.Put(Api::slice(key), Api::slice(value)); }
    void del(Bytes key) { batch_.Delete(Api::slice(key)); }
    Status commit(Durability durability) {
        typename Api::WriteOptions options;
        options.sync = durability == Durability::kDisk;
        const Status status = to_status(db_->Write(options, &batch_));
        batch_.Clear();
        return status;
    }
    Status get(Bytes key, bool& found, size_t& bytes) {
        const auto status = Api::get(*db_, key, value_);
        found = status.ok();
        if (found) bytes = value_.size();
        const bool failed = !found && !status.IsNotFound();
        if constexpr (requires { value_.Reset(); }) value_.Reset();
        return failed ? to_status(status) : Status::ok();
    }
    /// One after the other: LevelDB has nothing else, and RocksDB's own db_bench runs the rest.
    Status multi_get(const std::vector<Bytes>& keys, uint64_t& found, uint64_t& bytes) {
        for (const Bytes key : keys) {
            bool is_there = false;
            size_t value_bytes = 0;
            KV_RETURN_IF_ERROR(get(key, is_there, value_bytes));
            found += is_there;
            bytes += value_bytes;
        }
        return Status::ok();
    }
    RivalCursor<Api> new_iterator() {
        return RivalCursor<Api>(db_->NewIterator(Api::read_options()));
    }

  private:
    typename Api::Db* db_;
    typename Api::WriteBatch batch_;
    typename Api::Value value_;
};

/// What main() of a driver does. `add_own_flags`: those that only this engine has.
inline int run_rival(int argc, char** argv, const std::string& name, tools::BenchEngine& engine,
                     const std::function<void(CLI::App&)>& add_own_flags = {}) {
    std::ios::sync_with_stdio(false);
    CLI::App app(name + " measured as `kvtool bench` measures kvd");
    tools::BenchOptions options;
    options.db = "/tmp/" + name + "-bench";
    options.bloom_bits = 10;
    tools::add_bench_options(app, options);
    if (add_own_flags) add_own_flags(app);
    CLI11_PARSE(app, argc, argv);
    const Status status = tools::run_bench(options, engine, std::cout, std::cerr);
    if (!status.is_ok()) std::cerr << name << ": " << status.to_string() << "\n";
    return status.is_ok() ? 0 : 1;
}

}  // namespace kv::bench

// See kv/keyspace_catalog.h. Lock order: change_mutex_, then mutex_; the latter is never held over
// a call of the store.
// SPDX-License-Identifier: Apache-2.0
#include "kv/keyspace_catalog.h"

#include <algorithm>
#include <utility>

#include "base/thread_number.h"
#include "db/keyspace_setup.h"
#include "kv/assert.h"

namespace kv {

struct NamedKeyspace::Counters {
    enum Which : size_t { kReads, kHits, kWrites, kDeletes, kCount };
    ThreadCounters<kCount> values;
};

NamedKeyspace::NamedKeyspace(std::string name, Keyspace space)
    : name_(std::move(name)), space_(space), counters_(std::make_unique<Counters>()) {}

NamedKeyspace::~NamedKeyspace() = default;

void NamedKeyspace::count_reads(uint64_t keys, uint64_t found) {
    counters_->values.add(Counters::kReads, keys);
    if (found != 0) counters_->values.add(Counters::kHits, found);
}

void NamedKeyspace::count_writes(uint64_t puts, uint64_t deletes) {
    if (puts != 0) counters_->values.add(Counters::kWrites, puts);
    if (deletes != 0) counters_->values.add(Counters::kDeletes, deletes);
}

KeyspaceCatalog::KeyspaceCatalog() {
    for (uint32_t id = 0; id < kNumbered; ++id) {
        numbered_[id] = std::make_shared<NamedKeyspace>(std::to_string(id), Keyspace(id));
        named_.emplace(numbered_[id]->name(), numbered_[id]);
    }
}

Status KeyspaceCatalog::open(Db& db) {
    KV_ASSIGN_OR_RETURN(const db::StoredCatalog stored, db::load_catalog(db));
    KV_RETURN_IF_ERROR(db::delete_orphans(db, stored));
    const std::lock_guard change(change_mutex_);
    const std::lock_guard lock(mutex_);
    db_ = &db;
    next_id_ = stored.next_id;
    for (const auto& [id, name] : stored.names) {
        named_.emplace(name, std::make_shared<NamedKeyspace>(name, Keyspace(id)));
    }
    return Status::ok();
}

Status KeyspaceCatalog::check_name(std::string_view name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    };
    if (!name.empty() && name.size() <= kMaxNameBytes &&
        std::all_of(name.begin(), name.end(), allowed)) {
        return Status::ok();
    }
    return Status::invalid_argument("\"" + escape_bytes(name, kMaxNameBytes) +
                                    "\" is no name for a keyspace: 1 to 64 of A-Z a-z 0-9 . _ -");
}

KeyspacePtr KeyspaceCatalog::find(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto found = named_.find(name);
    return found == named_.end() ? nullptr : found->second;
}

size_t KeyspaceCatalog::count_named() const {
    const std::lock_guard lock(mutex_);
    return named_.size() - kNumbered;
}

Status KeyspaceCatalog::write(WriteBatch batch) {
    KV_ASSERT(db_ != nullptr);
    return db_->write(std::move(batch), Durability::kDisk).status;
}

Result<KeyspaceCatalog::Created> KeyspaceCatalog::create(std::string_view name) {
    KV_RETURN_IF_ERROR(check_name(name));
    if (KeyspacePtr found = find(name)) return Created{std::move(found), false};
    const std::lock_guard change(change_mutex_);
    if (KeyspacePtr found = find(name)) return Created{std::move(found), false};
    if (count_named() >= kMaxNamed || next_id_ == UINT32_MAX) {
        return Status::no_space("creating keyspace \"" + std::string(name) + "\": there are " +
                                std::to_string(count_named()) + " of at most " +
                                std::to_string(kMaxNamed) + ": drop what is not needed");
    }
    const uint32_t id = next_id_;
    WriteBatch batch;
    batch.put(db::catalog_key(name), db::encode_keyspace_id(id));
    batch.put(db::catalog_key(""), db::encode_catalog_head(id + 1));
    const Status status = write(std::move(batch));
    // In doubt, the number may be taken on the disk.
    if (status.is_ok() || status.is(Code::kInDoubt)) next_id_ = id + 1;
    KV_RETURN_IF_ERROR(status.with_context("creating keyspace \"" + std::string(name) + "\""));
    auto created = std::make_shared<NamedKeyspace>(std::string(name), Keyspace(id));
    const std::lock_guard lock(mutex_);
    named_.emplace(created->name(), created);
    return Created{std::move(created), true};
}

Result<bool> KeyspaceCatalog::drop(std::string_view name) {
    const std::lock_guard change(change_mutex_);
    const KeyspacePtr dropped = find(name);
    if (dropped == nullptr) return false;
    if (dropped->space().is_default()) {
        return Status::invalid_argument("the default keyspace cannot be dropped");
    }
    const bool stays = dropped->space().id() < kNumbered;
    const std::string end = dropped->space().end();
    WriteBatch batch;
    batch.delete_range(dropped->space().first(), Bytes(end));
    if (!stays) {
        batch.del(db::catalog_key(name));
        // Before the batch, so that next to nothing is written behind it.
        dropped->dropped_.store(true, std::memory_order_relaxed);
    }
    const Status status = write(std::move(batch));
    if (!status.is_ok() && !status.is(Code::kInDoubt)) {
        dropped->dropped_.store(false, std::memory_order_relaxed);
    } else if (!stays) {
        const std::lock_guard lock(mutex_);
        named_.erase(named_.find(name));
    }
    KV_RETURN_IF_ERROR(status.with_context("dropping keyspace \"" + std::string(name) + "\""));
    return true;
}

KeyspaceStats KeyspaceCatalog::stats_of(const NamedKeyspace& keyspace) const {
    const auto sum = [&](NamedKeyspace::Counters::Which which) {
        return keyspace.counters_->values.sum(which);
    };
    KeyspaceStats stats;
    stats.name = keyspace.name();
    stats.id = keyspace.space().id();
    stats.reads = sum(NamedKeyspace::Counters::kReads);
    stats.hits = sum(NamedKeyspace::Counters::kHits);
    stats.writes = sum(NamedKeyspace::Counters::kWrites);
    stats.deletes = sum(NamedKeyspace::Counters::kDeletes);
    ScanOptions range;
    range.lower = keyspace.space().first();
    range.upper = keyspace.space().end();
    stats.approximate_keys = db_->approximate_count(range);
    return stats;
}

std::vector<KeyspaceStats> KeyspaceCatalog::list(std::string_view prefix) const {
    KV_ASSERT(db_ != nullptr);
    std::vector<KeyspacePtr> wanted;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [name, keyspace] : named_) {
            if (name.starts_with(prefix)) wanted.push_back(keyspace);
        }
    }
    std::vector<KeyspaceStats> all;
    for (const KeyspacePtr& keyspace : wanted) {
        KeyspaceStats stats = stats_of(*keyspace);
        const bool unused = stats.approximate_keys == 0 && stats.reads == 0 && stats.writes == 0 &&
                            stats.deletes == 0;
        const uint32_t id = stats.id;
        if (id == 0 || id >= kNumbered || !unused) all.push_back(std::move(stats));
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return all;
}

}  // namespace kv

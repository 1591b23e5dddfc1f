// See fake_db.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/fake_db.h"

#include <filesystem>
#include <set>
#include <utility>

#include "db/keyspace_setup.h"
#include "kv/keyspace_catalog.h"
#include "kv/write_program.h"
#include "record/batch_format.h"

namespace kv::server {
namespace {

struct FakeSnapshot final : Snapshot {
    std::shared_ptr<const FakeMap> map;
    Seqno at = 0;
    Seqno seqno() const override { return at; }
};

bool is_live(const Entry& entry, uint64_t wall_ms) {
    return entry.expiry_ms == 0 || entry.expiry_ms > wall_ms;
}

class FakeIterator final : public Iterator {
  public:
    FakeIterator(std::shared_ptr<const FakeMap> map, const ScanOptions& options, uint64_t wall_ms)
        : map_(std::move(map)), wall_ms_(wall_ms), max_skipped_(options.max_skipped) {
        std::string lower = options.lower.value_or("");
        if (lower < options.prefix) lower = options.prefix;
        first_ = map_->lower_bound(lower);
        last_ = options.upper ? map_->lower_bound(*options.upper) : map_->end();
        const std::string successor = prefix_successor(options.prefix);
        if (!successor.empty() && (!options.upper || successor < *options.upper)) {
            last_ = map_->lower_bound(successor);
        }
        empty_ = first_ == map_->end() || (last_ != map_->end() && last_->first <= first_->first);
    }
    bool valid() const override { return valid_; }
    Status status() const override { return Status::ok(); }
    void seek_to_first() override {
        skipped_ = 0;
        find_forward(first_);
    }
    void seek_to_last() override {
        skipped_ = 0;
        find_backward(last_);
    }
    void seek(Bytes key) override {
        skipped_ = 0;
        const auto from = map_->lower_bound(key);
        find_forward(empty_ || is_before(from, first_) ? first_
                     : is_before(from, last_)          ? from
                                                       : last_);
    }
    void seek_for_prev(Bytes key) override {
        skipped_ = 0;
        const auto end = map_->upper_bound(key);
        find_backward(empty_ || is_before(end, first_) ? first_
                      : is_before(end, last_)          ? end
                                                       : last_);
    }
    void next() override { find_forward(std::next(at_)); }
    void prev() override { find_backward(at_); }
    uint64_t skipped() const override { return skipped_; }
    bool budget_exhausted() const override { return !resume_key_.empty(); }
    Bytes resume_key() const override { return resume_key_; }
    Bytes key() const override { return at_->first; }
    Bytes value() const override { return at_->second.value; }
    Seqno seqno() const override { return at_->second.seqno; }
    uint64_t expiry_ms() const override { return at_->second.expiry_ms; }

  private:
    bool is_before(FakeMap::const_iterator a, FakeMap::const_iterator b) const {
        return a != map_->end() && (b == map_->end() || a->first < b->first);
    }
    /// Whether the walk ends at `at_`: at an entry to show, or at its budget.
    bool stops() {
        if (max_skipped_ != 0 && skipped_ >= max_skipped_) {
            resume_key_ = at_->first;
            return true;
        }
        valid_ = is_live(at_->second, wall_ms_);
        if (!valid_) ++skipped_;
        return valid_;
    }
    void find_forward(FakeMap::const_iterator from) {
        resume_key_.clear();
        valid_ = false;
        for (at_ = from; !empty_ && at_ != last_ && !stops(); ++at_) {
        }
    }
    /// The last one before `end`.
    void find_backward(FakeMap::const_iterator end) {
        resume_key_.clear();
        valid_ = false;
        for (at_ = end; !empty_ && at_ != first_;) {
            --at_;
            if (stops()) return;
        }
    }

    std::shared_ptr<const FakeMap> map_;
    const uint64_t wall_ms_;
    const uint64_t max_skipped_;
    FakeMap::const_iterator first_, last_, at_;
    bool empty_ = true;
    bool valid_ = false;
    uint64_t skipped_ = 0;  // dead entries since the last seek
    std::string resume_key_;
};

/// Null without a live entry.
const Entry* find_live(const FakeMap& map, Bytes key, uint64_t wall_ms) {
    const auto found = map.find(key);
    if (found == map.end()) return nullptr;
    return is_live(found->second, wall_ms) ? &found->second : nullptr;
}

class FakeCommitView final : public CommitView {
  public:
    FakeCommitView(std::shared_ptr<const FakeMap> map, bool may_block, uint64_t wall_ms)
        : map_(std::move(map)), may_block_(may_block), wall_ms_(wall_ms) {}
    Result<std::optional<Entry>> get(Bytes key) override {
        if (!may_block_) return Status(Code::kWouldBlock, "cold");
        const Entry* const entry = find_live(*map_, key, wall_ms_);
        return entry == nullptr ? std::optional<Entry>() : std::optional<Entry>(*entry);
    }
    Result<std::optional<EntryHead>> get_head(Bytes key) override {
        if (!may_block_) return Status(Code::kWouldBlock, "cold");
        const Entry* const entry = find_live(*map_, key, wall_ms_);
        if (entry == nullptr) return std::optional<EntryHead>();
        return std::optional<EntryHead>({entry->value.size(), entry->seqno, entry->expiry_ms});
    }
    std::unique_ptr<Iterator> new_iterator(const ScanOptions& options) override {
        return std::make_unique<FakeIterator>(map_, options, wall_ms_);
    }
    uint64_t approximate_count(const ScanOptions& options) override {
        uint64_t count = 0;
        const auto walk = new_iterator(options);
        for (walk->seek_to_first(); walk->valid(); walk->next()) ++count;
        return count;
    }
    bool may_block() const override { return may_block_; }
    uint64_t wall_ms() const override { return wall_ms_; }

  private:
    const std::shared_ptr<const FakeMap> map_;
    const bool may_block_;
    const uint64_t wall_ms_;
};

Seqno seqno_in(const std::map<std::string, Seqno>& seqnos, const std::string& key) {
    const auto found = seqnos.find(key);
    return found == seqnos.end() ? 0 : found->second;
}

}  // namespace

FakeDb::FakeDb() {
    const std::string head = db::encode_catalog_head(KeyspaceCatalog::kNumbered);
    map_ = std::make_shared<FakeMap>(FakeMap{{db::catalog_key(""), Entry{head, 0, 0}}});
}

void FakeDb::fail_writes_with(Status status) {
    const std::lock_guard lock(mutex_);
    write_failure_ = std::move(status);
}

size_t FakeDb::held() const {
    const std::lock_guard lock(mutex_);
    return held_.size();
}

std::vector<std::string> FakeDb::order() const {
    const std::lock_guard lock(mutex_);
    return order_;
}

void FakeDb::set(const std::string& key, const std::string& value) {
    WriteBatch batch;
    batch.put(key, value);
    (void)write(std::move(batch), Durability::kDisk);
}

bool FakeDb::holds(const Precondition& wanted) const {
    const Entry* const entry = find_live(*map_, wanted.key, wall_ms);
    switch (wanted.kind) {
        case Precondition::Kind::kAbsent:
            return entry == nullptr;
        case Precondition::Kind::kPresent:
            return entry != nullptr;
        case Precondition::Kind::kValueEquals:
            return entry != nullptr && entry->value == wanted.value;
        case Precondition::Kind::kSeqnoEquals:
            return entry != nullptr && entry->seqno == wanted.seqno;
        case Precondition::Kind::kNotNewer:
            return seqno_in(changed_at_, wanted.key) <= wanted.seqno;
        case Precondition::Kind::kStillAbsent:
            return seqno_in(put_at_, wanted.key) <= wanted.seqno;
    }
    return false;
}

Status FakeDb::check(const WriteBatch& batch) const {
    for (const Precondition& precondition : batch.preconditions()) {
        if (holds(precondition)) continue;
        const Entry* const entry = find_live(*map_, precondition.key, wall_ms);
        return {Code::kConflict, "a precondition failed", entry == nullptr ? 0 : entry->seqno};
    }
    return Status::ok();
}

void FakeDb::apply(WriteRequest& request) {
    WriteResult& result = request.result;
    result.status = write_failure_.is_ok() ? check(request.batch) : write_failure_;
    if (!result.status.is_ok()) return;
    if (request.program == nullptr) return apply_batch(request.batch, result);
    WriteBatch batch;
    FakeCommitView memory(map_, !cold, wall_ms);
    result.status = request.program->run(memory, batch);
    if (result.status.is(Code::kWouldBlock)) {
        batch.clear();
        FakeCommitView disk(map_, true, wall_ms);
        result.status = request.program->run(disk, batch);
    }
    if (result.status.is_ok()) apply_batch(batch, result);
}

void FakeDb::apply_batch(const WriteBatch& batch, WriteResult& result) {
    auto changed = std::make_shared<FakeMap>(*map_);
    result.first_seqno = batch.count() == 0 ? 0 : seqno_.load() + 1;
    BatchReader reader(batch.encoded());
    for (Op op; reader.next(op);) {
        const Seqno seqno = ++seqno_;
        order_.emplace_back(op.key);
        if (op.is_increment()) {
            Entry& entry = (*changed)[std::string(op.key)];
            const int64_t value = (entry.value.empty() ? 0 : std::stoll(entry.value)) + op.by;
            entry = {std::to_string(value), seqno, 0};
            result.counters.push_back(value);
        } else if (op.is_range_delete()) {
            const bool to_end = op.kind == kRangeDeleteToEndOp;
            const auto first = changed->lower_bound(op.key);
            const auto last = to_end ? changed->end() : changed->lower_bound(op.value);
            for (auto at = first; at != last; ++at) changed_at_[at->first] = seqno;
            changed->erase(first, last);
            continue;
        } else if (op.internal_kind() == Kind::kDelete) {
            changed->erase(std::string(op.key));
        } else {
            (*changed)[std::string(op.key)] = {std::string(op.value), seqno, op.expiry_ms};
        }
        changed_at_[std::string(op.key)] = seqno;
        if (changed->contains(op.key)) put_at_[std::string(op.key)] = seqno;
    }
    result.last_seqno = result.first_seqno == 0 ? 0 : seqno_.load();
    result.reached = Durability::kDisk;
    map_ = std::move(changed);
}

void FakeDb::answer(std::vector<std::unique_ptr<WriteRequest>> requests) {
    std::set<WriteObserver*> observers;
    for (auto& request : requests) {
        WriteObserver* observer = request->observer;
        observers.insert(observer);
        observer->on_written(std::move(request));
    }
    for (WriteObserver* observer : observers) observer->on_group_end();
}

WriteResult FakeDb::write(WriteBatch batch, Durability durability) {
    WriteRequest request;
    request.batch = std::move(batch);
    request.durability = durability;
    const std::lock_guard lock(mutex_);
    apply(request);
    return std::move(request.result);
}

void FakeDb::submit(std::vector<std::unique_ptr<WriteRequest>> requests, Submitter) {
    ++submits_;
    {
        const std::lock_guard lock(mutex_);
        for (auto& request : requests) apply(*request);
        if (hold_answers) {
            for (auto& request : requests) held_.push_back(std::move(request));
            return;
        }
    }
    answer(std::move(requests));
}

void FakeDb::release() {
    std::vector<std::unique_ptr<WriteRequest>> released;
    {
        const std::lock_guard lock(mutex_);
        released.swap(held_);
    }
    answer(std::move(released));
}

Status FakeDb::prepare(const WriteBatch&, bool cache_only) {
    return cache_only && cold ? Status(Code::kWouldBlock, "cold") : Status::ok();
}

Status FakeDb::prepare(const std::vector<Bytes>&, bool cache_only) {
    return cache_only && cold ? Status(Code::kWouldBlock, "cold") : Status::ok();
}

std::shared_ptr<const FakeMap> FakeDb::view(const ReadOptions& options) const {
    if (options.snapshot != nullptr) {
        return static_cast<const FakeSnapshot&>(*options.snapshot).map;
    }
    const std::lock_guard lock(mutex_);
    return map_;
}

Result<std::optional<Entry>> FakeDb::get(Bytes key, const ReadOptions& options) {
    if (options.cache_only && cold) return Status(Code::kWouldBlock, "cold");
    const auto map = view(options);
    const auto found = map->find(key);
    if (found == map->end()) return std::optional<Entry>();
    return std::optional<Entry>(found->second);
}

std::vector<Result<std::optional<Entry>>> FakeDb::multi_get(const std::vector<Bytes>& keys,
                                                            const ReadOptions& options,
                                                            uint64_t max_value_bytes) {
    ++multi_gets;
    std::vector<Result<std::optional<Entry>>> results;
    for (const Bytes key : keys) {
        results.push_back(get(key, options));
        if (!results.back().is_ok() || !results.back()->has_value()) continue;
        const uint64_t bytes = (*results.back())->value.size();
        if (bytes > max_value_bytes)
            results.back() = Status(Code::kInvalidArgument, "too much", bytes);
        max_value_bytes -= std::min(bytes, max_value_bytes);
    }
    return results;
}

std::unique_ptr<Iterator> FakeDb::new_iterator(const ScanOptions& options) {
    return std::make_unique<FakeIterator>(view(options), options, wall_ms);
}

SnapshotPtr FakeDb::snapshot() {
    auto made = std::make_shared<FakeSnapshot>();
    const std::lock_guard lock(mutex_);
    made->map = map_;
    made->at = seqno_.load();
    return made;
}

Result<GetExplanation> FakeDb::explain_get(Bytes key, const ReadOptions& options) {
    KV_ASSIGN_OR_RETURN(const std::optional<Entry> entry, get(key, options));
    GetExplanation told;
    if (!entry) return told;
    told.outcome = GetExplanation::Outcome::kLive;
    told.seqno = entry->seqno;
    told.value_bytes = entry->value.size();
    told.source = "a map";
    return told;
}

Result<ScanExplanation> FakeDb::explain_scan(const ScanOptions& options, uint64_t limit) {
    ScanExplanation told;
    const auto it = new_iterator(options);
    for (it->seek_to_first(); it->valid() && told.entries < limit; it->next()) ++told.entries;
    return told;
}

Result<CheckpointInfo> FakeDb::checkpoint(const std::string& dir, const CheckpointOptions&) {
    if (!std::filesystem::create_directory(dir))
        return Status::invalid_argument(dir + ": is not empty");
    if (!checkpoint_status.is_ok()) return checkpoint_status;
    return CheckpointInfo{.seqno = seqno_.load(), .tables = 3, .table_bytes = 300, .log_bytes = 9};
}

uint64_t FakeDb::approximate_count(const ScanOptions& options) {
    uint64_t count = 0;
    const auto walk = new_iterator(options);
    for (walk->seek_to_first(); walk->valid(); walk->next()) ++count;
    return count;
}

}  // namespace kv::server

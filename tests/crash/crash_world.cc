// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "crash/crash_world.h"

namespace kv::test {

namespace {

/// The key under which every batch leaves its number.
constexpr std::string_view kNumberKey = "#";

std::string show(const State& state) {
    std::string text;
    for (const auto& [key, value] : state) {
        text += escape_bytes(key) + "=" + escape_bytes(value, 12) + "(" +
                std::to_string(value.size()) + ") ";
    }
    return text;
}

Result<State> read_all(Db& db) {
    State state;
    const auto it = db.new_iterator({});
    for (it->seek_to_first(); it->valid(); it->next()) {
        state.emplace(std::string(it->key()), std::string(it->value()));
    }
    if (!it->status().is_ok()) return it->status();
    return state;
}

Verdict wrong(std::string text) { return {false, std::move(text), 0}; }

/// One opening: which prefix is there, and is it exactly that?
Verdict check_open(CrashFileSystem& disk, const History& history, size_t at_least, uint64_t seed,
                   bool write_more) {
    FakeClock clock;
    DeterministicExecutor executor(seed, &clock);
    Options options = small_store_options();
    options.file_system = &disk;
    options.clock = &clock;
    options.executor = &executor;
    auto opened = Db::open(options, "db");
    if (!opened.is_ok()) return wrong("does not open: " + opened.error().to_string());
    Db& db = **opened;
    auto state = read_all(db);
    if (!state.is_ok()) return wrong("cannot be read: " + state.error().to_string());
    state->erase("after");

    Verdict verdict;
    const auto number = state->find(std::string(kNumberKey));
    verdict.prefix = number == state->end() ? 0 : std::stoull(number->second);
    if (verdict.prefix < at_least || verdict.prefix > history.size()) {
        return wrong("holds " + std::to_string(verdict.prefix) + " batches, must hold " +
                     std::to_string(at_least) + " to " + std::to_string(history.size()));
    }
    const State expected = history.after(verdict.prefix);
    if (*state != expected) {
        return wrong("is no prefix of history: after " + std::to_string(verdict.prefix) +
                     " batches expected " + show(expected) + "\nfound " + show(*state));
    }
    for (const auto& [key, value] : expected) {
        const auto entry = db.get(key);
        if (!entry.is_ok() || !entry->has_value() || (*entry)->value != value) {
            return wrong("get and scan disagree on " + escape_bytes(key));
        }
    }
    if (write_more && !db.put("after", "1").status.is_ok()) return wrong("takes no writes");
    return verdict;
}

}  // namespace

State History::after(size_t count) const {
    State state;
    for (size_t i = 0; i < count; ++i) {
        if (batches_[i].refused) continue;
        for (const Change& change : batches_[i].changes) {
            switch (change.what) {
                case Change::What::kPut:
                    state[change.key] = change.value;
                    break;
                case Change::What::kDelete:
                    state.erase(change.key);
                    break;
                case Change::What::kDeleteRange:
                    state.erase(
                        state.lower_bound(change.key),
                        change.value.empty() ? state.end() : state.lower_bound(change.value));
                    break;
                case Change::What::kAdd: {
                    std::string& value = state[change.key];
                    value = std::to_string((value.empty() ? 0 : std::stoll(value)) + change.by);
                    break;
                }
            }
        }
    }
    return state;
}

size_t History::last_acknowledged(Durability at_least) const {
    for (size_t i = batches_.size(); i > 0; --i) {
        if (batches_[i - 1].acknowledged && batches_[i - 1].level >= at_least) return i;
    }
    return 0;
}

Options small_store_options() {
    Options options;
    options.memtable_bytes = 16U << 10;
    options.table_bytes = 8U << 10;
    options.level1_bytes = 16U << 10;
    options.wal_segment_bytes = 16U << 10;
    options.block_size_bytes = 256;
    options.block_cache_bytes = 64U << 10;
    options.level0_compaction_trigger = 2;
    options.level0_stop_trigger = 6;
    return options;
}

Verdict check_recovery(CrashFileSystem& disk, const History& history, size_t at_least,
                       uint64_t seed) {
    const Verdict first = check_open(disk, history, at_least, seed, true);
    if (!first.ok) return first;
    Verdict second = check_open(disk, history, first.prefix, seed + 1, false);
    if (second.ok && second.prefix != first.prefix) return wrong("changes when opened once more");
    if (!second.ok) second.text = "the second time " + second.text;
    return second;
}

CrashWorld::~CrashWorld() {
    snapshots_.clear();
    db_.reset();
}

Status CrashWorld::open() {
    Options options = small_store_options();
    options.file_system = disk_.get();
    options.clock = &clock_;
    options.executor = &executor_;
    auto opened = Db::open(options, "db");
    if (!opened.is_ok()) return opened.error();
    db_ = std::move(*opened);
    return Status::ok();
}

void CrashWorld::on_written(std::unique_ptr<WriteRequest> request) {
    History::Batch& batch = history_[request->tag];
    const Status& status = request->result.status;
    batch.acknowledged = status.is_ok();
    batch.refused = !status.is_ok() && !status.is(Code::kInDoubt);
    in_doubt_ += status.is(Code::kInDoubt);
    refused_ += batch.refused;
}

std::unique_ptr<WriteRequest> CrashWorld::random_batch() {
    using What = History::Change::What;
    auto request = std::make_unique<WriteRequest>();
    History::Batch batch;
    batch.level = static_cast<Durability>(random_.below(3));
    const uint64_t changes = random_.one_in(20) ? 40 : 1 + random_.below(4);
    for (uint64_t i = 0; i < changes; ++i) {
        const std::string key = "k" + std::to_string(random_.below(60));
        if (random_.one_in(25)) {
            std::string end = random_.one_in(8) ? "" : "k" + std::to_string(random_.below(60));
            std::string begin = key;
            if (end == begin) end += '!';
            if (!end.empty() && end < begin) std::swap(begin, end);
            request->batch.delete_range(begin,
                                        end.empty() ? std::nullopt : std::optional<Bytes>(end));
            batch.changes.push_back({What::kDeleteRange, begin, end, 0});
        } else if (random_.one_in(4)) {
            request->batch.del(key);
            batch.changes.push_back({What::kDelete, key, "", 0});
        } else if (random_.one_in(6)) {
            const auto by = static_cast<int64_t>(random_.below(100)) - 50;
            request->batch.increment("counter", by);
            batch.changes.push_back({What::kAdd, "counter", "", by});
        } else {
            const std::string value(random_.below(random_.one_in(30) ? 3000 : 200),
                                    static_cast<char>('a' + random_.below(26)));
            request->batch.put(key, value);
            batch.changes.push_back({What::kPut, key, value, 0});
        }
    }
    const std::string number = std::to_string(history_.size() + 1);
    request->batch.put(kNumberKey, number);
    batch.changes.push_back({What::kPut, std::string(kNumberKey), number, 0});
    request->durability = batch.level;
    request->observer = this;
    request->tag = history_.size();
    history_.add(std::move(batch));
    return request;
}

void CrashWorld::run(size_t count) {
    for (size_t i = 0; i < count; ++i) {
        std::vector<std::unique_ptr<WriteRequest>> requests;
        requests.push_back(random_batch());
        db_->submit(std::move(requests), static_cast<Submitter>(random_.below(3)));
        for (uint64_t steps = random_.below(4); steps > 0; --steps) executor_.run_one();
        if (random_.one_in(15)) snapshots_.push_back(db_->snapshot());
        if (snapshots_.size() > 3) snapshots_.erase(snapshots_.begin());
    }
}

void CrashWorld::let_time_pass() {
    for (int i = 0; i < 20; ++i) {
        settle();
        if (!executor_.advance_to_next_delayed()) return;
    }
}

}  // namespace kv::test

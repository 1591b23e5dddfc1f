// A script's answers from a store: see runners.h.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <memory>

#include "kv/clock.h"
#include "kv/db.h"
#include "kv/deterministic_executor.h"
#include "metamorphic/answer_text.h"
#include "metamorphic/runners.h"
#include "support/crash_file_system.h"

namespace kv::test {

namespace {

class StoreRunner {
  public:
    StoreRunner(const Options& options, uint64_t schedule)
        : clock_(kScriptStartMs), executor_(schedule, &clock_), options_(options) {
        options_.file_system = &disk_;
        options_.clock = &clock_;
        options_.executor = &executor_;
        open();
    }
    ~StoreRunner() { forget_readers(); }

    std::string run(const Step& step) {
        switch (step.kind) {
            case Step::Kind::kWrite:
                return write(step);
            case Step::Kind::kGet:
                return text_of(db_->get(step.keys.front(), read_options(step)));
            case Step::Kind::kMultiGet:
                return multi_get(step);
            case Step::Kind::kTakeSnapshot:
                snapshots_[step.slot] = db_->snapshot();
                return "snapshot at " + std::to_string(snapshots_[step.slot]->seqno());
            case Step::Kind::kDropSnapshot:
                snapshots_[step.slot].reset();
                return "";
            case Step::Kind::kOpenIterator:
                iterators_[step.slot] = db_->new_iterator(scan_options(step));
                return "";
            case Step::Kind::kMoveIterator:
                return move(step);
            case Step::Kind::kCloseIterator:
                iterators_[step.slot].reset();
                return "";
            case Step::Kind::kScan:
                return scan(step);
            case Step::Kind::kAdvanceClock:
                clock_.advance_ms(step.count);
                return "";
            case Step::Kind::kRunBackground:
                for (uint32_t i = 0; i < step.count; ++i) executor_.run_one();
                return "";
            case Step::Kind::kFlush:
                return problem(db_->flush());
            case Step::Kind::kCompact:
                return problem(db_->compact_all());
            case Step::Kind::kReopen:
                forget_readers();
                db_.reset();
                open();
                return "";
        }
        return "";
    }

  private:
    void open() {
        auto opened = Db::open(options_, "db");
        const std::string status = opened.status().to_string();
        INFO(status);
        REQUIRE(opened.is_ok());
        db_ = std::move(*opened);
    }

    void forget_readers() {
        for (auto& iterator : iterators_) iterator.reset();
        for (auto& snapshot : snapshots_) snapshot.reset();
    }

    static std::string problem(const Status& status) {
        return status.is_ok() ? "" : status.to_string();
    }

    std::string write(const Step& step) {
        WriteBatch batch;
        for (const Mutation& m : step.mutations) {
            switch (m.kind) {
                case Mutation::Kind::kPut:
                    batch.put(m.key, m.value);
                    break;
                case Mutation::Kind::kPutWithExpiry:
                    batch.put_with_expiry(m.key, m.value, clock_.wall_ms() + m.ttl_ms);
                    break;
                case Mutation::Kind::kDelete:
                    batch.del(m.key);
                    break;
                case Mutation::Kind::kDeleteRange:
                    batch.delete_range(m.key, m.end ? std::optional<Bytes>(*m.end) : std::nullopt);
                    break;
                case Mutation::Kind::kIncrement:
                    batch.increment(m.key, m.by);
                    break;
            }
        }
        // A batch of range deletes that delete nothing is empty.
        if (!batch.empty()) {
            const WriteResult result =
                db_->write(std::move(batch), static_cast<Durability>(step.durability));
            if (!result.status.is_ok()) return result.status.to_string();
            last_seqno_ = result.last_seqno;
            std::string counters;
            for (const int64_t value : result.counters) counters += " " + std::to_string(value);
            return write_text(last_seqno_, counters);
        }
        return write_text(last_seqno_, "");
    }

    ReadOptions read_options(const Step& step) const {
        ReadOptions options;
        if (step.through_snapshot) options.snapshot = snapshots_[step.snapshot_slot];
        return options;
    }
    ScanOptions scan_options(const Step& step) const {
        ScanOptions options;
        if (step.through_snapshot) options.snapshot = snapshots_[step.snapshot_slot];
        options.lower = step.lower;
        options.upper = step.upper;
        options.prefix = step.prefix;
        return options;
    }

    static std::string text_of(const Result<std::optional<Entry>>& entry) {
        if (!entry.is_ok()) return entry.status().to_string();
        if (!entry->has_value()) return kNoEntry;
        return entry_text((*entry)->value, (*entry)->seqno, (*entry)->expiry_ms);
    }

    std::string multi_get(const Step& step) {
        const std::vector<Bytes> keys(step.keys.begin(), step.keys.end());
        std::string text;
        for (const auto& entry : db_->multi_get(keys, read_options(step))) text += text_of(entry);
        return text;
    }

    static std::string row_text(const Iterator& it) {
        return escape_bytes(it.key()) + "=" + entry_text(it.value(), it.seqno(), it.expiry_ms());
    }
    static std::string place_text(const Iterator& it) {
        if (it.valid()) return row_text(it);
        return it.status().is_ok() ? kEnd : it.status().to_string();
    }

    std::string scan(const Step& step) {
        const auto it = db_->new_iterator(scan_options(step));
        step.reverse ? it->seek_to_last() : it->seek_to_first();
        std::string text;
        while (it->valid()) {
            text += row_text(*it);
            step.reverse ? it->prev() : it->next();
        }
        return text + problem(it->status());
    }

    std::string move(const Step& step) {
        if (!iterators_[step.slot]) return "";
        Iterator& it = *iterators_[step.slot];
        const std::string& key = step.keys.front();
        switch (step.move) {
            case Step::Move::kFirst:
                it.seek_to_first();
                break;
            case Step::Move::kLast:
                it.seek_to_last();
                break;
            case Step::Move::kSeek:
                it.seek(key);
                break;
            case Step::Move::kSeekForPrev:
                it.seek_for_prev(key);
                break;
            case Step::Move::kNext:
            case Step::Move::kPrev: {
                std::string text;
                for (uint32_t i = 0; i < step.count && it.valid(); ++i) {
                    step.move == Step::Move::kNext ? it.next() : it.prev();
                    text += place_text(it);
                }
                return text;
            }
        }
        return place_text(it);
    }

    FakeClock clock_;
    DeterministicExecutor executor_;
    CrashFileSystem disk_;
    Options options_;
    std::unique_ptr<Db> db_;
    Seqno last_seqno_ = 0;
    SnapshotPtr snapshots_[kSnapshotSlots];
    std::unique_ptr<Iterator> iterators_[kIteratorSlots];
};

}  // namespace

Answers answers_of_store(const std::vector<Step>& script, const Options& options,
                         uint64_t schedule) {
    StoreRunner runner(options, schedule);
    Answers answers;
    for (const Step& step : script) answers.push_back(runner.run(step));
    return answers;
}

}  // namespace kv::test

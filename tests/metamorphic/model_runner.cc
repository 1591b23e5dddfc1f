// A script's answers from a std::map: see runners.h.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "kv/types.h"
#include "metamorphic/answer_text.h"
#include "metamorphic/runners.h"

namespace kv::test {

namespace {

struct Version {
    Seqno seqno = 0;
    std::optional<std::string> value;  // nullopt: deleted
    uint64_t expiry_ms = 0;
};
struct Row {
    std::string key;
    Version version;
};
struct Cursor {
    std::vector<Row> rows;
    std::ptrdiff_t at = -1;

    bool valid() const { return at >= 0 && at < static_cast<std::ptrdiff_t>(rows.size()); }
    const Row& row() const { return rows[static_cast<size_t>(at)]; }
};

class ModelRunner {
  public:
    std::string run(const Step& step) {
        switch (step.kind) {
            case Step::Kind::kWrite:
                return write(step);
            case Step::Kind::kGet:
            case Step::Kind::kMultiGet:
                return get_all(step);
            case Step::Kind::kTakeSnapshot:
                snapshots_[step.slot] = last_seqno_;
                return "snapshot at " + std::to_string(last_seqno_);
            case Step::Kind::kDropSnapshot:
                snapshots_[step.slot].reset();
                return "";
            case Step::Kind::kOpenIterator:
                cursors_[step.slot] = Cursor{rows(step), -1};
                return "";
            case Step::Kind::kMoveIterator:
                return move(step);
            case Step::Kind::kCloseIterator:
                cursors_[step.slot].reset();
                return "";
            case Step::Kind::kScan:
                return scan(step);
            case Step::Kind::kAdvanceClock:
                now_ms_ += step.count;
                return "";
            case Step::Kind::kReopen:
                for (auto& snapshot : snapshots_) snapshot.reset();
                for (auto& cursor : cursors_) cursor.reset();
                return "";
            case Step::Kind::kRunBackground:
            case Step::Kind::kFlush:
            case Step::Kind::kCompact:
                return "";
        }
        return "";
    }

  private:
    std::string write(const Step& step) {
        std::string counters;
        for (const Mutation& m : step.mutations) {
            switch (m.kind) {
                case Mutation::Kind::kPut:
                    add(m.key, m.value, 0);
                    break;
                case Mutation::Kind::kPutWithExpiry:
                    add(m.key, m.value, now_ms_ + m.ttl_ms);
                    break;
                case Mutation::Kind::kDelete:
                    add(m.key, std::nullopt, 0);
                    break;
                case Mutation::Kind::kDeleteRange:
                    delete_range(m);
                    break;
                case Mutation::Kind::kIncrement: {
                    const auto live = find(m.key, last_seqno_);
                    const int64_t sum = (live ? std::stoll(*live->value) : 0) + m.by;
                    add(m.key, std::to_string(sum), live ? live->expiry_ms : 0);
                    counters += " " + std::to_string(sum);
                    break;
                }
            }
        }
        return write_text(last_seqno_, counters);
    }

    void add(const std::string& key, std::optional<std::string> value, uint64_t expiry_ms) {
        versions_[key].push_back({++last_seqno_, std::move(value), expiry_ms});
    }

    void delete_range(const Mutation& m) {
        if (m.end && *m.end <= m.key) return;
        const Seqno seqno = ++last_seqno_;
        for (auto at = versions_.lower_bound(m.key); at != versions_.end(); ++at) {
            if (m.end && at->first >= *m.end) break;
            at->second.push_back({seqno, std::nullopt, 0});
        }
    }

    std::optional<Version> find(const std::string& key, Seqno seqno) const {
        const auto at = versions_.find(key);
        if (at == versions_.end()) return std::nullopt;
        for (auto version = at->second.rbegin(); version != at->second.rend(); ++version) {
            if (version->seqno > seqno) continue;
            const bool live =
                version->value && (version->expiry_ms == 0 || version->expiry_ms > now_ms_);
            return live ? std::optional<Version>(*version) : std::nullopt;
        }
        return std::nullopt;
    }

    Seqno moment(const Step& step) const {
        if (!step.through_snapshot) return last_seqno_;
        return snapshots_[step.snapshot_slot].value_or(last_seqno_);
    }

    std::string get_all(const Step& step) const {
        std::string text;
        for (const std::string& key : step.keys) {
            const auto found = find(key, moment(step));
            text += found ? entry_text(*found->value, found->seqno, found->expiry_ms) : kNoEntry;
        }
        return text;
    }

    std::vector<Row> rows(const Step& step) const {
        std::vector<Row> rows;
        for (const auto& [key, versions] : versions_) {
            if (step.lower && key < *step.lower) continue;
            if (step.upper && key >= *step.upper) continue;
            if (key.compare(0, step.prefix.size(), step.prefix) != 0) continue;
            if (const auto live = find(key, moment(step))) rows.push_back({key, *live});
        }
        return rows;
    }

    static std::string row_text(const Row& row) {
        return escape_bytes(row.key) + "=" +
               entry_text(*row.version.value, row.version.seqno, row.version.expiry_ms);
    }

    std::string scan(const Step& step) const {
        std::vector<Row> found = rows(step);
        if (step.reverse) std::reverse(found.begin(), found.end());
        std::string text;
        for (const Row& row : found) text += row_text(row);
        return text;
    }

    std::string move(const Step& step) {
        if (!cursors_[step.slot]) return "";
        Cursor& cursor = *cursors_[step.slot];
        const auto& rows = cursor.rows;
        const std::string& key = step.keys.front();
        switch (step.move) {
            case Step::Move::kFirst:
                cursor.at = 0;
                break;
            case Step::Move::kLast:
                cursor.at = static_cast<std::ptrdiff_t>(rows.size()) - 1;
                break;
            case Step::Move::kSeek:
                cursor.at = std::find_if(rows.begin(), rows.end(),
                                         [&](const Row& row) { return row.key >= key; }) -
                            rows.begin();
                break;
            case Step::Move::kSeekForPrev:
                cursor.at = std::find_if(rows.begin(), rows.end(),
                                         [&](const Row& row) { return row.key > key; }) -
                            rows.begin() - 1;
                break;
            case Step::Move::kNext:
            case Step::Move::kPrev: {
                std::string text;
                const std::ptrdiff_t by = step.move == Step::Move::kNext ? 1 : -1;
                for (uint32_t i = 0; i < step.count && cursor.valid(); ++i) {
                    cursor.at += by;
                    text += cursor.valid() ? row_text(cursor.row()) : kEnd;
                }
                return text;
            }
        }
        return cursor.valid() ? row_text(cursor.row()) : kEnd;
    }

    std::map<std::string, std::vector<Version>> versions_;
    Seqno last_seqno_ = 0;
    uint64_t now_ms_ = kScriptStartMs;
    std::optional<Seqno> snapshots_[kSnapshotSlots];
    std::optional<Cursor> cursors_[kIteratorSlots];
};

}  // namespace

Answers answers_of_model(const std::vector<Step>& script) {
    ModelRunner runner;
    Answers answers;
    for (const Step& step : script) answers.push_back(runner.run(step));
    return answers;
}

}  // namespace kv::test

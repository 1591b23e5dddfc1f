// Drawing scripts: see script.h.
// SPDX-License-Identifier: Apache-2.0
#include "metamorphic/script.h"

#include <algorithm>

#include "base/random.h"
#include "kv/bytes.h"
#include "support/seed.h"

namespace kv::test {

namespace {

/// Of all mutations.
constexpr uint64_t kRangeDeletePercent = 0;

class ScriptWriter {
  public:
    explicit ScriptWriter(uint64_t seed) : random_(seed), keys_(20 + random_.below(300)) {}

    Step next() {
        using Kind = Step::Kind;
        static constexpr struct {
            Kind kind;
            uint32_t weight;
        } kWeights[] = {
            {Kind::kWrite, 40},        {Kind::kGet, 20},          {Kind::kMultiGet, 4},
            {Kind::kTakeSnapshot, 3},  {Kind::kDropSnapshot, 2},  {Kind::kOpenIterator, 5},
            {Kind::kMoveIterator, 25}, {Kind::kCloseIterator, 2}, {Kind::kScan, 4},
            {Kind::kAdvanceClock, 4},  {Kind::kRunBackground, 8}, {Kind::kFlush, 2},
            {Kind::kCompact, 1},       {Kind::kReopen, 1},
        };
        uint32_t total = 0;
        for (const auto& entry : kWeights) total += entry.weight;
        uint64_t choice = random_.below(total);
        Step step;
        for (const auto& entry : kWeights) {
            step.kind = entry.kind;
            if (choice < entry.weight) break;
            choice -= entry.weight;
        }
        fill(step);
        return step;
    }

  private:
    void fill(Step& step) {
        step.through_snapshot = random_.one_in(3);
        step.snapshot_slot = static_cast<uint32_t>(random_.below(kSnapshotSlots));
        switch (step.kind) {
            case Step::Kind::kWrite:
                fill_write(step);
                break;
            case Step::Kind::kGet:
                step.keys.push_back(key());
                break;
            case Step::Kind::kMultiGet:
                for (uint64_t i = 1 + random_.below(12); i > 0; --i) step.keys.push_back(key());
                break;
            case Step::Kind::kTakeSnapshot:
            case Step::Kind::kDropSnapshot:
                step.slot = static_cast<uint32_t>(random_.below(kSnapshotSlots));
                break;
            case Step::Kind::kOpenIterator:
            case Step::Kind::kScan:
                fill_bounds(step);
                [[fallthrough]];
            case Step::Kind::kCloseIterator:
                step.slot = static_cast<uint32_t>(random_.below(kIteratorSlots));
                step.reverse = random_.one_in(2);
                break;
            case Step::Kind::kMoveIterator:
                fill_move(step);
                break;
            default:
                step.count = static_cast<uint32_t>(1 + random_.below(random_.one_in(5) ? 500 : 20));
                break;
        }
    }

    void fill_write(Step& step) {
        step.durability = static_cast<uint8_t>(random_.below(3));
        const uint64_t size = random_.one_in(10) ? 1 + random_.below(60) : 1 + random_.below(4);
        for (uint64_t i = 0; i < size; ++i) step.mutations.push_back(mutation());
    }

    Mutation mutation() {
        Mutation m;
        m.key = key();
        const uint64_t choice = random_.below(100);
        if (choice < 60) {
            m.value = value();
        } else if (choice < 70) {
            m.kind = Mutation::Kind::kPutWithExpiry;
            m.value = value();
            m.ttl_ms = 1 + random_.below(400);
        } else if (choice < 91) {
            m.kind = Mutation::Kind::kDelete;
        } else if (choice < 91 + kRangeDeletePercent) {
            m.kind = Mutation::Kind::kDeleteRange;
            m.end = key();
            if (m.end < m.key) std::swap(*m.end, m.key);
            if (random_.one_in(20)) m.end.reset();
        } else {
            m.kind = Mutation::Kind::kIncrement;
            m.key = "n" + std::to_string(random_.below(8));
            m.by = static_cast<int64_t>(random_.below(1000)) - 500;
        }
        return m;
    }

    void fill_bounds(Step& step) {
        if (random_.one_in(2)) step.lower = key();
        if (random_.one_in(2)) step.upper = key();
        if (random_.one_in(4)) step.prefix = key().substr(0, 1 + random_.below(2));
    }

    void fill_move(Step& step) {
        step.slot = static_cast<uint32_t>(random_.below(kIteratorSlots));
        static constexpr Step::Move kMoves[] = {
            Step::Move::kFirst, Step::Move::kLast, Step::Move::kSeek, Step::Move::kSeekForPrev,
            Step::Move::kNext,  Step::Move::kPrev, Step::Move::kNext, Step::Move::kPrev};
        step.move = kMoves[random_.below(std::size(kMoves))];
        step.keys.push_back(key());
        step.count = static_cast<uint32_t>(1 + random_.below(random_.one_in(4) ? 40 : 4));
    }

    /// Of different lengths, with common prefixes, some the prefix of others, zero bytes included.
    std::string key() {
        const uint64_t number = random_.below(keys_);
        std::string text(1 + number % 3, static_cast<char>('a' + number % 5));
        if (number % 7 != 0) text += std::to_string(number / 2);
        if (number % 11 == 0) text.push_back('\0');
        if (number % 13 == 0) text.append(20, '\xFF');
        return text;
    }

    std::string value() {
        if (random_.one_in(30)) return random_bytes(random_, random_.below(3000));
        const auto fill = static_cast<char>('a' + random_.below(26));
        return std::string(random_.below(80), fill);
    }

    Random random_;
    const uint64_t keys_;
};

}  // namespace

std::vector<Step> make_script(uint64_t seed, size_t length) {
    ScriptWriter writer(seed);
    std::vector<Step> script;
    script.reserve(length);
    for (size_t i = 0; i < length; ++i) script.push_back(writer.next());
    return script;
}

std::string describe(const Step& step) {
    static constexpr const char* kNames[] = {
        "write",          "get",           "multi_get",      "take snapshot", "drop snapshot",
        "open iterator",  "move iterator", "close iterator", "scan",          "advance clock",
        "run background", "flush",         "compact",        "reopen"};
    std::string text = kNames[static_cast<size_t>(step.kind)];
    text += " slot " + std::to_string(step.slot);
    for (const std::string& key : step.keys) text += " " + escape_bytes(key);
    for (const Mutation& m : step.mutations) {
        text += "; kind " + std::to_string(static_cast<int>(m.kind)) + " " + escape_bytes(m.key);
        if (m.end) text += " .. " + escape_bytes(*m.end);
    }
    if (step.lower) text += " from " + escape_bytes(*step.lower);
    if (step.upper) text += " to " + escape_bytes(*step.upper);
    if (!step.prefix.empty()) text += " prefix " + escape_bytes(step.prefix);
    return text;
}

}  // namespace kv::test

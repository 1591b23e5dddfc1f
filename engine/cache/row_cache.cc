// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "cache/row_cache.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/prefetch.h"

namespace kv {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

constexpr uint64_t kWatchedPart = 16;
constexpr size_t kFewestWatched = 256;  // so that few keys do not hide each other
constexpr uint32_t kLooksPerJudgement = 128;
// A row saves several times what it costs to keep one. Between the two all stays as it is.
constexpr uint32_t kReturnsToTurnOn = kLooksPerJudgement / 2;
constexpr uint32_t kReturnsToStayOn = kLooksPerJudgement / 4;

constexpr size_t kSlotBytes = 256;
constexpr size_t kSlotsPerSet = 2;
constexpr size_t kSetBytes = kSlotsPerSet * kSlotBytes;
constexpr int kSizeBits = 32;
// Which bits of a key's hash say what. Watched keys have zeros in the lowest.
constexpr int kSetShift = 8;
constexpr int kEitherShift = 60;
constexpr int kTagShift = 32;
constexpr uint64_t kSpread = 0x9E3779B97F4A7C15ULL;

bool is_watched(uint64_t key_hash) { return key_hash % kWatchedPart == 0; }

uint64_t pack_sizes(size_t key, size_t value) { return uint64_t{key} << kSizeBits | value; }
size_t words_for(size_t bytes) { return (bytes + 7) / 8; }

}  // namespace

// One row in memory. Whoever writes it makes the sequence odd first, and even again at the end;
// whoever reads it believes what he read if the sequence was even before and is the same behind it.
// Every word is released when stored and acquired when loaded: who got any word of a newer row also
// sees that the sequence has changed.
class RowCache::Slot {
  public:
    Slot(uint64_t* set, size_t number) : words_(set + number * kSlotBytes / sizeof(uint64_t)) {}

    bool read(Bytes key, uint64_t hash, uint64_t content, Row& row) const {
        const uint64_t sequence = load(kSequence);
        if ((sequence & 1) != 0 || load(kHash) != hash || load(kContent) != content) return false;
        const uint64_t sizes = load(kSizes);
        const size_t key_bytes = sizes >> kSizeBits;
        const size_t value_bytes = sizes & ((1ULL << kSizeBits) - 1);
        if (key_bytes != key.size() || key_bytes + value_bytes > kMostBytes) return false;
        row.seqno = load(kSeqno);
        row.expiry_ms = load(kExpiry);
        for (size_t i = 0; i < words_for(key_bytes + value_bytes); ++i)
            row.words[i] = load(kBytes + i);
        if (load(kSequence) != sequence) return false;
        const Bytes bytes(reinterpret_cast<const char*>(row.words), key_bytes + value_bytes);
        row.value = bytes.substr(key_bytes);
        return bytes.substr(0, key_bytes) == key;
    }

    void write(Bytes key, uint64_t hash, uint64_t content, uint64_t seqno, uint64_t expiry_ms,
               Bytes value) {
        uint64_t sequence = load(kSequence);
        // Somebody else is at it: one of the two rows is enough.
        if ((sequence & 1) != 0 || !at(kSequence).compare_exchange_strong(sequence, sequence + 1))
            return;
        store(kHash, hash);
        store(kContent, content);
        store(kSizes, pack_sizes(key.size(), value.size()));
        store(kSeqno, seqno);
        store(kExpiry, expiry_ms);
        uint64_t words[kMostBytes / 8];
        std::memcpy(words, key.data(), key.size());
        std::memcpy(reinterpret_cast<char*>(words) + key.size(), value.data(), value.size());
        for (size_t i = 0; i < words_for(key.size() + value.size()); ++i)
            store(kBytes + i, words[i]);
        store(kSequence, sequence + 2);
    }

    bool is_of(uint64_t content) const { return at(kContent).load(kRelaxed) == content; }

  private:
    enum Word : size_t { kSequence, kHash, kContent, kSizes, kSeqno, kExpiry, kBytes };
    static_assert(kBytes * 8 + kMostBytes == kSlotBytes);

    std::atomic_ref<uint64_t> at(size_t word) const {
        return std::atomic_ref<uint64_t>(words_[word]);
    }
    uint64_t load(size_t word) const { return at(word).load(std::memory_order_acquire); }
    void store(size_t word, uint64_t value) { at(word).store(value, std::memory_order_release); }

    uint64_t* const words_;
};

RowCache::RowCache(uint64_t capacity_bytes, std::function<void()> on_memory)
    : sets_(std::bit_floor(std::max<uint64_t>(capacity_bytes / kSetBytes, 1))),
      watched_(std::max(sets_ * kSlotsPerSet / kWatchedPart, kFewestWatched)),
      on_memory_(std::move(on_memory)),
      seen_(std::make_unique<std::atomic<uint32_t>[]>(watched_)) {}

uint64_t* RowCache::set_of(uint64_t key_hash) const {
    uint64_t* const slots = slots_.load(std::memory_order_acquire);
    return slots + (key_hash >> kSetShift & (sets_ - 1)) * kSetBytes / sizeof(uint64_t);
}

void RowCache::prefetch(uint64_t key_hash) const {
    const char* const set = reinterpret_cast<const char*>(set_of(key_hash));
    for (size_t at = 0; at < kSetBytes; at += kSlotBytes) prefetch_lines(set + at, 2 * kLineBytes);
}

bool RowCache::find(Bytes key, uint64_t key_hash, uint64_t content, Row& row) {
    if (!is_on()) return false;
    uint64_t* const set = set_of(key_hash);
    for (size_t i = 0; i < kSlotsPerSet; ++i) {
        if (!Slot(set, i).read(key, key_hash, content, row)) continue;
        if (is_watched(key_hash)) count_look(true);
        hits_.add(0, 1);
        return true;
    }
    return false;
}

void RowCache::keep(Bytes key, uint64_t key_hash, uint64_t content, uint64_t seqno,
                    uint64_t expiry_ms, Bytes value) {
    if (key.size() + value.size() > kMostBytes) return;
    if (is_watched(key_hash)) {
        const bool would_have_helped = has_returned(key_hash, content);
        count_look(would_have_helped && !is_on());
    }
    if (!is_on()) return;
    uint64_t* const set = set_of(key_hash);
    // The place of a row that is none any more, else either of the two.
    size_t place = key_hash >> kEitherShift & (kSlotsPerSet - 1);
    for (size_t i = 0; i < kSlotsPerSet; ++i) {
        if (!Slot(set, i).is_of(content)) place = i;
    }
    Slot(set, place).write(key, key_hash, content, seqno, expiry_ms, value);
}

/// Whether a watched key has been looked for in `content` lately; notes that it was now.
bool RowCache::has_returned(uint64_t key_hash, uint64_t content) {
    std::atomic<uint32_t>& seen = seen_[key_hash / kWatchedPart & (watched_ - 1)];
    const auto wanted = static_cast<uint32_t>((key_hash ^ content * kSpread) >> kTagShift);
    return seen.exchange(wanted, kRelaxed) == wanted;
}

void RowCache::count_look(bool returned) {
    if (returned) returns_.fetch_add(1, kRelaxed);
    if (looks_.fetch_add(1, kRelaxed) + 1 != kLooksPerJudgement) return;
    const uint32_t returns = returns_.exchange(0, kRelaxed);
    looks_.store(0, kRelaxed);
    judge(returns);
}

void RowCache::judge(uint32_t returns) {
    if (is_on()) {
        is_on_.store(returns >= kReturnsToStayOn, std::memory_order_release);
    } else if (returns >= kReturnsToTurnOn && have_memory()) {
        is_on_.store(true, std::memory_order_release);
    }
}

bool RowCache::have_memory() {
    {
        const std::lock_guard lock(memory_mutex_);
        if (memory_ != nullptr) return true;
        memory_ = HugeRange::reserve(sets_ * kSetBytes);
        if (memory_ == nullptr) return false;
        slots_.store(reinterpret_cast<uint64_t*>(memory_->begin()), std::memory_order_release);
    }
    on_memory_();
    return true;
}

uint64_t RowCache::memory_bytes() const {
    return slots_.load(kRelaxed) == nullptr ? 0 : sets_ * kSetBytes;
}

}  // namespace kv

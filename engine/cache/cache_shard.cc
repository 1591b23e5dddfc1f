// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "cache/cache_shard.h"

#include "cache/place_hash.h"
#include "kv/assert.h"

namespace kv {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr uint8_t kMostVisits = 3;        // turns of the hand that a busy block survives
constexpr uint8_t kMostIndexVisits = 12;  // the same for parts of an index
constexpr uint64_t kScanShare = 16;       // a scan may take this part of the capacity from others
constexpr uint64_t kAddressBits = 48;

uint64_t index_entry(const void* slot, uint64_t hash) {
    const uint64_t address = reinterpret_cast<uintptr_t>(slot);
    KV_ASSERT(address >> kAddressBits == 0);
    return hash >> kAddressBits << kAddressBits | address;
}
uint64_t tag_of(uint64_t hash_or_entry) { return hash_or_entry >> kAddressBits; }

}  // namespace

CacheShard::Index::Index(size_t size)
    : mask(size - 1), entries(std::make_unique<std::atomic<uint64_t>[]>(size)) {}

CacheShard::CacheShard() {
    indexes_.push_back(std::make_unique<Index>(32));
    index_.store(indexes_.back().get(), std::memory_order_release);
}

CacheShard::~CacheShard() {
    for (uint32_t number = 0; number < slots_; ++number) {
        Slot& slot = slot_at(number);
        const uint64_t word = slot.word.load(std::memory_order_acquire);
        KV_ASSERT((word & BlockRef::kCount) == 0 && "a block reference outlives its cache");
        if (word == BlockRef::kVisible) BlockRef::free_data(slot.data);
    }
}

CacheShard::Slot& CacheShard::slot_at(uint32_t number) {
    return chunks_[number / kSlotsPerChunk][number % kSlotsPerChunk];
}

CacheShard::Slot& CacheShard::take_slot() {
    if (!free_slots_.empty()) {
        const uint32_t number = free_slots_.back();
        free_slots_.pop_back();
        return slot_at(number);
    }
    if (slots_ % kSlotsPerChunk == 0) chunks_.push_back(std::make_unique<Slot[]>(kSlotsPerChunk));
    Slot& slot = slot_at(slots_);
    slot.number = slots_++;
    slot.shard = this;
    return slot;
}

BlockRef CacheShard::lookup(uint64_t hash, uint64_t file_number, uint64_t offset, BlockUse use) {
    const Index& index = *index_.load(std::memory_order_acquire);
    for (size_t at = hash & index.mask;; at = (at + 1) & index.mask) {
        const uint64_t entry = index.entries[at].load(std::memory_order_acquire);
        if (entry == 0) return {};
        if (tag_of(entry) != tag_of(hash)) continue;
        Slot& slot = *reinterpret_cast<Slot*>(entry & ((1ULL << kAddressBits) - 1));
        const uint64_t old = slot.word.fetch_add(1, std::memory_order_acquire);
        if ((old & BlockRef::kVisible) != 0 && slot.offset == offset &&
            slot.file_number == file_number) [[likely]] {
            if (use != BlockUse::kScan) {
                const uint8_t visits = slot.visits.load(kRelaxed);
                if (visits < slot.most_visits) slot.visits.store(visits + 1, kRelaxed);
            }
            return {&slot.word, slot.data, slot.size, slot.charge};
        }
        BlockRef::unpin(slot.word);
    }
}

CacheShard::Slot* CacheShard::find(uint64_t hash, uint64_t file_number, uint64_t offset) {
    const Index& index = *indexes_.back();
    for (size_t at = hash & index.mask;; at = (at + 1) & index.mask) {
        const uint64_t entry = index.entries[at].load(kRelaxed);
        if (entry == 0) return nullptr;
        if (tag_of(entry) != tag_of(hash)) continue;
        Slot& slot = *reinterpret_cast<Slot*>(entry & ((1ULL << kAddressBits) - 1));
        if (slot.file_number == file_number && slot.offset == offset) return &slot;
    }
}

void CacheShard::index_slot(Index& index, uint64_t hash, Slot& slot) {
    size_t at = hash & index.mask;
    while (index.entries[at].load(kRelaxed) != 0) at = (at + 1) & index.mask;
    index.entries[at].store(index_entry(&slot, hash), std::memory_order_release);
}

void CacheShard::unindex(Slot& slot) {
    const Index& index = *indexes_.back();
    const uint64_t hash = hash_place(slot.file_number, slot.offset);
    const uint64_t wanted = index_entry(&slot, hash);
    size_t hole = hash & index.mask;
    while (index.entries[hole].load(kRelaxed) != wanted) hole = (hole + 1) & index.mask;
    // Entries behind the hole move up unless that would put them before the place they hash to.
    for (size_t at = (hole + 1) & index.mask;; at = (at + 1) & index.mask) {
        const uint64_t entry = index.entries[at].load(kRelaxed);
        if (entry == 0) break;
        const Slot& other = *reinterpret_cast<Slot*>(entry & ((1ULL << kAddressBits) - 1));
        const size_t home = hash_place(other.file_number, other.offset) & index.mask;
        if (((at - home) & index.mask) < ((at - hole) & index.mask)) continue;
        index.entries[hole].store(entry, std::memory_order_release);
        hole = at;
    }
    index.entries[hole].store(0, std::memory_order_release);
}

void CacheShard::grow_index() {
    auto larger = std::make_unique<Index>(2 * (indexes_.back()->mask + 1));
    for (const auto& [file, first] : first_of_file_) {
        for (uint32_t number = first; number != kNone; number = slot_at(number).next_of_file) {
            index_slot(*larger, hash_place(file, slot_at(number).offset), slot_at(number));
        }
    }
    index_.store(larger.get(), std::memory_order_release);
    indexes_.push_back(std::move(larger));
}

/// Makes a slot visible that holds `block` and has one reference.
CacheShard::Slot& CacheShard::fill_slot(uint64_t file_number, uint64_t offset,
                                        const BlockRef& block, BlockUse use) {
    Slot& slot = take_slot();
    slot.data = block.data_;
    slot.file_number = file_number;
    slot.offset = offset;
    slot.size = block.size_;
    slot.charge = block.charge_;
    slot.most_visits = use == BlockUse::kIndex ? kMostIndexVisits : kMostVisits;
    slot.visits.store(use == BlockUse::kIndex ? kMostIndexVisits : 0, kRelaxed);
    slot.is_scanned = use == BlockUse::kScan;
    if (slot.is_scanned) enter_scanned(slot);
    const auto [first, is_new] = first_of_file_.try_emplace(file_number, kNone);
    slot.previous_of_file = kNone;
    slot.next_of_file = first->second;
    if (!is_new) slot_at(slot.next_of_file).previous_of_file = slot.number;
    first->second = slot.number;
    stats_.bytes += slot.charge;
    ++stats_.blocks;
    ++stats_.insertions;
    slot.word.fetch_add(BlockRef::kVisible + 1, std::memory_order_release);
    return slot;
}

BlockRef CacheShard::insert(uint64_t hash, uint64_t file_number, uint64_t offset, BlockRef block,
                            BlockUse use) {
    KV_ASSERT(block.word_->load(kRelaxed) == BlockRef::kOwn + 1);
    std::vector<char*> freed;  // after the mutex is
    BlockRef kept;
    {
        const std::lock_guard lock(mutex_);
        if (Slot* slot = find(hash, file_number, offset); slot != nullptr) {
            slot->word.fetch_add(1, kRelaxed);
            return {&slot->word, slot->data, slot->size, slot->charge};
        }
        if (make_room(block.charge_, use, freed)) {
            if (2 * (stats_.blocks + 1) > indexes_.back()->mask) grow_index();
            Slot& slot = fill_slot(file_number, offset, block, use);
            index_slot(*indexes_.back(), hash, slot);
            block.word_ = nullptr;  // the slot owns the bytes now
            kept = BlockRef(&slot.word, slot.data, slot.size, slot.charge);
        }
    }
    for (char* data : freed) BlockRef::free_data(data);
    return kept ? std::move(kept) : std::move(block);
}

void CacheShard::enter_scanned(Slot& slot) {
    scanned_bytes_ += slot.charge;
    scanned_.push_back(slot.number);
    if (scanned_.size() <= 2 * size_t{slots_} + kSlotsPerChunk) return;
    // Too many of the numbers in the queue have moved on: keep the last place of those that wait.
    std::vector<bool> seen(slots_);
    std::deque<uint32_t> waiting;
    for (size_t i = scanned_.size(); i-- > 0;) {
        const uint32_t number = scanned_[i];
        if (seen[number] || !slot_at(number).is_scanned) continue;
        seen[number] = true;
        waiting.push_front(number);
    }
    scanned_.swap(waiting);
}

void CacheShard::leave_scanned(Slot& slot) {
    if (!slot.is_scanned) return;
    slot.is_scanned = false;
    scanned_bytes_ -= slot.charge;
}

/// Takes a block out of everything but its slot's word.
void CacheShard::take_out(Slot& slot) {
    unindex(slot);
    leave_scanned(slot);
    if (slot.next_of_file != kNone)
        slot_at(slot.next_of_file).previous_of_file = slot.previous_of_file;
    if (slot.previous_of_file != kNone) {
        slot_at(slot.previous_of_file).next_of_file = slot.next_of_file;
    } else if (slot.next_of_file != kNone) {
        first_of_file_[slot.file_number] = slot.next_of_file;
    } else {
        first_of_file_.erase(slot.file_number);
    }
}

/// Frees a slot that is in `state` and that nobody holds. False when somebody does.
bool CacheShard::free_unheld(Slot& slot, uint64_t state, std::vector<char*>& freed) {
    if (!slot.word.compare_exchange_strong(state, 0, std::memory_order_acq_rel)) return false;
    freed.push_back(slot.data);
    stats_.bytes -= slot.charge;
    --stats_.blocks;
    free_slots_.push_back(slot.number);
    return true;
}

/// Evicts a visible block unless somebody holds it.
bool CacheShard::claim(Slot& slot, std::vector<char*>& freed) {
    if (!free_unheld(slot, BlockRef::kVisible, freed)) return false;
    take_out(slot);
    return true;
}

bool CacheShard::evict_scanned(std::vector<char*>& freed) {
    for (size_t tries = scanned_.size(); tries > 0; --tries) {
        const uint32_t number = scanned_.front();
        scanned_.pop_front();
        Slot& slot = slot_at(number);
        if (!slot.is_scanned) continue;
        if (slot.visits.load(kRelaxed) > 0) {
            leave_scanned(slot);  // read by more than scans: the hand decides from now on
        } else if (claim(slot, freed)) {
            return true;
        } else {
            scanned_.push_back(number);
        }
    }
    return false;
}

bool CacheShard::evict_by_clock(std::vector<char*>& freed) {
    // Every full turn lowers all counts, so this many steps meet each block with a count of 0.
    for (uint64_t steps = uint64_t{slots_} * (kMostIndexVisits + 1); steps > 0; --steps) {
        if (hand_ >= slots_) hand_ = 0;
        Slot& slot = slot_at(hand_++);
        if (slot.word.load(kRelaxed) != BlockRef::kVisible) continue;  // free, or held by somebody
        const uint8_t visits = slot.visits.load(kRelaxed);
        if (visits > 0) {
            slot.visits.store(visits - 1, kRelaxed);
        } else if (claim(slot, freed)) {
            return true;
        }
    }
    return false;
}

/// False when too much is held by others for `charge` to fit.
bool CacheShard::make_room(uint64_t charge, BlockUse use, std::vector<char*>& freed) {
    if (charge > capacity_bytes_) return false;
    is_full_.store(stats_.bytes + charge > capacity_bytes_, kRelaxed);
    while (stats_.bytes + charge > capacity_bytes_) {
        const bool scan_may_grow =
            use == BlockUse::kScan && scanned_bytes_ < capacity_bytes_ / kScanShare;
        const bool evicted = (!scan_may_grow && evict_scanned(freed)) || evict_by_clock(freed) ||
                             evict_scanned(freed);
        if (!evicted) return false;
        ++stats_.evictions;
    }
    return true;
}

void CacheShard::set_capacity(uint64_t bytes) {
    std::vector<char*> freed;
    {
        const std::lock_guard lock(mutex_);
        capacity_bytes_ = bytes;
        (void)make_room(0, BlockUse::kPoint, freed);  // what is held by others stays
        is_full_.store(false, kRelaxed);
    }
    for (char* data : freed) BlockRef::free_data(data);
}

void CacheShard::erase_file(uint64_t file_number) {
    std::vector<char*> freed;
    {
        const std::lock_guard lock(mutex_);
        for (auto at = first_of_file_.find(file_number); at != first_of_file_.end();
             at = first_of_file_.find(file_number)) {
            Slot& slot = slot_at(at->second);
            if (claim(slot, freed)) continue;
            // Held: invisible from now on, freed with the last reference. This one keeps that from
            // happening before the slot is out of the lists.
            slot.word.fetch_add(BlockRef::kErased - BlockRef::kVisible + 1,
                                std::memory_order_acq_rel);
            take_out(slot);
            slot.word.fetch_sub(1, std::memory_order_acq_rel);
            free_unheld(slot, BlockRef::kErased, freed);
        }
        is_full_.store(false, kRelaxed);
    }
    for (char* data : freed) BlockRef::free_data(data);
}

void CacheShard::free_erased(Slot& slot) {
    std::vector<char*> freed;
    {
        const std::lock_guard lock(slot.shard->mutex_);
        slot.shard->free_unheld(slot, BlockRef::kErased, freed);
    }
    for (char* data : freed) BlockRef::free_data(data);
}

CacheShard::Stats CacheShard::stats() const {
    const std::lock_guard lock(mutex_);
    return stats_;
}

uint64_t CacheShard::pinned_bytes() const {
    const std::lock_guard lock(mutex_);
    uint64_t sum = 0;
    for (uint32_t number = 0; number < slots_; ++number) {
        const Slot& slot = chunks_[number / kSlotsPerChunk][number % kSlotsPerChunk];
        const uint64_t word = slot.word.load(std::memory_order_acquire);
        if (word > BlockRef::kVisible && (word & BlockRef::kCount) != 0) sum += slot.charge;
    }
    return sum;
}

}  // namespace kv

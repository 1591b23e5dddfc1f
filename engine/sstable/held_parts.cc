// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/held_parts.h"

namespace kv {

HeldParts::~HeldParts() {
    for (size_t part = 0; part < parts_; ++part)
        if (slots_[part].block) cache_->give_back_hold(slots_[part].block.charge_bytes());
}

void HeldParts::open(BlockCache* cache, size_t parts) {
    cache_ = cache;
    parts_ = parts;
    slots_ = std::make_unique<Slot[]>(parts);
}

void HeldParts::hold(size_t part, const BlockRef& block) {
    const size_t bytes = block.charge_bytes();
    if (!cache_->grant_hold(bytes)) return;
    Slot& slot = slots_[part];
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock.owns_lock() || slot.block) {  // the next read will find it, or try again
        cache_->give_back_hold(bytes);
        return;
    }
    slot.block = block;
    slot.is_held.store(true, std::memory_order_release);
}

}  // namespace kv

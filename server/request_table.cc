// See request_table.h. Linear probing; erasing moves later entries back instead of leaving marks.
// SPDX-License-Identifier: Apache-2.0
#include "server/request_table.h"

#include <utility>

#include "kv/assert.h"

namespace kv::server {

namespace {
constexpr size_t kFirstSlots = 16;
}

size_t RequestTable::home(uint64_t id) const {
    const uint64_t mixed = (id * 0x9E3779B97F4A7C15ULL) >> 32;
    return static_cast<size_t>(mixed) & (slots_.size() - 1);
}

PendingRequest* RequestTable::find(uint64_t id) {
    if (size_ == 0) return nullptr;
    for (size_t i = home(id);; i = (i + 1) & (slots_.size() - 1)) {
        if (slots_[i].info.id == id) return &slots_[i];
        if (slots_[i].info.id == 0) return nullptr;
    }
}

bool RequestTable::insert(const PendingRequest& request) {
    KV_ASSERT(request.info.id != 0);
    if ((size_ + 1) * 2 > slots_.size()) grow();
    size_t i = home(request.info.id);
    for (; slots_[i].info.id != 0; i = (i + 1) & (slots_.size() - 1)) {
        if (slots_[i].info.id == request.info.id) return false;
    }
    slots_[i] = request;
    ++size_;
    return true;
}

void RequestTable::erase(uint64_t id) {
    PendingRequest* found = find(id);
    if (found == nullptr) return;
    const size_t mask = slots_.size() - 1;
    size_t hole = static_cast<size_t>(found - slots_.data());
    for (size_t i = (hole + 1) & mask; slots_[i].info.id != 0; i = (i + 1) & mask) {
        // An entry may move back into the hole unless its home lies between the two.
        const size_t from_home = (i - home(slots_[i].info.id)) & mask;
        if (from_home >= ((i - hole) & mask)) {
            slots_[hole] = slots_[i];
            hole = i;
        }
    }
    slots_[hole] = PendingRequest{};
    --size_;
}

void RequestTable::grow() {
    std::vector<PendingRequest> old(slots_.empty() ? kFirstSlots : slots_.size() * 2);
    std::swap(old, slots_);
    size_ = 0;
    for (const PendingRequest& request : old) {
        if (request.info.id != 0) (void)insert(request);
    }
}

}  // namespace kv::server

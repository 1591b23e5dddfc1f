// Prefix compression, restart points, tags.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/block_builder.h"

#include <algorithm>

#include "kv/assert.h"

namespace kv::sstable {

namespace {

size_t common_prefix(Bytes a, Bytes b) {
    const size_t limit = std::min(a.size(), b.size());
    size_t length = 0;
    while (length + 8 <= limit) {
        const uint64_t difference =
            load_fixed64(a.data() + length) ^ load_fixed64(b.data() + length);
        if (difference != 0) return length + static_cast<size_t>(__builtin_ctzll(difference)) / 8;
        length += 8;
    }
    while (length < limit && a[length] == b[length]) ++length;
    return length;
}

}  // namespace

BlockBuilder::BlockBuilder(uint32_t restart_interval, BlockForm form)
    : restart_interval_(restart_interval), form_(form) {
    KV_ASSERT(restart_interval >= 1 && restart_interval <= UINT16_MAX);
}

size_t BlockBuilder::size_of(size_t content, size_t starts, size_t last_start) const {
    if (form_ == BlockForm::kPlain) return content + 4 * starts + 4;
    const size_t offset_and_tag = is_wide(last_start) ? 5 : 3;
    return kTaggedHeaderBytes + starts * offset_and_tag + content;
}

size_t BlockBuilder::size_bytes() const {
    return size_of(content_.size(), starts_.size(), last_start());
}

size_t BlockBuilder::size_with(Bytes key, Bytes value) const {
    const size_t shared = shared_bytes(key);
    const size_t own = key.size() - shared;
    const size_t content = content_.size() + varint_bytes(shared) + varint_bytes(own) +
                           varint_bytes(value.size()) + own + value.size();
    const bool adds_start = form_ == BlockForm::kTagged || is_at_restart();
    return size_of(content, starts_.size() + (adds_start ? 1 : 0),
                   adds_start ? content_.size() : last_start());
}

size_t BlockBuilder::shared_bytes(Bytes key) const {
    if (is_at_restart()) return 0;
    return common_prefix(form_ == BlockForm::kTagged ? user_key_of(key) : key, base_);
}

void BlockBuilder::add(Bytes key, Bytes value, uint8_t tag) {
    const bool tagged = form_ == BlockForm::kTagged;
    const bool restarts = is_at_restart();
    const size_t shared = shared_bytes(key);
    if (restarts || tagged) starts_.push_back(static_cast<uint32_t>(content_.size()));
    if (restarts) run_ = 0;
    if (tagged) {
        tags_.push_back(static_cast<char>(tag));
        if (restarts) base_.assign(user_key_of(key));
    } else {
        base_.assign(key);
    }
    put_varint32(content_, static_cast<uint32_t>(shared));
    put_varint32(content_, static_cast<uint32_t>(key.size() - shared));
    put_varint32(content_, static_cast<uint32_t>(value.size()));
    content_.append(key.substr(shared));
    content_.append(value);
    ++entries_;
    ++run_;
}

Bytes BlockBuilder::finish() {
    if (form_ == BlockForm::kPlain) {
        for (const uint32_t restart : starts_) put_fixed32(content_, restart);
        put_fixed32(content_, static_cast<uint32_t>(starts_.size()));
        return content_;
    }
    finished_.reserve(size_bytes());
    finished_.push_back(static_cast<char>(BlockForm::kTagged));
    const size_t width = is_wide(last_start()) ? 4 : 2;
    finished_.push_back(static_cast<char>(width));
    finished_.push_back(static_cast<char>(restart_interval_ & 0xFF));
    finished_.push_back(static_cast<char>(restart_interval_ >> 8));
    put_fixed32(finished_, entries_);
    finished_ += tags_;
    for (const uint32_t start : starts_)  // little-endian, so the low bytes come first
        finished_.append(reinterpret_cast<const char*>(&start), width);
    finished_ += content_;
    return finished_;
}

void BlockBuilder::reset() {
    content_.clear();
    starts_.clear();
    tags_.clear();
    finished_.clear();
    base_.clear();
    entries_ = run_ = 0;
}

}  // namespace kv::sstable

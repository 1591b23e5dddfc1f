// HugeRange: a range of addresses on huge pages, for memory that is touched all over: with small
// pages the processor would wait as long for where a page is as for what is in it.
// Thread rule: immutable once made; its bytes are the owner's affair.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>

namespace kv {

class HugeRange {
  public:
    static constexpr size_t kPageBytes = 2U << 20;

    /// Reserves `bytes` rounded up to whole huge pages. They are zeros, and take no memory before
    /// they are touched; where the system has no huge pages they are small ones. Null when it gives
    /// no address space.
    static std::unique_ptr<HugeRange> reserve(size_t bytes);
    ~HugeRange();
    HugeRange(const HugeRange&) = delete;
    HugeRange& operator=(const HugeRange&) = delete;

    /// Aligned to kPageBytes.
    char* begin() const { return begin_; }
    size_t size() const { return size_; }

  private:
    HugeRange(void* mapping, size_t mapping_bytes, size_t size);

    void* const mapping_;  // somewhat more than the range, which begins at a huge page
    const size_t mapping_bytes_;
    char* const begin_;
    const size_t size_;
};

}  // namespace kv

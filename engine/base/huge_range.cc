// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "base/huge_range.h"

#include <sys/mman.h>

#include <cstdint>

namespace kv {

std::unique_ptr<HugeRange> HugeRange::reserve(size_t bytes) {
    const size_t size = (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
    const size_t mapping_bytes = size + kPageBytes;
    void* mapping = ::mmap(nullptr, mapping_bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED) return nullptr;
    return std::unique_ptr<HugeRange>(new HugeRange(mapping, mapping_bytes, size));
}

HugeRange::HugeRange(void* mapping, size_t mapping_bytes, size_t size)
    : mapping_(mapping),
      mapping_bytes_(mapping_bytes),
      begin_(static_cast<char*>(mapping) + -reinterpret_cast<uintptr_t>(mapping) % kPageBytes),
      size_(size) {
    // Only advice: without huge pages all works, a little slower.
    (void)::madvise(begin_, size_, MADV_HUGEPAGE);
}

HugeRange::~HugeRange() { ::munmap(mapping_, mapping_bytes_); }

}  // namespace kv

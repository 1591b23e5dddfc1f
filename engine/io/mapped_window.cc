// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "io/mapped_window.h"

#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>

#include <utility>

namespace kv::io {

namespace {

/// Not XFS: there a copy (cp --reflink, which cp tries by itself) shares the blocks of a file, and
/// what is stored over them then needs space.
bool overwrites_in_place(int fd) {
    struct statfs info {};
    return ::fstatfs(fd, &info) == 0 && info.f_type == EXT4_SUPER_MAGIC;
}

}  // namespace

std::span<char> MappedWindow::at(int fd, uint64_t offset) {
    if (memory_ == nullptr || offset < begin_ || offset - begin_ >= kWindowBytes) {
        leave();
        if (usable_ == Usable::kUnknown) {
            usable_ = overwrites_in_place(fd) ? Usable::kYes : Usable::kNo;
        }
        if (usable_ == Usable::kNo) return {};
        const uint64_t begin = offset / kWindowBytes * kWindowBytes;
        void* const memory = ::mmap(nullptr, kWindowBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                                    static_cast<off_t>(begin));
        if (memory == MAP_FAILED) {
            usable_ = Usable::kNo;
            return {};
        }
        memory_ = static_cast<char*>(memory);
        begin_ = begin;
    }
    const uint64_t skip = offset - begin_;
    return {memory_ + skip, static_cast<size_t>(kWindowBytes - skip)};
}

void MappedWindow::leave() {
    if (memory_ == nullptr) return;
    const std::lock_guard lock(left_mutex_);
    left_.push_back(std::exchange(memory_, nullptr));
}

void MappedWindow::unmap() {
    leave();
    unmap_left();
}

void MappedWindow::unmap_left() {
    std::vector<char*> left;
    {
        const std::lock_guard lock(left_mutex_);
        left.swap(left_);
    }
    for (char* const memory : left) {
        // Most of the work, and while this one is at it others may map and touch other memory.
        (void)::madvise(memory, kWindowBytes, MADV_DONTNEED);
        (void)::munmap(memory, kWindowBytes);
    }
}

}  // namespace kv::io

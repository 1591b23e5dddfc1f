// MappedWindow: a piece of a file's page cache that can be stored to without a system call.
//
// What is stored there has the standing of a write(2) that returned: it survives the end of the
// process, and the next fdatasync makes it durable. A store cannot report an error, though; a page
// that cannot be had kills the process (SIGBUS). So only bytes that have been written before may be
// stored to, and only on file systems that overwrite in place: there such a store needs no space.
//
// To unmap what was stored to takes the kernel some 0.2 ms a MiB, and to sync it while it is mapped
// ten times that. The window moves on without the former; unmap_left() does it for all windows left
// behind, ahead of a sync and as a rule on a thread that nobody waits for, and leaves the list of
// mappings free for others meanwhile.
// Caller: PosixWritableFile. Thread rule: one thread at a time, unmap_left() on any.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace kv::io {

class MappedWindow {
  public:
    MappedWindow() = default;
    ~MappedWindow() { unmap(); }
    MappedWindow(const MappedWindow&) = delete;
    MappedWindow& operator=(const MappedWindow&) = delete;

    /// Where the file's bytes from `offset` on are stored to, up to the end of the window, which
    /// moves there. Empty where this file cannot be mapped. Valid until the next call.
    std::span<char> at(int fd, uint64_t offset);
    /// The window and all that it left behind.
    void unmap();
    void unmap_left();

  private:
    /// Counts as resident memory, so not more than moving it now and then requires.
    static constexpr uint64_t kWindowBytes = 1U << 20;
    enum class Usable : uint8_t { kUnknown, kYes, kNo };

    void leave();

    char* memory_ = nullptr;
    uint64_t begin_ = 0;  // in the file
    Usable usable_ = Usable::kUnknown;

    std::mutex left_mutex_;
    std::vector<char*> left_;  // guarded by left_mutex_; kWindowBytes each
};

}  // namespace kv::io

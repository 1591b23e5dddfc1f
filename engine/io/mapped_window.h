// MappedWindow: a piece of a file's page cache that can be stored to without a system call.
//
// What is stored there has the standing of a write(2) that returned: it survives the end of the
// process, and the next fdatasync makes it durable. A store cannot report an error, though; a page
// that cannot be had kills the process (SIGBUS). So only bytes that have been written before may be
// stored to, and only on file systems that overwrite in place: there such a store needs no space.
// Caller: PosixWritableFile. Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

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
    void unmap();

  private:
    /// Counts as resident memory, so not more than moving it now and then requires.
    static constexpr uint64_t kWindowBytes = 1U << 20;
    enum class Usable : uint8_t { kUnknown, kYes, kNo };

    char* memory_ = nullptr;
    uint64_t begin_ = 0;  // in the file
    Usable usable_ = Usable::kUnknown;
};

}  // namespace kv::io

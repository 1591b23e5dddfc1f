// Open files of the operating system, behind the interfaces of kv/file_system.h. Made by
// posix_file_system() only.
// Thread rule: as in kv/file_system.h.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "io/mapped_window.h"
#include "kv/file_system.h"

namespace kv::io {

/// Repeats a system call that a signal interrupted.
template <class Call>
auto retry_interrupted(Call call) {
    for (;;) {
        const auto result = call();
        if (result != -1 || errno != EINTR) return result;
    }
}

/// Owns a file descriptor. -1 means none.
class Descriptor {
  public:
    explicit Descriptor(int fd = -1) : fd_(fd) {}
    ~Descriptor();
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) = delete;
    int get() const { return fd_; }

  private:
    int fd_;
};

/// Whether [offset, offset + length) can be named by an off_t at all.
bool is_addressable(uint64_t offset, uint64_t length);

/// open(2) with O_CLOEXEC. New files are readable by owner and group.
Result<Descriptor> open_descriptor(const std::string& path, int flags);

/// The lock behind FileSystem::lock.
Result<std::unique_ptr<FileLock>> lock_file(const std::string& path);

class PosixWritableFile final : public WritableFile {
  public:
    PosixWritableFile(std::string path, Descriptor fd)
        : path_(std::move(path)), fd_(std::move(fd)) {}

    Status write_at(uint64_t offset, Bytes data) override;
    Status rewrite_at(uint64_t offset, Bytes data) override;
    Status sync() override;
    Status preallocate(uint64_t size) override;
    void start_writeback(uint64_t offset, uint64_t length) override;
    Status truncate(uint64_t size) override;

  private:
    const std::string path_;
    const Descriptor fd_;
    MappedWindow window_;
};

class PosixRandomAccessFile final : public RandomAccessFile {
  public:
    PosixRandomAccessFile(std::string path, Descriptor fd)
        : path_(std::move(path)), fd_(std::move(fd)) {}

    Result<size_t> read_at(uint64_t offset, size_t length, char* scratch) const override;
    Result<uint64_t> size() const override;
    Result<uint64_t> written_end() const override;
    int descriptor() const { return fd_.get(); }

  private:
    const std::string path_;
    const Descriptor fd_;
};

}  // namespace kv::io

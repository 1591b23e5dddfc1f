// Open files and locks of CrashFileSystem. Made by it only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "support/crash_file_system.h"

namespace kv::test {

class CrashWritableFile final : public WritableFile {
  public:
    CrashWritableFile(CrashFileSystem& fs, std::string path, InodePtr inode)
        : fs_(fs), path_(std::move(path)), inode_(std::move(inode)) {}

    Status write_at(uint64_t offset, Bytes data) override;
    Status sync() override;
    Status preallocate(uint64_t size) override;
    /// Promises nothing, so there is nothing to simulate: not an operation.
    void start_writeback(uint64_t, uint64_t) override {}
    Status truncate(uint64_t size) override;

  private:
    CrashFileSystem& fs_;
    const std::string path_;
    const InodePtr inode_;
};

class CrashRandomAccessFile final : public RandomAccessFile {
  public:
    CrashRandomAccessFile(CrashFileSystem& fs, std::string path, InodePtr inode)
        : fs_(fs), path_(std::move(path)), inode_(std::move(inode)) {}

    Result<size_t> read_at(uint64_t offset, size_t length, char* scratch) const override;
    Result<uint64_t> size() const override;
    Result<uint64_t> written_end() const override;

  private:
    CrashFileSystem& fs_;
    const std::string path_;
    const InodePtr inode_;
};

class CrashFileLock final : public FileLock {
  public:
    CrashFileLock(CrashFileSystem& fs, InodePtr inode) : fs_(fs), inode_(std::move(inode)) {}
    ~CrashFileLock() override;

  private:
    CrashFileSystem& fs_;
    const InodePtr inode_;
};

}  // namespace kv::test

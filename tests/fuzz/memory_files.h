// MemoryFiles: a file system of strings, for decoders that read through kv::FileSystem. Nothing
// fails and nothing is lost; tests/support/crash_file_system.h is the one that does both.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kv/file_system.h"

namespace kv::fuzz {

class MemoryFile final : public RandomAccessFile {
  public:
    explicit MemoryFile(Bytes bytes) : size_(bytes.size()), bytes_(new char[bytes.size()]) {
        if (size_ > 0) std::memcpy(bytes_.get(), bytes.data(), size_);
    }
    Result<size_t> read_at(uint64_t offset, size_t length, char* scratch) const override {
        if (offset >= size_) return size_t{0};
        const size_t count = std::min(length, size_ - static_cast<size_t>(offset));
        std::memcpy(scratch, bytes_.get() + offset, count);
        return count;
    }
    Result<uint64_t> size() const override { return uint64_t{size_}; }

  private:
    size_t size_;
    std::unique_ptr<char[]> bytes_;  // of exactly this size, so that a sanitizer sees the end
};

class MemoryFiles final : public FileSystem {
  public:
    std::map<std::string, std::string> files;

    Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
        files[path].clear();
        return std::unique_ptr<WritableFile>(new Writer(files[path]));
    }
    Result<std::unique_ptr<WritableFile>> open_writable(const std::string& path) override {
        return std::unique_ptr<WritableFile>(new Writer(files[path]));
    }
    Result<std::shared_ptr<RandomAccessFile>> open(const std::string& path) override {
        const auto found = files.find(path);
        if (found == files.end()) return Status::not_found(path + " is missing");
        return std::shared_ptr<RandomAccessFile>(new MemoryFile(found->second));
    }
    Result<std::vector<std::string>> list(const std::string&) override { return none("list"); }
    Result<bool> exists(const std::string& path) override { return files.count(path) > 0; }
    Result<uint64_t> file_size(const std::string& path) override {
        return uint64_t{files[path].size()};
    }
    Status create_dir(const std::string&) override { return Status::ok(); }
    Status rename(const std::string&, const std::string&) override { return none("rename"); }
    Status link(const std::string&, const std::string&) override { return none("link"); }
    Status remove(const std::string& path) override {
        files.erase(path);
        return Status::ok();
    }
    Status sync_dir(const std::string&) override { return Status::ok(); }
    Result<uint64_t> free_bytes(const std::string&) override { return uint64_t{1} << 40; }
    Result<std::unique_ptr<FileLock>> lock(const std::string&) override { return none("lock"); }

  private:
    class Writer final : public WritableFile {
      public:
        explicit Writer(std::string& bytes) : bytes_(bytes) {}
        Status write_at(uint64_t offset, Bytes data) override {
            if (bytes_.size() < offset + data.size()) bytes_.resize(offset + data.size());
            std::copy(data.begin(), data.end(), bytes_.begin() + static_cast<ptrdiff_t>(offset));
            return Status::ok();
        }
        Status sync() override { return Status::ok(); }
        Status preallocate(uint64_t size) override {
            if (bytes_.size() < size) bytes_.resize(size);
            return Status::ok();
        }
        void start_writeback(uint64_t, uint64_t) override {}
        Status truncate(uint64_t size) override {
            bytes_.resize(size);
            return Status::ok();
        }

      private:
        std::string& bytes_;
    };

    static Status none(const char* what) {
        return {Code::kUnsupported, std::string(what) + " is not needed by any decoder"};
    }
};

}  // namespace kv::fuzz

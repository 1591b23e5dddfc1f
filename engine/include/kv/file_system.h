// FileSystem: every disk access of the engine goes through here, so that tests can crash, fail and
// clone the disk at any operation (tests/support/crash_file_system.h).
//
// What survives a power failure: file bytes covered by a returned sync(), and directory entries
// (creations, renames, removals) covered by a returned sync_dir() of their directory. Nothing else.
// Thread rule: a FileSystem may be used from any thread; a WritableFile by one thread at a time; a
// RandomAccessFile by any number.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kv/bytes.h"
#include "kv/result.h"

namespace kv {

/// A file open for writing at any position. Closed by the destructor; nothing is synced unless
/// asked for.
class WritableFile {
  public:
    virtual ~WritableFile() = default;
    /// Writes all of `data` at `offset`. kNoSpace when the disk is full, else kIoError. After an
    /// error any part of the range may have been written.
    virtual Status write_at(uint64_t offset, Bytes data) = 0;
    /// The same for bytes that all have been written before, in small pieces at rising offsets: may
    /// cost no more than a copy.
    virtual Status rewrite_at(uint64_t offset, Bytes data) { return write_at(offset, data); }
    /// fdatasync: bytes and size are durable on return. After an error the bytes are in doubt for
    /// ever: never call it again on this file. May run beside writes that it need not cover, on
    /// another thread.
    virtual Status sync() = 0;
    /// Reserves space for [0, size) and extends the file with zeros up to it.
    virtual Status preallocate(uint64_t size) = 0;
    /// Starts writing [offset, offset+length) to the disk without waiting and without any promise.
    virtual void start_writeback(uint64_t offset, uint64_t length) = 0;
    virtual Status truncate(uint64_t size) = 0;
};

/// A file open for positional reads.
class RandomAccessFile {
  public:
    virtual ~RandomAccessFile() = default;
    /// Reads up to `length` bytes at `offset` into `scratch` and returns how many there were; fewer
    /// than asked only at the end of the file.
    virtual Result<size_t> read_at(uint64_t offset, size_t length, char* scratch) const = 0;
    virtual Result<uint64_t> size() const = 0;
    /// From here to size() the file is zeros, known without reading: most often preallocated and
    /// never written. size(), unless overridden and the file system can tell.
    virtual Result<uint64_t> written_end() const { return size(); }
};

/// One of the reads that FileSystem::read_together does.
struct ReadRequest {
    const RandomAccessFile* file = nullptr;  ///< Opened by the same FileSystem.
    uint64_t offset = 0;
    size_t length = 0;
    char* scratch = nullptr;         ///< Room for `length` bytes.
    Result<size_t> got = size_t{0};  ///< The answer: what read_at would have returned.
};

/// Held as long as the object lives.
class FileLock {
  public:
    virtual ~FileLock() = default;
};

class FileSystem {
  public:
    virtual ~FileSystem() = default;

    /// Creates or empties `path`.
    virtual Result<std::unique_ptr<WritableFile>> create(const std::string& path) = 0;
    /// Opens an existing file for writing, contents kept. kNotFound when missing.
    virtual Result<std::unique_ptr<WritableFile>> open_writable(const std::string& path) = 0;
    /// kNotFound when missing.
    virtual Result<std::shared_ptr<RandomAccessFile>> open(const std::string& path) = 0;
    /// Does all these reads, each with an outcome of its own, and returns when the last has ended;
    /// the disk may work on many at once. Unless overridden, one after the other.
    virtual void read_together(std::span<ReadRequest> requests);

    /// Names (not paths) of the directory's entries, sorted. kNotFound when missing.
    virtual Result<std::vector<std::string>> list(const std::string& dir) = 0;
    virtual Result<bool> exists(const std::string& path) = 0;
    virtual Result<uint64_t> file_size(const std::string& path) = 0;
    /// Creates one directory; fine when it exists. The parent must exist.
    virtual Status create_dir(const std::string& dir) = 0;
    /// Atomically replaces `to`. Durable only after sync_dir.
    virtual Status rename(const std::string& from, const std::string& to) = 0;
    /// Gives the file `from` a second name. `to` must not exist. Durable only after sync_dir.
    /// kUnsupported where the file system has no links, or `to` lies on another one.
    virtual Status link(const std::string& from, const std::string& to) = 0;
    virtual Status remove(const std::string& path) = 0;
    /// kUnsupported: this process may not read `dir`, so it cannot.
    virtual Status sync_dir(const std::string& dir) = 0;
    /// Bytes that an unprivileged writer can still store there.
    virtual Result<uint64_t> free_bytes(const std::string& dir) = 0;
    /// Takes an exclusive advisory lock on `path` (created when missing). kLocked, with the
    /// holder's process id when known, if another process or another handle of this one has it.
    virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

/// The operating system's files. Lives for the whole process.
FileSystem& posix_file_system();

/// The whole file. Fails like open and read_at; kCorruption when larger than `limit_bytes`.
Result<std::string> read_whole_file(FileSystem& fs, const std::string& path,
                                    uint64_t limit_bytes = 1ULL << 30);

/// "DIR/NAME".
std::string join_path(const std::string& dir, std::string_view name);
/// The directory that holds `path`'s own entry.
std::string parent_directory(const std::string& path);
/// Makes `path`'s own entry durable. Where that is not ours to do, since we may not even read the
/// directory it stands in, it is left to whoever made the entry: ok.
Status sync_entry(FileSystem& fs, const std::string& path);

}  // namespace kv

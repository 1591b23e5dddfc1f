// Reading, writing and syncing files of the operating system.
// SPDX-License-Identifier: Apache-2.0
#include "io/posix_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <span>

#include "io/posix_error.h"

namespace kv::io {
namespace {

constexpr uint64_t kLargestOffset = static_cast<uint64_t>(std::numeric_limits<off_t>::max());

Result<uint64_t> size_of(int fd, const std::string& path) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) return error_from_errno("fstat", path, errno);
    return static_cast<uint64_t>(info.st_size);
}

}  // namespace

bool is_addressable(uint64_t offset, uint64_t length) {
    return offset <= kLargestOffset && length <= kLargestOffset - offset;
}

Descriptor::~Descriptor() {
    // The result says nothing that a sync has not said before, and the descriptor is gone either
    // way; trying again could close somebody else's.
    if (fd_ >= 0) (void)::close(fd_);
}

Result<Descriptor> open_descriptor(const std::string& path, int flags) {
    constexpr mode_t kFileMode = 0640;
    const int fd =
        retry_interrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, kFileMode); });
    if (fd < 0) return error_from_errno("open", path, errno);
    return Descriptor(fd);
}

Status PosixWritableFile::write_at(uint64_t offset, Bytes data) {
    if (!is_addressable(offset, data.size())) {
        return error_from_errno("pwrite", path_, EFBIG, offset, data.size());
    }
    while (!data.empty()) {
        const ssize_t written = retry_interrupted([&] {
            return ::pwrite(fd_.get(), data.data(), data.size(), static_cast<off_t>(offset));
        });
        if (written < 0) {
            return error_from_errno("pwrite", path_, errno, offset, data.size());
        }
        if (written == 0) return error_from_errno("pwrite", path_, EIO, offset, data.size());
        data.remove_prefix(static_cast<size_t>(written));
        offset += static_cast<uint64_t>(written);
    }
    return Status::ok();
}

Status PosixWritableFile::rewrite_at(uint64_t offset, Bytes data) {
    while (!data.empty()) {
        const std::span<char> room = window_.at(fd_.get(), offset);
        if (room.empty()) return write_at(offset, data);
        const size_t length = std::min(room.size(), data.size());
        std::memcpy(room.data(), data.data(), length);
        data.remove_prefix(length);
        offset += length;
    }
    return Status::ok();
}

Status PosixWritableFile::sync() {
    // Before the kernel cleans the pages: of each that is still mapped it would first tell all
    // processors that run this process, with an interrupt.
    window_.unmap_left();
    if (retry_interrupted([&] { return ::fdatasync(fd_.get()); }) != 0) {
        return error_from_errno("fdatasync", path_, errno);
    }
    return Status::ok();
}

Status PosixWritableFile::preallocate(uint64_t size) {
    if (size == 0) return Status::ok();
    if (!is_addressable(0, size)) return error_from_errno("fallocate", path_, EFBIG, 0, size);
    const auto length = static_cast<off_t>(size);
    if (retry_interrupted([&] { return ::fallocate(fd_.get(), 0, 0, length); }) == 0) {
        return Status::ok();
    }
    if (errno != EOPNOTSUPP && errno != ENOSYS) {
        return error_from_errno("fallocate", path_, errno, 0, size);
    }
    // No reservation on this file system: the zeros are still promised, the space is not.
    KV_ASSIGN_OR_RETURN(const uint64_t current, size_of(fd_.get(), path_));
    return current < size ? truncate(size) : Status::ok();
}

void PosixWritableFile::start_writeback(uint64_t offset, uint64_t length) {
    if (length == 0 || !is_addressable(offset, length)) return;
    // Only a hint: a file system that cannot do it writes the same bytes at sync(), which reports
    // what goes wrong with them.
    (void)::sync_file_range(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(length),
                            SYNC_FILE_RANGE_WRITE);
}

Status PosixWritableFile::truncate(uint64_t size) {
    window_.unmap();  // nothing may be mapped beyond the end
    if (!is_addressable(0, size)) return error_from_errno("ftruncate", path_, EFBIG, 0, size);
    const auto length = static_cast<off_t>(size);
    if (retry_interrupted([&] { return ::ftruncate(fd_.get(), length); }) != 0) {
        return error_from_errno("ftruncate", path_, errno, 0, size);
    }
    return Status::ok();
}

Result<size_t> PosixRandomAccessFile::read_at(uint64_t offset, size_t length, char* scratch) const {
    if (!is_addressable(offset, length)) {
        return error_from_errno("pread", path_, EINVAL, offset, length);
    }
    size_t done = 0;
    while (done < length) {
        const ssize_t got = retry_interrupted([&] {
            return ::pread(fd_.get(), scratch + done, length - done,
                           static_cast<off_t>(offset + done));
        });
        if (got < 0) {
            return error_from_errno("pread", path_, errno, offset + done, length - done);
        }
        if (got == 0) break;
        done += static_cast<size_t>(got);
    }
    return done;
}

Result<uint64_t> PosixRandomAccessFile::size() const { return size_of(fd_.get(), path_); }

/// Space that is only reserved counts as a hole. A file system that knows no holes says that there
/// are none before the end.
Result<uint64_t> PosixRandomAccessFile::written_end() const {
    constexpr int kMostPieces = 64;
    off_t end = 0;
    for (int piece = 0; piece < kMostPieces; ++piece) {
        const off_t data = ::lseek(fd_.get(), end, SEEK_DATA);
        if (data < 0 && errno == ENXIO) return static_cast<uint64_t>(end);
        end = data < 0 ? data : ::lseek(fd_.get(), data, SEEK_HOLE);
        if (end < 0) break;
    }
    return size();
}

}  // namespace kv::io

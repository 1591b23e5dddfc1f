// Names, directories and space on the operating system's file systems.
// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "io/posix_error.h"
#include "io/posix_file.h"
#include "io/posix_read_together.h"
#include "kv/file_system.h"

namespace kv {
namespace {

using io::error_from_errno;

struct CloseDirectory {
    void operator()(DIR* dir) const { (void)::closedir(dir); }
};

class PosixFileSystem final : public FileSystem {
  public:
    Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
        return open_for_writing(path, O_RDWR | O_CREAT | O_TRUNC);
    }
    Result<std::unique_ptr<WritableFile>> open_writable(const std::string& path) override {
        return open_for_writing(path, O_RDWR);
    }
    Result<std::shared_ptr<RandomAccessFile>> open(const std::string& path) override {
        // Each read would note its time in the inode. Only the owner of a file may forbid it.
        auto untimed = io::open_descriptor(path, O_RDONLY | O_NOATIME);
        if (untimed)
            return std::shared_ptr<RandomAccessFile>(
                std::make_shared<io::PosixRandomAccessFile>(path, std::move(*untimed)));
        KV_ASSIGN_OR_RETURN(io::Descriptor fd, io::open_descriptor(path, O_RDONLY));
        return std::shared_ptr<RandomAccessFile>(
            std::make_shared<io::PosixRandomAccessFile>(path, std::move(fd)));
    }
    void read_together(std::span<ReadRequest> requests) override { io::read_together(requests); }
    Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
        return io::lock_file(path);
    }

    Result<std::vector<std::string>> list(const std::string& dir) override;
    Result<bool> exists(const std::string& path) override;
    Result<uint64_t> file_size(const std::string& path) override;
    Status create_dir(const std::string& dir) override;
    Status rename(const std::string& from, const std::string& to) override;
    Status link(const std::string& from, const std::string& to) override;
    Status remove(const std::string& path) override;
    Status sync_dir(const std::string& dir) override;
    Result<uint64_t> free_bytes(const std::string& dir) override;

  private:
    static Result<std::unique_ptr<WritableFile>> open_for_writing(const std::string& path,
                                                                  int flags) {
        KV_ASSIGN_OR_RETURN(io::Descriptor fd, io::open_descriptor(path, flags));
        return std::unique_ptr<WritableFile>(
            std::make_unique<io::PosixWritableFile>(path, std::move(fd)));
    }
};

Result<std::vector<std::string>> PosixFileSystem::list(const std::string& dir) {
    const std::unique_ptr<DIR, CloseDirectory> stream(::opendir(dir.c_str()));
    if (stream == nullptr) return error_from_errno("opendir", dir, errno);
    std::vector<std::string> names;
    for (;;) {
        errno = 0;  // the only way to tell the end from an error
        const dirent* entry = ::readdir(stream.get());
        if (entry == nullptr) break;
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
    }
    if (errno != 0) return error_from_errno("readdir", dir, errno);
    std::sort(names.begin(), names.end());
    return names;
}

Result<bool> PosixFileSystem::exists(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0) return true;
    if (errno == ENOENT) return false;
    return error_from_errno("stat", path, errno);
}

Result<uint64_t> PosixFileSystem::file_size(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return error_from_errno("stat", path, errno);
    return static_cast<uint64_t>(info.st_size);
}

Status PosixFileSystem::create_dir(const std::string& dir) {
    constexpr mode_t kDirectoryMode = 0750;
    if (::mkdir(dir.c_str(), kDirectoryMode) == 0) return Status::ok();
    const int error_number = errno;
    struct stat info {};
    if (error_number == EEXIST && ::stat(dir.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
        return Status::ok();
    }
    return error_from_errno("mkdir", dir, error_number);
}

Status PosixFileSystem::rename(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) == 0) return Status::ok();
    return error_from_errno("rename", from + " to " + to, errno);
}

Status PosixFileSystem::link(const std::string& from, const std::string& to) {
    if (::link(from.c_str(), to.c_str()) == 0) return Status::ok();
    const int error_number = errno;
    const bool impossible = error_number == EXDEV || error_number == EPERM ||
                            error_number == EMLINK || error_number == EOPNOTSUPP;
    const Status failed = error_from_errno("link", from + " to " + to, error_number);
    return impossible ? Status(Code::kUnsupported, std::string(failed.message())) : failed;
}

Status PosixFileSystem::remove(const std::string& path) {
    if (::unlink(path.c_str()) == 0) return Status::ok();
    return error_from_errno("unlink", path, errno);
}

Status PosixFileSystem::sync_dir(const std::string& dir) {
    const auto fd = io::open_descriptor(dir, O_RDONLY | O_DIRECTORY);
    if (!fd) {
        if (::faccessat(AT_FDCWD, dir.c_str(), R_OK, AT_EACCESS) != 0 && errno == EACCES)
            return {Code::kUnsupported, dir + ": cannot be synced, this process may not read it"};
        return fd.error();
    }
    if (io::retry_interrupted([&] { return ::fsync(fd->get()); }) == 0) return Status::ok();
    return error_from_errno("fsync", dir, errno);
}

Result<uint64_t> PosixFileSystem::free_bytes(const std::string& dir) {
    struct statvfs info {};
    if (io::retry_interrupted([&] { return ::statvfs(dir.c_str(), &info); }) != 0) {
        return error_from_errno("statvfs", dir, errno);
    }
    return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
}

}  // namespace

FileSystem& posix_file_system() {
    static PosixFileSystem instance;
    return instance;
}

}  // namespace kv

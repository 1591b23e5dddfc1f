// The lock on a data directory: an open-file-description lock, which the kernel drops when its
// holder ends in whatever way, and which refuses a second handle of the same process too.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "io/posix_error.h"
#include "io/posix_file.h"

namespace kv::io {
namespace {

class PosixFileLock final : public FileLock {
  public:
    explicit PosixFileLock(Descriptor fd) : fd_(std::move(fd)) {}

  private:
    const Descriptor fd_;  // closing it unlocks
};

/// The process id that the holder left in the file, or "another process".
std::string describe_holder(int fd) {
    char text[32];
    const ssize_t got = ::pread(fd, text, sizeof text, 0);
    std::string digits;
    for (ssize_t i = 0; i < got && text[i] >= '0' && text[i] <= '9'; ++i) digits += text[i];
    return digits.empty() ? "another process" : "process " + digits;
}

}  // namespace

Result<std::unique_ptr<FileLock>> lock_file(const std::string& path) {
    KV_ASSIGN_OR_RETURN(Descriptor opened, open_descriptor(path, O_RDWR | O_CREAT));
    const int fd = opened.get();
    struct flock whole_file {};
    whole_file.l_type = F_WRLCK;
    whole_file.l_whence = SEEK_SET;
    if (::fcntl(fd, F_OFD_SETLK, &whole_file) != 0) {
        if (errno != EAGAIN && errno != EACCES) return error_from_errno("lock", path, errno);
        return Status(Code::kLocked, "lock " + path + ": held by " + describe_holder(fd) +
                                         "; stop it, or use another data directory");
    }
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(fd, 0) != 0) return error_from_errno("ftruncate", path, errno);
    // The process id only serves a message, so a full disk does not keep anybody from opening.
    if (::pwrite(fd, pid.data(), pid.size(), 0) < 0 && errno != ENOSPC && errno != EDQUOT) {
        return error_from_errno("pwrite", path, errno, 0, pid.size());
    }
    return std::unique_ptr<FileLock>(std::make_unique<PosixFileLock>(std::move(opened)));
}

}  // namespace kv::io

// See log_file.h. spdlog's own file sink makes directories and cannot be opened anew.
// SPDX-License-Identifier: Apache-2.0
#include "server/log_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace kv::server {

LogFileSink::~LogFileSink() {
    if (fd_ >= 0) (void)close(fd_);
}

Status LogFileSink::reopen() {
    constexpr mode_t kMode = 0666;  // less the umask
    const int opened = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kMode);
    if (opened < 0) {
        const int error_number = errno;
        const bool full = error_number == ENOSPC || error_number == EDQUOT;
        return {full ? Code::kNoSpace : Code::kIoError,
                "log.file " + path_ + " cannot be opened: " + std::strerror(error_number) +
                    (error_number == ENOENT ? "; make its directory first" : "") + " (errno " +
                    std::to_string(error_number) + ")"};
    }
    if (fd_ < 0) {
        fd_ = opened;
        return Status::ok();
    }
    const std::lock_guard lock(mutex_);
    // In place of the old file in one step, so that descriptor() is good at any time.
    (void)dup3(opened, fd_, O_CLOEXEC);
    (void)close(opened);
    return Status::ok();
}

void LogFileSink::sink_it_(const spdlog::details::log_msg& message) {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    for (size_t written = 0; written < line.size();) {
        const ssize_t wrote = write(fd_, line.data() + written, line.size() - written);
        if (wrote < 0 && errno == EINTR) continue;
        // The logger catches it and says so on standard error, at most once a second.
        if (wrote <= 0) spdlog::throw_spdlog_ex("cannot write to log.file " + path_, errno);
        written += static_cast<size_t>(wrote);
    }
}

}  // namespace kv::server

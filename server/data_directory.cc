// See data_directory.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/data_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <climits>
#include <cstring>

namespace kv::server {
namespace {

std::string this_user() { return "user id " + std::to_string(geteuid()); }

std::string octal(mode_t mode) {
    std::string digits;
    for (int shift = 9; shift >= 0; shift -= 3) {
        digits += static_cast<char>('0' + ((mode >> shift) & 7));
    }
    return digits;
}

/// Without the slashes at its end: "data/" is a name in ".", and lstat does not follow it then.
std::string without_slashes(std::string path) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return path;
}

std::string parent_of(const std::string& path) {
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : without_slashes(path.substr(0, slash));
}

/// Why this process cannot make or change files in `dir`; ok when it can.
Status check_access(const std::string& dir, const struct stat& info) {
    if (faccessat(AT_FDCWD, dir.c_str(), R_OK | W_OK | X_OK, AT_EACCESS) == 0) return Status::ok();
    const int error_number = errno;
    if (error_number == EROFS) {
        return Status::io_error(dir +
                                " lies on a read-only file system; mount it for writing, or "
                                "set data_dir to another place");
    }
    if (error_number != EACCES) {
        return Status::io_error(dir + " cannot be used: " + std::strerror(error_number));
    }
    return Status::io_error(dir + " belongs to user id " + std::to_string(info.st_uid) +
                            " with mode " + octal(info.st_mode) + ", and kvd runs as " +
                            this_user() +
                            ", which may not read and write it; change its owner (chown) or mode");
}

Status dangling(const std::string& path) {
    char target[PATH_MAX];
    const ssize_t length = readlink(path.c_str(), target, sizeof target);
    return Status::not_found(path + " is a symbolic link to " +
                             std::string(target, length > 0 ? static_cast<size_t>(length) : 0) +
                             ", which does not exist; make that directory, mount what should be "
                             "there, or remove the link");
}

/// Of a directory that Db::open has to make.
Status check_parent(const std::string& path) {
    const std::string parent = parent_of(path);
    struct stat info {};
    if (stat(parent.c_str(), &info) != 0) {
        return Status::not_found(path + " cannot be made: " + parent + ": " + std::strerror(errno) +
                                 "; kvd makes the last directory of data_dir only, so make " +
                                 parent + " first (mkdir -p), or correct data_dir");
    }
    return check_access(parent, info).with_context(path + " cannot be made");
}

/// The N of "(errno N)", which the message of a kIoError ends with; 0: none.
int errno_of(const Status& status) {
    constexpr std::string_view kMark = "(errno ";
    const std::string_view message = status.message();
    const size_t found = message.rfind(kMark);
    if (found == std::string_view::npos) return 0;
    int number = 0;
    std::from_chars(message.data() + found + kMark.size(), message.data() + message.size(), number);
    return number;
}

}  // namespace

Status check_data_directory(const std::string& given) {
    const std::string path = without_slashes(given);
    struct stat info {};
    if (stat(path.c_str(), &info) == 0) {
        if (S_ISDIR(info.st_mode)) return check_access(path, info);
        return Status::io_error(path + " is a file, not a directory; set data_dir to a directory");
    }
    const int error_number = errno;
    struct stat link {};
    if (error_number != ENOENT) {
        return Status::io_error(path + " cannot be looked at: " + std::strerror(error_number) +
                                "; correct data_dir, or what is in its way (kvd runs as " +
                                this_user() + ")");
    }
    if (lstat(path.c_str(), &link) == 0 && S_ISLNK(link.st_mode)) return dangling(path);
    return check_parent(path);
}

bool may_pass(const Status& open_error) {
    switch (open_error.code()) {
        case Code::kNoSpace:
        case Code::kOverloaded:
        case Code::kCancelled:
        case Code::kUnavailable:
            return true;
        case Code::kIoError:
            break;
        default:
            return false;
    }
    switch (errno_of(open_error)) {
        case ENOMEM:
        case ENOBUFS:
        case EMFILE:
        case ENFILE:
        case EAGAIN:
        case EINTR:
        case EBUSY:
        case ENOLCK:
        case ETIMEDOUT:
            return true;
        default:
            return false;
    }
}

std::string advice_for(const Status& open_error) {
    if (!open_error.is(Code::kIoError)) return {};
    switch (errno_of(open_error)) {
        case EACCES:
        case EPERM:
            return "; kvd runs as " + this_user() +
                   ", and every file of the data directory must be its own (chown -R)";
        case EROFS:
            return "; mount the file system for writing, or set data_dir to another place";
        case EMFILE:
        case ENFILE:
            return "; allow more open files (LimitNOFILE of the unit, ulimit -n)";
        case EIO:
            return "; the disk or its file system fails: look into the kernel's log";
        default:
            return {};
    }
}

}  // namespace kv::server

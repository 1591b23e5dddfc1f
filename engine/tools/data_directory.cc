// Looking at a data directory from outside: see data_directory.h.
// SPDX-License-Identifier: Apache-2.0
#include "tools/data_directory.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace kv::tools {

Result<std::vector<DirectoryFile>> list_data_directory(FileSystem& fs, const std::string& dir) {
    auto names = fs.list(dir);
    if (!names && names.error().is(Code::kNotFound)) {
        return Status::invalid_argument(dir + ": no such directory");
    }
    if (!names) return names.error();
    std::vector<DirectoryFile> files;
    bool is_store = false;
    for (const std::string& name : *names) {
        if (name == kLostDirName) continue;
        DirectoryFile file{name, parse_file_name(name), 0};
        auto size = fs.file_size(join_path(dir, name));
        // Gone since the listing, or a directory: nothing of the store's.
        if (!size) continue;
        file.size_bytes = *size;
        is_store = is_store ||
                   (file.parsed.kind != FileKind::kUnknown && file.parsed.kind != FileKind::kLock);
        files.push_back(std::move(file));
    }
    if (!is_store) {
        return Status::invalid_argument(dir +
                                        ": not a data directory (no CURRENT, MANIFEST, log "
                                        "segment or table in it)");
    }
    return files;
}

bool is_within(const std::string& path, const std::string& dir) {
    namespace fs = std::filesystem;
    const auto resolved = [](std::string name) {
        while (name.size() > 1 && name.back() == '/') name.pop_back();
        std::error_code failed;
        const fs::path found = fs::weakly_canonical(fs::absolute(name, failed), failed);
        return failed ? fs::path(name).lexically_normal() : found;
    };
    const fs::path outer = resolved(dir), inner = resolved(path);
    return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first ==
           outer.end();
}

bool is_locked(const std::string& dir) {
    // The FileSystem seam can only take a lock; to ask about one is for tools alone.
    const std::string path = join_path(dir, kLockFileName);
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    struct flock whole_file {};
    whole_file.l_type = F_WRLCK;
    whole_file.l_whence = SEEK_SET;
    const bool asked = ::fcntl(fd, F_OFD_GETLK, &whole_file) == 0;
    ::close(fd);
    return asked && whole_file.l_type != F_UNLCK;
}

}  // namespace kv::tools

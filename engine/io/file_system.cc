// Conveniences that work on any FileSystem.
// SPDX-License-Identifier: Apache-2.0
#include "kv/file_system.h"

namespace kv {

void FileSystem::read_together(std::span<ReadRequest> requests) {
    for (ReadRequest& request : requests)
        request.got = request.file->read_at(request.offset, request.length, request.scratch);
}

Result<std::string> read_whole_file(FileSystem& fs, const std::string& path, uint64_t limit_bytes) {
    KV_ASSIGN_OR_RETURN(const auto file, fs.open(path));
    KV_ASSIGN_OR_RETURN(const uint64_t size, file->size());
    if (size > limit_bytes) {
        return Status::corruption(path + ": expected at most " + std::to_string(limit_bytes) +
                                  " bytes, found " + std::to_string(size));
    }
    std::string content(static_cast<size_t>(size), '\0');
    KV_ASSIGN_OR_RETURN(const size_t got, file->read_at(0, content.size(), content.data()));
    content.resize(got);
    return content;
}

std::string join_path(const std::string& dir, std::string_view name) {
    std::string path;
    path.reserve(dir.size() + 1 + name.size());
    path += dir;
    path += '/';
    path += name;
    return path;
}

std::string parent_directory(const std::string& path) {
    const auto without_slashes = [](std::string name) {
        while (name.size() > 1 && name.back() == '/') name.pop_back();
        return name;
    };
    const std::string name = without_slashes(path);
    const size_t slash = name.find_last_of('/');
    const std::string last = slash == std::string::npos ? name : name.substr(slash + 1);
    if (last == "." || last == "..") return join_path(name, "..");
    if (slash == std::string::npos) return ".";
    return without_slashes(name.substr(0, slash + 1));
}

Status sync_entry(FileSystem& fs, const std::string& path) {
    const Status synced = fs.sync_dir(parent_directory(path));
    return synced.is(Code::kUnsupported) ? Status::ok() : synced;
}

}  // namespace kv

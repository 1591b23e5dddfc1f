// Names and directories of the simulated disk.
// SPDX-License-Identifier: Apache-2.0
#include "support/crash_file_system.h"

#include <algorithm>
#include <utility>

#include "support/crash_file_handles.h"

namespace kv::test {
namespace {

std::vector<std::string> components(std::string_view path) {
    std::vector<std::string> parts;
    while (!path.empty()) {
        const size_t slash = std::min(path.find('/'), path.size());
        const std::string_view part = path.substr(0, slash);
        if (!part.empty() && part != ".") parts.emplace_back(part);
        path.remove_prefix(std::min(slash + 1, path.size()));
    }
    return parts;
}

/// Without leading, doubled and trailing slashes.
std::string normal(std::string_view path) {
    std::string text;
    for (const std::string& part : components(path)) {
        if (!text.empty()) text += '/';
        text += part;
    }
    return text;
}

Status missing(std::string_view call, const std::string& path) {
    return Status::not_found(std::string(call) + ' ' + path + ": no such file or directory");
}

Status wrong_type(std::string_view call, const std::string& path) {
    return Status::io_error(std::string(call) + ' ' + path +
                            ": a directory where a file is expected, or the other way round");
}

}  // namespace

CrashFileSystem::CrashFileSystem() { root_ = new_inode(true); }

CrashFileSystem::CrashFileSystem(InodePtr root) : root_(std::move(root)) {}

CrashFileSystem::~CrashFileSystem() = default;

InodePtr CrashFileSystem::new_inode(bool is_directory) {
    auto inode = std::make_shared<Inode>();
    inode->id = next_inode_++;
    inode->is_directory = is_directory;
    return inode;
}

InodePtr CrashFileSystem::find(const std::string& path) const {
    InodePtr at = root_;
    for (const std::string& part : components(path)) {
        const auto entry = at->directory.live.find(part);
        if (entry == at->directory.live.end()) return nullptr;
        at = entry->second;
    }
    return at;
}

CrashFileSystem::Place CrashFileSystem::locate(const std::string& path) const {
    std::vector<std::string> parts = components(path);
    if (parts.empty()) return {root_.get(), {}};
    std::string name = std::move(parts.back());
    parts.pop_back();
    InodePtr at = root_;
    for (const std::string& part : parts) {
        const auto entry = at->directory.live.find(part);
        if (entry == at->directory.live.end()) return {nullptr, std::move(name)};
        at = entry->second;
    }
    return {at->is_directory ? at.get() : nullptr, std::move(name)};
}

void CrashFileSystem::drop_link(Inode& inode) {
    if (--inode.links == 0) used_ -= inode.file.live.size();
}

Status CrashFileSystem::change_file(Inode& inode, const std::string& path, PendingWrite write) {
    const uint64_t before = inode.file.live.size();
    const bool grows_only = write.kind != PendingWrite::Kind::kTruncate;
    const uint64_t end = write.offset + (write.data != nullptr ? write.data->size() : 0);
    const uint64_t after = grows_only ? std::max(before, end) : end;
    // A file without a name is about to go, so its space is not counted.
    if (inode.links > 0) {
        const uint64_t used = used_ - before + after;
        if (used > capacity_ && after > before) {
            return Status::no_space("write " + path + ", offset " + std::to_string(write.offset) +
                                    ": simulated disk of " + std::to_string(capacity_) +
                                    " bytes is full");
        }
        used_ = used;
    }
    inode.file.change(std::move(write));
    return Status::ok();
}

Result<InodePtr> CrashFileSystem::create_file(const std::string& path) {
    const Place place = locate(path);
    if (place.directory == nullptr) return missing("create", path);
    if (const InodePtr existing = find(path)) {
        if (existing->is_directory) return wrong_type("create", path);
        return existing;
    }
    const InodePtr inode = new_inode(false);
    inode->links = 1;
    place.directory->directory.change({{}, place.name, inode});
    return inode;
}

Result<std::unique_ptr<WritableFile>> CrashFileSystem::create(const std::string& path) {
    KV_RETURN_IF_ERROR(begin({0, OpKind::kCreate, normal(path), {}, 0, 0}));
    const std::lock_guard<std::mutex> guard(mutex_);
    KV_ASSIGN_OR_RETURN(const InodePtr inode, create_file(path));
    if (inode->file.live.size() > 0) {
        KV_RETURN_IF_ERROR(change_file(*inode, path, {PendingWrite::Kind::kTruncate, 0, nullptr}));
    }
    return std::unique_ptr<WritableFile>(
        std::make_unique<CrashWritableFile>(*this, normal(path), inode));
}

Result<std::unique_ptr<WritableFile>> CrashFileSystem::open_writable(const std::string& path) {
    KV_RETURN_IF_ERROR(begin({0, OpKind::kOpenWritable, normal(path), {}, 0, 0}));
    const std::lock_guard<std::mutex> guard(mutex_);
    const InodePtr inode = find(path);
    if (inode == nullptr) return missing("open", path);
    if (inode->is_directory) return wrong_type("open", path);
    return std::unique_ptr<WritableFile>(
        std::make_unique<CrashWritableFile>(*this, normal(path), inode));
}

Result<std::shared_ptr<RandomAccessFile>> CrashFileSystem::open(const std::string& path) {
    KV_RETURN_IF_ERROR(begin({0, OpKind::kOpen, normal(path), {}, 0, 0}));
    const std::lock_guard<std::mutex> guard(mutex_);
    const InodePtr inode = find(path);
    if (inode == nullptr) return missing("open", path);
    if (inode->is_directory) return wrong_type("open", path);
    return std::shared_ptr<RandomAccessFile>(
        std::make_shared<CrashRandomAccessFile>(*this, normal(path), inode));
}

Result<std::vector<std::string>> CrashFileSystem::list(const std::string& dir) {
    KV_RETURN_IF_ERROR(begin({0, OpKind::kList, normal(dir), {}, 0, 0}));
    const std::lock_guard<std::mutex> guard(mutex_);
    const InodePtr inode = find(dir);
    if (inode == nullptr) return missing("list", dir);
    if (!inode->is_directory) return wrong_type("list", dir);
    std::vector<std::string> names;
    for (const auto& [name, child] : inode->directory.live) names.push_back(name);
    return names;
}

Result<bool> CrashFileSystem::exists(const std::string& path) {
    KV_RETURN_IF_ERROR(begin({0, OpKind::kExists, normal(path), {}, 0, 0}));
    const std::lock_guard<std::mutex> guard(mutex_);
    return find(path) != nullptr;
}

Result<uint64_t> CrashFileSystem::file_size(const std::string& path) {
    KV_RETURN_IF_ERROR(begin({0, OpKind::kFileSize, normal(path), {}, 0, 0}));
    const std::lock_guard<std::mutex> guard(mutex_);
    const InodePtr inode = find(path);
    if (inode == nullptr) return missing("stat", path);
    return inode->file.live.size();
}

Status CrashFileSystem::create_dir(const std::string& dir) {
    KV_RETURN_IF_ERROR(begin({0, OpKind::kCreateDir, normal(dir), {}, 0, 0}));
    const std::lock_guard<std::mutex> guard(mutex_);
    if (const InodePtr existing = find(dir)) {
        return existing->is_directory ? Status::ok() : wrong_type("mkdir", dir);
    }
    const Place place = locate(dir);
    if (place.directory == nullptr) return missing("mkdir", dir);
    const InodePtr inode = new_inode(true);
    inode->links = 1;
    place.directory->directory.change({{}, place.name, inode});
    return Status::ok();
}

Status CrashFileSystem::rename(const std::string& from, const std::string& to) {
    KV_RETURN_IF_ERROR(begin({0, OpKind::kRename, normal(from), normal(to), 0, 0}));
    const std::lock_guard<std::mutex> guard(mutex_);
    const InodePtr inode = find(from);
    if (inode == nullptr) return missing("rename", from);
    const Place source = locate(from);
    const Place target = locate(to);
    if (target.directory == nullptr) return missing("rename to", to);
    if (source.name.empty() || target.name.empty()) return wrong_type("rename", from);
    if (const InodePtr replaced = find(to)) {
        if (replaced == inode) return Status::ok();
        if (replaced->is_directory || inode->is_directory) return wrong_type("rename to", to);
        drop_link(*replaced);
    }
    if (source.directory == target.directory) {
        source.directory->directory.change({source.name, target.name, inode});
        return Status::ok();
    }
    const uint64_t move = next_move_++;
    target.directory->directory.change({{}, target.name, inode, nullptr, move});
    source.directory->directory.change({source.name, {}, nullptr, target.directory, move});
    return Status::ok();
}

Status CrashFileSystem::link(const std::string& from, const std::string& to) {
    KV_RETURN_IF_ERROR(begin({0, OpKind::kLink, normal(from), normal(to), 0, 0}));
    const std::lock_guard<std::mutex> guard(mutex_);
    const InodePtr inode = find(from);
    if (inode == nullptr) return missing("link", from);
    if (inode->is_directory) return wrong_type("link", from);
    const Place target = locate(to);
    if (target.directory == nullptr) return missing("link to", to);
    if (find(to) != nullptr) return Status::io_error("link to " + to + ": it exists");
    ++inode->links;
    target.directory->directory.change({{}, target.name, inode});
    return Status::ok();
}

Status CrashFileSystem::remove(const std::string& path) {
    KV_RETURN_IF_ERROR(begin({0, OpKind::kRemove, normal(path), {}, 0, 0}));
    const std::lock_guard<std::mutex> guard(mutex_);
    const InodePtr inode = find(path);
    if (inode == nullptr) return missing("unlink", path);
    if (inode->is_directory) return wrong_type("unlink", path);
    const Place place = locate(path);
    drop_link(*inode);
    place.directory->directory.change({place.name, {}, nullptr});
    return Status::ok();
}

Status CrashFileSystem::sync_dir(const std::string& dir) {
    KV_RETURN_IF_ERROR(begin({0, OpKind::kSyncDir, normal(dir), {}, 0, 0}));
    const std::lock_guard<std::mutex> guard(mutex_);
    const InodePtr inode = find(dir);
    if (inode == nullptr) return missing("fsync", dir);
    if (!inode->is_directory) return wrong_type("fsync", dir);
    inode->directory.sync();
    return Status::ok();
}

Result<uint64_t> CrashFileSystem::free_bytes(const std::string& dir) {
    KV_RETURN_IF_ERROR(begin({0, OpKind::kFreeBytes, normal(dir), {}, 0, 0}));
    const std::lock_guard<std::mutex> guard(mutex_);
    constexpr uint64_t kPlenty = 1ULL << 40;
    if (capacity_ == UINT64_MAX) return kPlenty;
    return capacity_ > used_ ? capacity_ - used_ : 0;
}

Result<std::unique_ptr<FileLock>> CrashFileSystem::lock(const std::string& path) {
    KV_RETURN_IF_ERROR(begin({0, OpKind::kLock, normal(path), {}, 0, 0}));
    const std::lock_guard<std::mutex> guard(mutex_);
    KV_ASSIGN_OR_RETURN(const InodePtr inode, create_file(path));
    if (inode->file.locked) {
        return Status(Code::kLocked, "lock " + path + ": held by another handle of this test");
    }
    inode->file.locked = true;
    return std::unique_ptr<FileLock>(std::make_unique<CrashFileLock>(*this, inode));
}

}  // namespace kv::test

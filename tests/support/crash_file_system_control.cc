// What a test does to the simulated disk from outside: crash, fail, watch, look and damage.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "kv/assert.h"
#include "support/crash_file_system.h"

namespace kv::test {
namespace {

Status fault_status(const Operation& operation, Fault fault) {
    const bool full = fault == Fault::kEnospc;
    return {full ? Code::kNoSpace : Code::kIoError,
            to_string(operation) + ", offset " + std::to_string(operation.offset) + ", length " +
                std::to_string(operation.length) + ": injected " +
                (full ? "full disk" : "I/O error") + " at operation " +
                std::to_string(operation.index)};
}

/// Calls `visit(path, inode)` for every file below `inode`, in order of path components.
template <class Visit>
void for_each_file(const InodePtr& inode, const std::string& path, const Visit& visit) {
    if (!inode->is_directory) {
        visit(path, *inode);
        return;
    }
    for (const auto& [name, child] : inode->directory.live) {
        for_each_file(child, path.empty() ? name : path + '/' + name, visit);
    }
}

uint64_t largest_id(const Inode& inode) {
    uint64_t id = inode.id;
    for (const auto& [name, child] : inode.directory.live) id = std::max(id, largest_id(*child));
    return id;
}

/// `path` relative to `prefix` ("db/"), or unchanged when it lies elsewhere.
std::string relative_to(const std::string& prefix, const std::string& path) {
    if (path.compare(0, prefix.size(), prefix) == 0) return path.substr(prefix.size());
    return path + '/' == prefix ? "." : path;
}

}  // namespace

Status CrashFileSystem::begin(Operation operation, Fault* fault) {
    std::shared_ptr<const OperationHook> before;
    std::shared_ptr<const FaultHook> ask;
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        operation.index = journal_.size();
        journal_.push_back(operation);
        before = before_op_hook_;
        ask = fault_hook_;
    }
    if (before != nullptr) (*before)(operation);
    Fault met = ask != nullptr ? (*ask)(operation) : Fault::kNone;
    const std::lock_guard<std::mutex> guard(mutex_);
    if (!can_hit(met, operation.kind)) met = planned_fault(operation);
    if (fault != nullptr) *fault = met;
    if (met == Fault::kNone) return Status::ok();
    ++faults_hit_;
    return fault_status(operation, met);
}

Fault CrashFileSystem::planned_fault(const Operation& operation) {
    for (size_t i = 0; i < plan_.size(); ++i) {
        const PlannedFault planned = plan_[i];
        if (operation.index < planned.index || !can_hit(planned.fault, operation.kind)) continue;
        if (!planned.sticky) plan_.erase(plan_.begin() + static_cast<std::ptrdiff_t>(i));
        return planned.fault;
    }
    return Fault::kNone;
}

std::unique_ptr<CrashFileSystem> CrashFileSystem::clone_after_crash(
    const CrashOptions& options) const {
    const std::lock_guard<std::mutex> guard(mutex_);
    std::unique_ptr<CrashFileSystem> clone(
        new CrashFileSystem(copy_after_crash(*root_, options)));  // the constructor is private
    clone->next_inode_ = largest_id(*clone->root_) + 1;
    for_each_file(clone->root_, {}, [&](const std::string&, const Inode& inode) {
        clone->used_ += inode.file.live.size();
    });
    return clone;
}

void CrashFileSystem::fail_at(uint64_t index, Fault fault, bool sticky) {
    const std::lock_guard<std::mutex> guard(mutex_);
    plan_.push_back({index, fault, sticky});
}

void CrashFileSystem::set_fault_hook(FaultHook hook) {
    auto shared = hook ? std::make_shared<const FaultHook>(std::move(hook)) : nullptr;
    const std::lock_guard<std::mutex> guard(mutex_);
    fault_hook_ = std::move(shared);
}

void CrashFileSystem::clear_faults() {
    const std::lock_guard<std::mutex> guard(mutex_);
    plan_.clear();
    fault_hook_ = nullptr;
}

void CrashFileSystem::set_failed_sync(FailedSync mode) {
    const std::lock_guard<std::mutex> guard(mutex_);
    failed_sync_ = mode;
}

uint64_t CrashFileSystem::faults_hit() const {
    const std::lock_guard<std::mutex> guard(mutex_);
    return faults_hit_;
}

void CrashFileSystem::set_capacity(uint64_t bytes) {
    const std::lock_guard<std::mutex> guard(mutex_);
    capacity_ = bytes;
}

uint64_t CrashFileSystem::used_bytes() const {
    const std::lock_guard<std::mutex> guard(mutex_);
    return used_;
}

void CrashFileSystem::set_before_op_hook(OperationHook hook) {
    auto shared = hook ? std::make_shared<const OperationHook>(std::move(hook)) : nullptr;
    const std::lock_guard<std::mutex> guard(mutex_);
    before_op_hook_ = std::move(shared);
}

uint64_t CrashFileSystem::operation_count() const {
    const std::lock_guard<std::mutex> guard(mutex_);
    return journal_.size();
}

std::vector<Operation> CrashFileSystem::journal() const {
    const std::lock_guard<std::mutex> guard(mutex_);
    return journal_;
}

std::string CrashFileSystem::journal_text(const std::string& dir, uint64_t from) const {
    const size_t start = dir.find_first_not_of("./");
    std::string prefix = start == std::string::npos ? "" : dir.substr(start) + '/';
    while (prefix.size() > 1 && prefix[prefix.size() - 2] == '/') prefix.pop_back();
    std::string text;
    std::string last;
    for (const Operation& operation : journal()) {
        if (operation.index < from || !is_mutating(operation.kind)) continue;
        Operation shown = operation;
        shown.path = relative_to(prefix, operation.path);
        if (!prefix.empty() && shown.path == operation.path) continue;
        if (!shown.target.empty()) shown.target = relative_to(prefix, operation.target);
        std::string line = to_string(shown);
        if (line == last) continue;
        text += line + '\n';
        last = std::move(line);
    }
    return text;
}

Result<std::string> CrashFileSystem::read_file(const std::string& path) const {
    const std::lock_guard<std::mutex> guard(mutex_);
    const InodePtr inode = find(path);
    if (inode == nullptr || inode->is_directory) return Status::not_found(path + ": no such file");
    return inode->file.live.to_string();
}

void CrashFileSystem::write_file(const std::string& path, Bytes content) {
    const std::lock_guard<std::mutex> guard(mutex_);
    InodePtr at = root_;
    for (size_t begin = 0; begin < path.size();) {
        const size_t end = std::min(path.find('/', begin), path.size());
        const std::string name = path.substr(begin, end - begin);
        begin = end + 1;
        if (name.empty() || name == ".") continue;
        KV_ASSERT(at->is_directory);
        InodePtr& entry = at->directory.live[name];
        if (entry == nullptr) {
            entry = new_inode(end != path.size());
            entry->links = 1;
        }
        at->directory.durable[name] = entry;
        at = entry;
    }
    KV_ASSERT(!at->is_directory);
    used_ = used_ - at->file.live.size() + content.size();
    at->file.live = FileContent(content);
    at->file.durable = at->file.live;
    at->file.pending.clear();
    at->file.lost_writes = false;
}

std::vector<std::string> CrashFileSystem::files(const std::string& dir) const {
    const std::lock_guard<std::mutex> guard(mutex_);
    std::vector<std::string> paths;
    const InodePtr inode = find(dir);
    if (inode == nullptr) return paths;
    for_each_file(inode, {}, [&](const std::string& path, const Inode&) { paths.push_back(path); });
    std::sort(paths.begin(), paths.end());
    return paths;
}

void CrashFileSystem::corrupt(const std::string& path, uint64_t offset, uint8_t mask) {
    const std::lock_guard<std::mutex> guard(mutex_);
    const InodePtr inode = find(path);
    KV_ASSERT(inode != nullptr && offset < inode->file.live.size());
    for (FileContent* content : {&inode->file.live, &inode->file.durable}) {
        char byte;
        if (content->read(offset, 1, &byte) == 0) continue;
        byte = static_cast<char>(static_cast<uint8_t>(byte) ^ mask);
        content->write(offset, Bytes(&byte, 1));
    }
}

}  // namespace kv::test

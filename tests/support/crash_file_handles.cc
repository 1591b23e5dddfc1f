// Operations on open simulated files.
// SPDX-License-Identifier: Apache-2.0
#include "support/crash_file_handles.h"

namespace kv::test {

Status CrashWritableFile::write_at(uint64_t offset, Bytes data) {
    Fault fault = Fault::kNone;
    const Status injected = fs_.begin({0, OpKind::kWrite, path_, {}, offset, data.size()}, &fault);
    if (!injected.is_ok() && fault != Fault::kShortWrite) return injected;
    if (fault == Fault::kShortWrite) data = data.substr(0, data.size() / 2);
    const std::lock_guard<std::mutex> guard(fs_.mutex_);
    if (!data.empty()) {
        auto bytes = std::make_shared<const std::string>(data);
        KV_RETURN_IF_ERROR(fs_.change_file(*inode_, path_,
                                           {PendingWrite::Kind::kWrite, offset, std::move(bytes)}));
    }
    return injected;
}

Status CrashWritableFile::sync() {
    const Status injected = fs_.begin({0, OpKind::kSync, path_, {}, 0, 0});
    const std::lock_guard<std::mutex> guard(fs_.mutex_);
    if (injected.is_ok()) {
        inode_->file.sync();
    } else {
        inode_->file.fail_sync(fs_.failed_sync_);
    }
    return injected;
}

Status CrashWritableFile::preallocate(uint64_t size) {
    KV_RETURN_IF_ERROR(fs_.begin({0, OpKind::kPreallocate, path_, {}, 0, size}));
    const std::lock_guard<std::mutex> guard(fs_.mutex_);
    if (size <= inode_->file.live.size()) return Status::ok();
    return fs_.change_file(*inode_, path_, {PendingWrite::Kind::kExtend, size, nullptr});
}

Status CrashWritableFile::truncate(uint64_t size) {
    KV_RETURN_IF_ERROR(fs_.begin({0, OpKind::kTruncate, path_, {}, 0, size}));
    const std::lock_guard<std::mutex> guard(fs_.mutex_);
    return fs_.change_file(*inode_, path_, {PendingWrite::Kind::kTruncate, size, nullptr});
}

Result<size_t> CrashRandomAccessFile::read_at(uint64_t offset, size_t length, char* scratch) const {
    KV_RETURN_IF_ERROR(fs_.begin({0, OpKind::kRead, path_, {}, offset, length}));
    const std::lock_guard<std::mutex> guard(fs_.mutex_);
    return inode_->file.live.read(offset, length, scratch);
}

Result<uint64_t> CrashRandomAccessFile::size() const {
    KV_RETURN_IF_ERROR(fs_.begin({0, OpKind::kFileSize, path_, {}, 0, 0}));
    const std::lock_guard<std::mutex> guard(fs_.mutex_);
    return inode_->file.live.size();
}

Result<uint64_t> CrashRandomAccessFile::written_end() const {
    KV_RETURN_IF_ERROR(fs_.begin({0, OpKind::kFileSize, path_, {}, 0, 0}));
    const std::lock_guard<std::mutex> guard(fs_.mutex_);
    return inode_->file.live.nonzero_end();
}

CrashFileLock::~CrashFileLock() {
    const std::lock_guard<std::mutex> guard(fs_.mutex_);
    inode_->file.locked = false;
}

}  // namespace kv::test

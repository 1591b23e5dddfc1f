// CrashFileSystem: a disk in memory that a test can crash, fail, fill, corrupt and watch.
//
// Crash: clone_after_crash() gives the disk as a power failure at this moment would leave it; the
// rules are in crash_disk.h. Call it from a before-operation hook to crash at every operation.
// Fail: fail_at() or a fault hook. Watch: journal() and journal_text().
// The root directory exists; "db", "/db" and "./db" name the same directory.
// Thread rule: every method from any thread. Files and locks must not outlive their file system.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "kv/file_system.h"
#include "support/crash_disk.h"
#include "support/file_operation.h"

namespace kv::test {

class CrashFileSystem final : public FileSystem {
  public:
    using OperationHook = std::function<void(const Operation&)>;
    using FaultHook = std::function<Fault(const Operation&)>;

    CrashFileSystem();
    ~CrashFileSystem() override;

    Result<std::unique_ptr<WritableFile>> create(const std::string& path) override;
    Result<std::unique_ptr<WritableFile>> open_writable(const std::string& path) override;
    Result<std::shared_ptr<RandomAccessFile>> open(const std::string& path) override;
    Result<std::vector<std::string>> list(const std::string& dir) override;
    Result<bool> exists(const std::string& path) override;
    Result<uint64_t> file_size(const std::string& path) override;
    Status create_dir(const std::string& dir) override;
    Status rename(const std::string& from, const std::string& to) override;
    Status link(const std::string& from, const std::string& to) override;
    Status remove(const std::string& path) override;
    Status sync_dir(const std::string& dir) override;
    Result<uint64_t> free_bytes(const std::string& dir) override;
    Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

    // Crashing. The clone has no hooks, faults, locks or capacity, an empty journal, and counts its
    // operations from 0. It shares bytes with this one, so it is cheap.
    std::unique_ptr<CrashFileSystem> clone_after_crash(const CrashOptions& options) const;

    // Failing.
    /// The first operation with index >= `index` that `fault` can hit fails; all of them if
    /// `sticky`.
    void fail_at(uint64_t index, Fault fault, bool sticky = false);
    /// Asked about every operation, before the plan of fail_at(); a fault that cannot hit the
    /// operation counts as none. No lock is held; it may clone, but not use files of, this object.
    void set_fault_hook(FaultHook hook);
    void clear_faults();
    void set_failed_sync(FailedSync mode);
    /// How many operations have been made to fail.
    uint64_t faults_hit() const;
    /// Bytes that all files together may hold; beyond it, kNoSpace. UINT64_MAX: no limit.
    void set_capacity(uint64_t bytes);
    uint64_t used_bytes() const;

    // Watching.
    /// Called before every operation takes effect, under the rules of the fault hook.
    void set_before_op_hook(OperationHook hook);
    uint64_t operation_count() const;
    std::vector<Operation> journal() const;
    /// The mutating operations below `dir`, one a line, names relative to it, a run of equal lines
    /// given once. Starts at operation `from`.
    std::string journal_text(const std::string& dir, uint64_t from = 0) const;

    // For tests to look at and change the disk directly; not operations.
    /// kNotFound when missing.
    Result<std::string> read_file(const std::string& path) const;
    /// Replaces or creates the file, durably, parent directories included.
    void write_file(const std::string& path, Bytes content);
    /// Paths of all files below `dir`, relative to it, sorted.
    std::vector<std::string> files(const std::string& dir = "") const;
    /// XORs `mask` into the byte at `offset`, in memory and on the disk. The byte must exist.
    void corrupt(const std::string& path, uint64_t offset, uint8_t mask = 0xFF);

  private:
    friend class CrashWritableFile;
    friend class CrashRandomAccessFile;
    friend class CrashFileLock;

    struct PlannedFault {
        uint64_t index;
        Fault fault;
        bool sticky;
    };
    struct Place {
        Inode* directory;  // null when the parent does not exist
        std::string name;  // empty for the root itself
    };

    explicit CrashFileSystem(InodePtr root);

    /// Numbers and records the operation and calls the hooks. Not ok when the operation shall fail;
    /// `fault` then says how.
    Status begin(Operation operation, Fault* fault = nullptr);
    // The rest requires mutex_.
    Fault planned_fault(const Operation& operation);
    Place locate(const std::string& path) const;
    InodePtr find(const std::string& path) const;
    InodePtr new_inode(bool is_directory);
    Result<InodePtr> create_file(const std::string& path);
    /// Takes away the live name, and gives back the space of a file that had no other.
    void drop_link(Inode& inode);
    Status change_file(Inode& inode, const std::string& path, PendingWrite write);

    mutable std::mutex mutex_;
    // Guarded by mutex_.
    InodePtr root_;
    uint64_t next_inode_ = 1;
    uint64_t next_move_ = 1;
    uint64_t capacity_ = UINT64_MAX;
    uint64_t used_ = 0;
    uint64_t faults_hit_ = 0;
    FailedSync failed_sync_ = FailedSync::kLoseData;
    std::vector<PlannedFault> plan_;
    std::vector<Operation> journal_;
    std::shared_ptr<const FaultHook> fault_hook_;
    std::shared_ptr<const OperationHook> before_op_hook_;
};

}  // namespace kv::test

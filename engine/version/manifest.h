// Manifest: the durable history of the store's file set, and the Version it amounts to.
//
// Flush, compaction and segment creation hand their VersionEdit to apply; when it returns ok the
// edit is durable and current() has it. File life hangs on in_doubt(): while true, power failure
// may bring back an older or a newer file set, so nobody may unlink anything.
// Thread rule: any thread. apply runs one at a time and blocks on the disk; the rest never does.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kv/file_system.h"
#include "kv/result.h"
#include "version/file_registry.h"
#include "version/manifest_reader.h"
#include "version/version.h"

namespace kv {

struct ManifestOptions {
    /// A MANIFEST longer than this, and than ten times its snapshot, is replaced by a new one.
    uint64_t roll_bytes = 4ULL << 20;
};

class Manifest {
  public:
    /// Whether `dir` holds a store. kCorruption when CURRENT is missing but log segments, tables or
    /// later MANIFESTs are there: then nothing must be created over them.
    static Result<bool> store_exists(FileSystem& fs, const std::string& dir);
    /// Starts a store in `dir`, which exists and holds none. `database_id` is random, not 0.
    static Result<std::unique_ptr<Manifest>> create_new(FileSystem& fs, const std::string& dir,
                                                        uint64_t database_id,
                                                        const ManifestOptions& options = {});
    /// Reads CURRENT and the MANIFEST it names; changes nothing on disk. kNotFound: no CURRENT
    /// (see store_exists). kCorruption, kUnsupported: what, where, what to do. A torn last edit was
    /// never acknowledged and is dropped: see dropped_bytes. in_doubt() is true until the first
    /// apply, which starts a new MANIFEST.
    static Result<std::unique_ptr<Manifest>> open(FileSystem& fs, const std::string& dir,
                                                  bool read_only,
                                                  const ManifestOptions& options = {});
    ~Manifest();
    Manifest(const Manifest&) = delete;
    Manifest& operator=(const Manifest&) = delete;

    /// Makes `edit` durable, then installs the new Version. New tables must be durable already,
    /// directory entries included, and within flushed_seqno. Head fields and next_file_number of
    /// `edit` are filled in here; last_created_segment below the present one leaves that as it is.
    /// On failure nothing is installed: kCorruption: the edit fails the order check or turns a
    /// counter back, nothing was written; kReadOnly; else the write or sync failed: in_doubt()
    /// until a later apply succeeds.
    Status apply(VersionEdit edit);

    VersionPtr current() const;
    ManifestCounters counters() const;
    /// Both, of one moment.
    std::pair<VersionPtr, ManifestCounters> state() const;
    /// Makes `dir` a store of these tables and counters: a new MANIFEST and CURRENT, durable on
    /// return. Everything they name must be there and durable, names included. For checkpoints.
    static Status write_copy(FileSystem& fs, const std::string& dir, const Version& version,
                             const ManifestCounters& counters);
    uint64_t database_id() const { return counters().database_id; }
    /// The next number for a table. Every call gives another one; used up even if no file comes of
    /// it.
    uint64_t allocate_file_number() { return next_file_number_.fetch_add(1); }
    /// Every table so far has a smaller number, every one to come this or a larger one.
    uint64_t next_file_number() const { return next_file_number_.load(); }
    bool in_doubt() const { return in_doubt_.load(std::memory_order_acquire); }
    FileRegistry& files() { return files_; }

    /// Number of the MANIFEST that CURRENT names.
    uint64_t file_number() const;
    uint64_t size_bytes() const;
    /// Bytes of a torn last edit that open left out.
    uint64_t dropped_bytes() const { return dropped_bytes_; }

    /// What the MANIFEST that open read can tell of a table that is not in the current version.
    enum class Past : uint8_t {
        kUnknown,     ///< Older than this MANIFEST, or an edit was dropped: nobody can tell.
        kNeverNamed,  ///< Numbered since this MANIFEST began, and no edit ever added it.
        kTakenAway,   ///< An edit removed it; dead for good once !in_doubt().
    };
    Past past_of_table(uint64_t number) const;

  private:
    Manifest(FileSystem& fs, std::string dir, const ManifestOptions& options);

    Status load(uint64_t number);
    Status check_against_tables(const VersionEdit& edit, const ManifestCounters& counters) const;
    Status append(const VersionEdit& edit);
    Status roll(const Version& version, ManifestCounters& counters);
    Result<std::unique_ptr<WritableFile>> begin_file(uint64_t number, const Version& version,
                                                     const ManifestCounters& counters,
                                                     uint64_t& length) const;
    Status write_snapshot(WritableFile& file, uint64_t number, const Version& version,
                          const ManifestCounters& counters, uint64_t& length) const;
    void install(VersionPtr version, const ManifestCounters& counters, const VersionEdit& edit);

    // Set once.
    FileSystem& fs_;
    const std::string dir_;
    const ManifestOptions options_;
    bool read_only_ = false;
    uint64_t dropped_bytes_ = 0;
    uint64_t opened_number_ = 0;
    std::set<uint64_t> taken_away_;

    FileRegistry files_;
    std::atomic<uint64_t> next_file_number_{1};
    std::atomic<bool> in_doubt_{false};

    std::mutex apply_mutex_;  // taken before mutex_
    // Guarded by apply_mutex_.
    std::unique_ptr<WritableFile> file_;  // null: the next apply starts a new MANIFEST
    uint64_t snapshot_bytes_ = 0;
    std::vector<uint64_t> stale_manifests_;  // attempts that CURRENT may name until a roll succeeds

    mutable std::mutex mutex_;
    // Guarded by mutex_.
    VersionPtr current_;
    ManifestCounters counters_;
    uint64_t file_number_ = 0;
    uint64_t length_ = 0;  // of the part that counts
};

}  // namespace kv

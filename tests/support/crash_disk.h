// The disk behind CrashFileSystem: for every file and directory what a reader sees now, what is on
// stable storage, and what lies between the two; and what of it a power failure leaves.
//
// Rules. A sync makes a file's bytes and size durable, not its name. Names become durable when
// their directory is synced. Unsynced names of one directory survive as a prefix of the operations
// on it. Unsynced bytes survive sector by sector, each sector at any of its versions; the last
// write may be torn at any byte; size changes survive as a prefix.
// Thread rule: none of its own; CrashFileSystem guards it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/file_content.h"

namespace kv::test {

/// What a power failure leaves of unsynced work.
struct CrashOptions {
    enum class Keep : uint8_t {
        kNone,    ///< Only what was synced: the strictest reading of the contract.
        kAll,     ///< Everything, as after a killed process.
        kRandom,  ///< Drawn from the seed, file by file.
    };
    Keep names = Keep::kRandom;
    Keep data = Keep::kRandom;
    uint64_t seed = 0;
    /// Unit that the device writes as a whole. 0: 512 or 4096, drawn from the seed.
    uint32_t sector_bytes = 0;

    static CrashOptions lose_all() { return {Keep::kNone, Keep::kNone, 0, 0}; }
    static CrashOptions keep_all() { return {Keep::kAll, Keep::kAll, 0, 0}; }
    static CrashOptions random(uint64_t seed) { return {Keep::kRandom, Keep::kRandom, seed, 0}; }
};

/// What is left of a file's unsynced bytes after its sync has failed.
enum class FailedSync : uint8_t {
    kLoseData,   ///< Linux: pages are marked clean; readers see them, no later sync stores them.
    kStayDirty,  ///< Nothing changed: a later sync would store them.
    kDurableAnyway,  ///< They are stored; only the answer was bad.
};

/// A change that no sync has covered yet.
struct PendingWrite {
    enum class Kind : uint8_t { kWrite, kTruncate, kExtend };
    Kind kind;
    uint64_t offset;  // of the bytes; for kTruncate and kExtend the new size
    std::shared_ptr<const std::string> data;
};

struct FileState {
    FileContent live;
    FileContent durable;
    std::vector<PendingWrite> pending;
    bool lost_writes = false;  // a failed sync left live and durable apart for good
    bool locked = false;

    /// Applies to `live` and remembers for the next sync.
    void change(PendingWrite write);
    void sync();
    void fail_sync(FailedSync mode);
    /// The content after a power failure, drawn from `seed` where `options` says random.
    FileContent after_crash(const CrashOptions& options, uint64_t seed) const;
};

struct Inode;
using InodePtr = std::shared_ptr<Inode>;
using Entries = std::map<std::string, InodePtr>;

/// A change of names that no sync of its directory has covered yet.
struct PendingName {
    std::string remove;  // empty: nothing
    std::string add;     // empty: nothing
    InodePtr inode;      // of `add`
    // Set when this is the removing half of a move to another directory, which journaled file
    // systems never let survive without the adding half. Directories live as long as their root.
    Inode* moved_to_dir = nullptr;
    uint64_t move_id = 0;  // same in both halves; 0 for everything else
};

struct DirectoryState {
    Entries live;
    Entries durable;
    std::vector<PendingName> pending;

    void change(PendingName name);
    void sync();
    /// Makes the adding half of a move durable, if it is not yet.
    void settle_move(uint64_t move_id);
};

struct Inode {
    uint64_t id = 0;
    bool is_directory = false;
    int links = 0;  // live names
    FileState file;
    DirectoryState directory;
};

/// The tree below `root` as a power failure now would leave it, all of it durable.
InodePtr copy_after_crash(const Inode& root, const CrashOptions& options);

}  // namespace kv::test

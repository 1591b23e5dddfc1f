// What survives.
// SPDX-License-Identifier: Apache-2.0
#include "support/crash_disk.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/random.h"

namespace kv::test {
namespace {

using Keep = CrashOptions::Keep;

void apply_write(FileContent& content, const PendingWrite& write) {
    switch (write.kind) {
        case PendingWrite::Kind::kWrite:
            content.write(write.offset, *write.data);
            break;
        case PendingWrite::Kind::kTruncate:
            content.resize(write.offset);
            break;
        case PendingWrite::Kind::kExtend:
            content.resize(std::max(content.size(), write.offset));
            break;
    }
}

void apply_name(Entries& entries, const PendingName& name) {
    if (!name.remove.empty()) entries.erase(name.remove);
    if (!name.add.empty()) entries[name.add] = name.inode;
}

/// The first writes in order, the last of them cut at a random byte.
FileContent keep_torn_prefix(FileContent content, const std::vector<PendingWrite>& pending,
                             Random& random) {
    const size_t whole = static_cast<size_t>(random.below(pending.size()));
    for (size_t i = 0; i < whole; ++i) apply_write(content, pending[i]);
    const PendingWrite& torn = pending[whole];
    if (torn.kind == PendingWrite::Kind::kWrite) {
        const size_t kept = static_cast<size_t>(random.below(torn.data->size() + 1));
        content.write(torn.offset, Bytes(*torn.data).substr(0, kept));
    }
    return content;
}

/// Every sector at a version of its own, and a size that may lag behind.
FileContent keep_random_sectors(FileContent content, const std::vector<PendingWrite>& pending,
                                uint32_t sector_bytes, Random& random) {
    const uint64_t kept_percent = random.between(5, 95);
    const bool sizes_survive = random.one_in(2);
    const size_t size_changes_kept =
        sizes_survive ? pending.size() : static_cast<size_t>(random.below(pending.size() + 1));
    std::set<uint64_t> stopped;  // sectors that the device did not write again
    for (size_t i = 0; i < pending.size(); ++i) {
        const PendingWrite& write = pending[i];
        const bool size_kept = i < size_changes_kept;
        if (write.kind != PendingWrite::Kind::kWrite) {
            if (size_kept) apply_write(content, write);
            continue;
        }
        uint64_t end = write.offset + write.data->size();
        if (size_kept && end > content.size()) content.resize(end);
        end = std::min(end, content.size());
        if (i + 1 == pending.size() && end > write.offset) {
            end = write.offset + random.below(end - write.offset + 1);
        }
        for (uint64_t at = write.offset; at < end;) {
            const uint64_t sector = at / sector_bytes;
            const uint64_t stop = std::min(end, (sector + 1) * sector_bytes);
            if (random.below(100) >= kept_percent) stopped.insert(sector);
            if (stopped.count(sector) == 0) {
                content.write(at, Bytes(*write.data).substr(at - write.offset, stop - at));
            }
            at = stop;
        }
    }
    return content;
}

/// How many of its unsynced operations each directory keeps.
using Cuts = std::map<const Inode*, size_t>;

void choose_cuts(const Inode& inode, const CrashOptions& options, Cuts& cuts) {
    if (!inode.is_directory || cuts.count(&inode) != 0) return;
    const std::vector<PendingName>& pending = inode.directory.pending;
    size_t kept = options.names == Keep::kAll ? pending.size() : 0;
    if (options.names == Keep::kRandom) {
        Random random(options.seed ^ (inode.id * 0x9E3779B97F4A7C15ULL));
        kept = static_cast<size_t>(random.below(pending.size() + 1));
    }
    cuts[&inode] = kept;
    for (const auto& [name, child] : inode.directory.durable) choose_cuts(*child, options, cuts);
    for (const PendingName& name : pending) {
        if (name.inode != nullptr) choose_cuts(*name.inode, options, cuts);
        if (name.moved_to_dir != nullptr) choose_cuts(*name.moved_to_dir, options, cuts);
    }
}

/// Whether `dir`, cut where `cuts` says, has lost the adding half of the move.
bool move_is_lost(const Inode& dir, uint64_t move_id, const Cuts& cuts) {
    const std::vector<PendingName>& pending = dir.directory.pending;
    for (size_t i = cuts.at(&dir); i < pending.size(); ++i) {
        if (pending[i].move_id == move_id) return true;
    }
    return false;
}

/// Shortens cuts until no move has lost its adding half but kept its removing one.
void respect_moves(Cuts& cuts) {
    for (bool changed = true; changed;) {
        changed = false;
        for (auto& [inode, kept] : cuts) {
            for (size_t i = 0; i < kept; ++i) {
                const PendingName& name = inode->directory.pending[i];
                if (name.moved_to_dir == nullptr) continue;
                if (!move_is_lost(*name.moved_to_dir, name.move_id, cuts)) continue;
                kept = i;
                changed = true;
            }
        }
    }
}

class CrashCopier {
  public:
    CrashCopier(const CrashOptions& options, const Cuts& cuts) : options_(options), cuts_(cuts) {}

    InodePtr copy(const Inode& inode) {
        InodePtr& known = copies_[inode.id];
        if (known == nullptr) {
            known = std::make_shared<Inode>();
            fill(*known, inode);
        }
        return known;
    }

  private:
    void fill(Inode& to, const Inode& from) {
        to.id = from.id;
        to.is_directory = from.is_directory;
        if (!from.is_directory) {
            const uint64_t seed = options_.seed ^ (from.id * 0xBF58476D1CE4E5B9ULL);
            to.file.durable = from.file.after_crash(options_, seed);
            to.file.live = to.file.durable;
            return;
        }
        Entries entries = from.directory.durable;
        const size_t kept = cuts_.at(&from);
        for (size_t i = 0; i < kept; ++i) apply_name(entries, from.directory.pending[i]);
        for (const auto& [name, child] : entries) {
            const InodePtr copied = copy(*child);
            ++copied->links;
            to.directory.durable[name] = copied;
        }
        to.directory.live = to.directory.durable;
    }

    const CrashOptions& options_;
    const Cuts& cuts_;
    std::map<uint64_t, InodePtr> copies_;
};

}  // namespace

void FileState::change(PendingWrite write) {
    apply_write(live, write);
    pending.push_back(std::move(write));
}

void FileState::sync() {
    if (!lost_writes) {
        durable = live;
    } else {
        for (const PendingWrite& write : pending) apply_write(durable, write);
    }
    pending.clear();
}

void FileState::fail_sync(FailedSync mode) {
    switch (mode) {
        case FailedSync::kLoseData:
            lost_writes = lost_writes || !pending.empty();
            pending.clear();
            break;
        case FailedSync::kStayDirty:
            break;
        case FailedSync::kDurableAnyway:
            sync();
            break;
    }
}

FileContent FileState::after_crash(const CrashOptions& options, uint64_t seed) const {
    FileContent content = durable;
    if (pending.empty() || options.data == Keep::kNone) return content;
    Random random(seed);
    // The extremes stay likely: most bugs show when one file kept everything, another nothing.
    const uint64_t style = options.data == Keep::kAll ? 0 : random.below(5);
    if (style == 0) {
        for (const PendingWrite& write : pending) apply_write(content, write);
        return content;
    }
    if (style == 1) return content;
    if (style == 2) return keep_torn_prefix(std::move(content), pending, random);
    const uint32_t drawn = random.one_in(2) ? 512 : 4096;
    const uint32_t sector_bytes = options.sector_bytes != 0 ? options.sector_bytes : drawn;
    return keep_random_sectors(std::move(content), pending, sector_bytes, random);
}

void DirectoryState::change(PendingName name) {
    apply_name(live, name);
    pending.push_back(std::move(name));
}

void DirectoryState::sync() {
    for (const PendingName& name : pending) {
        if (name.moved_to_dir != nullptr) name.moved_to_dir->directory.settle_move(name.move_id);
    }
    pending.clear();
    durable = live;
}

void DirectoryState::settle_move(uint64_t move_id) {
    const auto found = std::find_if(pending.begin(), pending.end(), [&](const PendingName& name) {
        return name.move_id == move_id;
    });
    if (found == pending.end()) return;
    // A journal commits in order, so what came before goes with it.
    for (auto name = pending.begin(); name <= found; ++name) apply_name(durable, *name);
    pending.erase(pending.begin(), found + 1);
}

InodePtr copy_after_crash(const Inode& root, const CrashOptions& options) {
    Cuts cuts;
    choose_cuts(root, options, cuts);
    respect_moves(cuts);
    return CrashCopier(options, cuts).copy(root);
}

}  // namespace kv::test

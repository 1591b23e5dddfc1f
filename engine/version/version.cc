// The table set of one moment: version/version.h.
// SPDX-License-Identifier: Apache-2.0
#include "version/version.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

#include "kv/assert.h"
#include "version/file_registry.h"

namespace kv {

namespace {

/// First 8 bytes as a big-endian integer, zero-padded: never orders two keys against their order.
uint64_t key_prefix(Bytes user_key) {
    char bytes[8] = {};
    std::memcpy(bytes, user_key.data(), std::min<size_t>(user_key.size(), sizeof bytes));
    return load_big_endian64(bytes);
}

bool newer_first(const FileMetaPtr& a, const FileMetaPtr& b) {
    if (a->largest_seqno != b->largest_seqno) return a->largest_seqno > b->largest_seqno;
    return a->number > b->number;
}

bool smaller_first(const FileMetaPtr& a, const FileMetaPtr& b) {
    const int order = compare_internal_keys(a->smallest, b->smallest);
    return order != 0 ? order < 0 : a->number < b->number;
}

bool meets(const FileMeta& file, std::optional<Bytes> lower, std::optional<Bytes> upper) {
    return (!lower || file.largest_user_key() >= *lower) &&
           (!upper || file.smallest_user_key() <= *upper);
}

using FileList = std::vector<FileMetaPtr>;

Result<FileMetaPtr> take_out(FileList& files, const RemovedFile& removed) {
    const auto it = std::find_if(files.begin(), files.end(), [&](const FileMetaPtr& file) {
        return file->number == removed.number;
    });
    if (it == files.end()) {
        return Status::corruption("version edit removes table " + std::to_string(removed.number) +
                                  " from level " + std::to_string(removed.level) +
                                  ", which does not hold it");
    }
    FileMetaPtr file = std::move(*it);
    files.erase(it);
    return file;
}

FileMetaPtr make(const FileMeta& meta, FileRegistry* registry) {
    return registry != nullptr ? registry->adopt(meta) : std::make_shared<const FileMeta>(meta);
}

/// A table that changes its level keeps its FileMeta.
Result<FileMetaPtr> take_over(const FileMetaPtr& file, const FileMeta& meta) {
    if (*file == meta) return file;
    return Status::corruption("version edit moves table " + std::to_string(meta.number) +
                              " and changes its metadata");
}

}  // namespace

Version::Version(std::array<std::vector<FileMetaPtr>, kLevels> levels) {
    for (int level = 0; level < kLevels; ++level) {
        Level& out = levels_[static_cast<size_t>(level)];
        out.files = std::move(levels[static_cast<size_t>(level)]);
        finish_level(level, out);
    }
}

void Version::finish_level(int level, Level& out) {
    const auto order = level == 0 ? newer_first : smaller_first;
    if (!std::is_sorted(out.files.begin(), out.files.end(), order)) {
        std::sort(out.files.begin(), out.files.end(), order);
    }
    for (const FileMetaPtr& file : out.files) {
        out.bytes += file->size_bytes;
        if (level > 0) out.largest_prefixes.push_back(key_prefix(file->largest_user_key()));
    }
}

Result<VersionPtr> Version::with_edit(const VersionEdit& edit, FileRegistry* registry) const {
    std::array<FileList, kLevels> lists;
    std::unordered_set<uint64_t> present;
    for (size_t level = 0; level < lists.size(); ++level) {
        lists[level] = levels_[level].files;
        for (const FileMetaPtr& file : lists[level]) present.insert(file->number);
    }
    std::unordered_map<uint64_t, FileMetaPtr> taken;
    for (const RemovedFile& removed : edit.removed) {
        KV_ASSERT(removed.level >= 0 && removed.level < kLevels);
        KV_ASSIGN_OR_RETURN(FileMetaPtr file,
                            take_out(lists[static_cast<size_t>(removed.level)], removed));
        present.erase(removed.number);
        taken.emplace(removed.number, std::move(file));
    }
    for (const AddedFile& added : edit.added) {
        KV_ASSERT(added.level >= 0 && added.level < kLevels);
        if (!present.insert(added.meta.number).second) {
            return Status::corruption("version edit adds table " +
                                      std::to_string(added.meta.number) +
                                      ", which is there already");
        }
        const auto moved = taken.find(added.meta.number);
        KV_ASSIGN_OR_RETURN(FileMetaPtr file,
                            moved != taken.end() ? take_over(moved->second, added.meta)
                                                 : Result<FileMetaPtr>(make(added.meta, registry)));
        lists[static_cast<size_t>(added.level)].push_back(std::move(file));
    }
    return VersionPtr(std::make_shared<const Version>(std::move(lists)));
}

const Version::Level& Version::level_at(int level) const {
    KV_ASSERT(level >= 0 && level < kLevels);
    return levels_[static_cast<size_t>(level)];
}

uint64_t Version::total_bytes() const {
    uint64_t total = 0;
    for (const Level& level : levels_) total += level.bytes;
    return total;
}

size_t Version::total_files() const {
    size_t total = 0;
    for (const Level& level : levels_) total += level.files.size();
    return total;
}

Seqno Version::largest_seqno() const {
    Seqno largest = 0;
    for (const Level& level : levels_) {
        for (const FileMetaPtr& file : level.files) {
            largest = std::max(largest, file->largest_seqno);
        }
    }
    return largest;
}

size_t Version::lower_bound(int level, Bytes user_key) const {
    KV_ASSERT(level > 0);
    const Level& in = level_at(level);
    const auto [first, last] = std::equal_range(in.largest_prefixes.begin(),
                                                in.largest_prefixes.end(), key_prefix(user_key));
    // Only among equal prefixes do whole keys decide.
    const auto begin = in.files.begin() + (first - in.largest_prefixes.begin());
    const auto end = in.files.begin() + (last - in.largest_prefixes.begin());
    const auto it = std::lower_bound(begin, end, user_key, [](const FileMetaPtr& file, Bytes key) {
        return file->largest_user_key() < key;
    });
    return static_cast<size_t>(it - in.files.begin());
}

const FileMeta* Version::find_table(int level, Bytes user_key) const {
    const size_t index = lower_bound(level, user_key);
    const FileList& list = files(level);
    if (index == list.size() || list[index]->smallest_user_key() > user_key) return nullptr;
    return list[index].get();
}

std::vector<FileMetaPtr> Version::overlapping(int level, std::optional<Bytes> lower,
                                              std::optional<Bytes> upper) const {
    const FileList& list = files(level);
    FileList found;
    size_t i = level > 0 && lower ? lower_bound(level, *lower) : 0;
    for (; i < list.size(); ++i) {
        if (meets(*list[i], lower, upper)) {
            found.push_back(list[i]);
        } else if (level > 0) {
            break;
        }
    }
    return found;
}

bool Version::any_overlap(int level, Bytes lower, Bytes upper) const {
    const FileList& list = files(level);
    if (level == 0) {
        return std::any_of(list.begin(), list.end(),
                           [&](const FileMetaPtr& file) { return meets(*file, lower, upper); });
    }
    const size_t index = lower_bound(level, lower);
    return index < list.size() && list[index]->smallest_user_key() <= upper;
}

}  // namespace kv

// The table set of one moment: version/version.h.
// SPDX-License-Identifier: Apache-2.0
#include "version/version.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "kv/assert.h"
#include "record/key_prefix.h"
#include "version/file_registry.h"

namespace kv {

namespace {

bool newer_first(const FileMetaPtr& a, const FileMetaPtr& b) {
    if (a->largest_seqno != b->largest_seqno) return a->largest_seqno > b->largest_seqno;
    return a->number > b->number;
}

bool smaller_first(const FileMetaPtr& a, const FileMetaPtr& b) {
    const int order = compare_internal_keys(a->smallest, b->smallest);
    return order != 0 ? order < 0 : a->number < b->number;
}

bool meets(const FileMeta& file, std::optional<Bytes> lower, std::optional<Bytes> upper,
           bool upper_is_exclusive) {
    if (lower && file.ends_before(*lower)) return false;
    if (!upper) return true;
    const int order = file.smallest_user_key().compare(*upper);
    return order < 0 || (order == 0 && !upper_is_exclusive);
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

Version::Version() : Version(std::array<std::vector<FileMetaPtr>, kLevels>{}) {}

Version::Version(std::array<std::vector<FileMetaPtr>, kLevels> levels) {
    for (int level = 0; level < kLevels; ++level) {
        const auto index = static_cast<size_t>(level);
        levels_[index] = make_level(level, std::move(levels[index]));
    }
}

Version::LevelPtr Version::make_level(int level, FileList files) {
    auto out = std::make_shared<Level>();
    out->files = std::move(files);
    const auto order = level == 0 ? newer_first : smaller_first;
    if (!std::is_sorted(out->files.begin(), out->files.end(), order)) {
        std::sort(out->files.begin(), out->files.end(), order);
    }
    out->numbers.reserve(out->files.size());
    if (level > 0) out->largest_prefixes.reserve(out->files.size());
    for (const FileMetaPtr& file : out->files) {
        out->numbers.push_back(file->number);
        out->bytes += file->size_bytes;
        out->largest_seqno = std::max(out->largest_seqno, file->largest_seqno);
        if (level > 0) out->largest_prefixes.push_back(user_key_prefix(file->largest_user_key()));
    }
    return out;
}

namespace {

/// What an edit takes from one level and puts into it.
struct LevelChange {
    std::vector<size_t> removed;  // positions
    std::vector<FileMetaPtr> added;
};
using Changes = std::array<LevelChange, kLevels>;

size_t position_of(const std::vector<uint64_t>& numbers, uint64_t number) {
    return static_cast<size_t>(std::find(numbers.begin(), numbers.end(), number) - numbers.begin());
}

Status there_already(uint64_t number) {
    return Status::corruption("version edit adds table " + std::to_string(number) +
                              ", which is there already");
}

Status check_no_number_twice(const VersionEdit& edit) {
    std::vector<uint64_t> numbers;
    numbers.reserve(edit.added.size());
    for (const AddedFile& added : edit.added) numbers.push_back(added.meta.number);
    std::sort(numbers.begin(), numbers.end());
    const auto twice = std::adjacent_find(numbers.begin(), numbers.end());
    return twice == numbers.end() ? Status::ok() : there_already(*twice);
}

}  // namespace

Result<VersionPtr> Version::with_edit(const VersionEdit& edit, FileRegistry* registry) const {
    Changes changes;
    std::unordered_map<uint64_t, FileMetaPtr> taken;
    for (const RemovedFile& removed : edit.removed) {
        const Level& level = level_at(removed.level);
        const size_t position = position_of(level.numbers, removed.number);
        if (position == level.numbers.size() ||
            !taken.emplace(removed.number, level.files[position]).second) {
            return Status::corruption("version edit removes table " +
                                      std::to_string(removed.number) + " from level " +
                                      std::to_string(removed.level) + ", which does not hold it");
        }
        changes[static_cast<size_t>(removed.level)].removed.push_back(position);
    }
    KV_RETURN_IF_ERROR(check_no_number_twice(edit));
    for (const AddedFile& added : edit.added) {
        KV_ASSERT(added.level >= 0 && added.level < kLevels);
        const auto moved = taken.find(added.meta.number);
        if (moved == taken.end() && contains(added.meta.number)) {
            return there_already(added.meta.number);
        }
        KV_ASSIGN_OR_RETURN(FileMetaPtr file,
                            moved != taken.end() ? take_over(moved->second, added.meta)
                                                 : Result<FileMetaPtr>(make(added.meta, registry)));
        changes[static_cast<size_t>(added.level)].added.push_back(std::move(file));
    }
    auto after = std::make_shared<Version>(*this);
    for (int level = 0; level < kLevels; ++level) {
        LevelChange& change = changes[static_cast<size_t>(level)];
        if (change.removed.empty() && change.added.empty()) continue;
        after->levels_[static_cast<size_t>(level)] =
            change_level(level, change.removed, std::move(change.added));
    }
    return VersionPtr(std::move(after));
}

Version::LevelPtr Version::change_level(int level, std::vector<size_t> removed,
                                        FileList added) const {
    const FileList& before = level_at(level).files;
    const auto order = level == 0 ? newer_first : smaller_first;
    std::sort(removed.begin(), removed.end());
    std::sort(added.begin(), added.end(), order);
    FileList kept;
    kept.reserve(before.size() - removed.size());
    auto next = removed.begin();
    for (size_t i = 0; i < before.size(); ++i) {
        if (next != removed.end() && *next == i) {
            ++next;
        } else {
            kept.push_back(before[i]);
        }
    }
    if (added.empty()) return make_level(level, std::move(kept));
    FileList merged;
    merged.reserve(kept.size() + added.size());
    std::merge(std::make_move_iterator(kept.begin()), std::make_move_iterator(kept.end()),
               std::make_move_iterator(added.begin()), std::make_move_iterator(added.end()),
               std::back_inserter(merged), order);
    return make_level(level, std::move(merged));
}

bool Version::contains(uint64_t number) const {
    return std::any_of(levels_.begin(), levels_.end(), [number](const LevelPtr& level) {
        return position_of(level->numbers, number) != level->numbers.size();
    });
}

FileMetaPtr Version::find_number(int level, uint64_t number) const {
    const Level& in = level_at(level);
    const size_t position = position_of(in.numbers, number);
    return position == in.numbers.size() ? nullptr : in.files[position];
}

const Version::Level& Version::level_at(int level) const {
    KV_ASSERT(level >= 0 && level < kLevels);
    return *levels_[static_cast<size_t>(level)];
}

uint64_t Version::total_bytes() const {
    uint64_t total = 0;
    for (const LevelPtr& level : levels_) total += level->bytes;
    return total;
}

size_t Version::total_files() const {
    size_t total = 0;
    for (const LevelPtr& level : levels_) total += level->files.size();
    return total;
}

Seqno Version::largest_seqno() const {
    Seqno largest = 0;
    for (const LevelPtr& level : levels_) largest = std::max(largest, level->largest_seqno);
    return largest;
}

size_t Version::lower_bound(int level, Bytes user_key) const {
    KV_ASSERT(level > 0);
    const Level& in = level_at(level);
    const auto [first, last] = std::equal_range(
        in.largest_prefixes.begin(), in.largest_prefixes.end(), user_key_prefix(user_key));
    // Only among equal prefixes do whole keys decide.
    const auto begin = in.files.begin() + (first - in.largest_prefixes.begin());
    const auto end = in.files.begin() + (last - in.largest_prefixes.begin());
    const auto it = std::lower_bound(begin, end, user_key, [](const FileMetaPtr& file, Bytes key) {
        return file->ends_before(key);
    });
    return static_cast<size_t>(it - in.files.begin());
}

const FileMeta* Version::find_table(int level, Bytes user_key) const {
    const size_t index = lower_bound(level, user_key);
    const std::vector<FileMetaPtr>& list = files(level);
    if (index == list.size() || list[index]->smallest_user_key() > user_key) return nullptr;
    return list[index].get();
}

std::vector<FileMetaPtr> Version::overlapping(int level, std::optional<Bytes> lower,
                                              std::optional<Bytes> upper,
                                              bool upper_is_exclusive) const {
    const FileList& list = files(level);
    FileList found;
    size_t i = level > 0 && lower ? lower_bound(level, *lower) : 0;
    for (; i < list.size(); ++i) {
        if (meets(*list[i], lower, upper, upper_is_exclusive)) {
            found.push_back(list[i]);
        } else if (level > 0) {
            break;
        }
    }
    return found;
}

}  // namespace kv

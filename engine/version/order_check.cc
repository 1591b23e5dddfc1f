// The order check: version/order_check.h.
//
// Why not simply compare seqno ranges of overlapping tables of two levels? Because a correct store
// can hold a table of old entries above a table of new ones whose key range merely straddles it.
// Say level 1 holds X = {a, seqno 5}, {m, 6} and, elsewhere, k (51) and z (52) were merged down to
// level 2 between a and m: a table [k..z] there is newer than X as a whole, yet no key has its
// entries in the wrong order. What metadata does prove is the entries at the boundaries: a table's
// first entry is the newest it has of its smallest user key, its last entry the oldest it has of
// its largest. So the state check compares only where two tables share such a key. The rest is
// caught at the step, where every job picks its inputs by range: check_step.
// SPDX-License-Identifier: Apache-2.0
#include "version/order_check.h"

#include <algorithm>
#include <unordered_set>

#include "kv/bytes.h"

namespace kv {

namespace {

std::string describe(int level, const FileMeta& file) {
    return "table " + std::to_string(file.number) + " of level " + std::to_string(level) + " (\"" +
           escape_bytes(file.smallest_user_key(), 32) + "\" to \"" +
           escape_bytes(file.largest_user_key(), 32) + "\", seqnos " +
           std::to_string(file.smallest_seqno) + " to " + std::to_string(file.largest_seqno) + ")";
}

Status disorder(int upper_level, const FileMeta& upper, const char* what, int lower_level,
                const FileMeta& lower) {
    return Status::corruption("order check: " + describe(upper_level, upper) + " " + what + " " +
                              describe(lower_level, lower));
}

Seqno seqno_of(Bytes internal_key) { return trailer_seqno(trailer_of(internal_key)); }

Status check_level0(const Version& version) {
    const auto& files = version.files(0);
    for (size_t i = 0; i + 1 < files.size(); ++i) {
        if (files[i]->smallest_seqno <= files[i + 1]->largest_seqno) {
            return disorder(0, *files[i], "shares seqnos with", 0, *files[i + 1]);
        }
    }
    return Status::ok();
}

Status check_sorted_level(const Version& version, int level) {
    const auto& files = version.files(level);
    for (size_t i = 0; i + 1 < files.size(); ++i) {
        if (files[i]->largest_user_key() >= files[i + 1]->smallest_user_key()) {
            return disorder(level, *files[i], "meets", level, *files[i + 1]);
        }
    }
    return Status::ok();
}

/// Both hold `user_key` at a boundary: the newest or oldest entry each has of it. Whatever those
/// are, the upper table's must be newer.
bool boundary_in_order(const FileMeta& upper, const FileMeta& lower, Bytes user_key) {
    const auto seqno_at = [&](const FileMeta& file, bool newest) {
        const bool at_start = file.smallest_user_key() == user_key;
        const bool at_end = file.largest_user_key() == user_key;
        if (at_start && at_end) return seqno_of(newest ? file.smallest : file.largest);
        return seqno_of(at_start ? file.smallest : file.largest);
    };
    // One entry of the upper table's against one of the lower's; where a choice exists, the oldest
    // above and the newest below.
    return seqno_at(upper, false) > seqno_at(lower, true);
}

bool has_boundary(const FileMeta& file, Bytes user_key) {
    return file.smallest_user_key() == user_key || file.largest_user_key() == user_key;
}

Status check_pair(int upper_level, const FileMeta& upper, int lower_level, const FileMeta& lower) {
    for (const Bytes key : {upper.smallest_user_key(), upper.largest_user_key()}) {
        if (has_boundary(lower, key) && !boundary_in_order(upper, lower, key)) {
            return disorder(upper_level, upper, "holds an older entry of a key than", lower_level,
                            lower);
        }
    }
    return Status::ok();
}

/// `file` of `level` against everything below it.
Status check_against_deeper(const Version& version, int level, const FileMeta& file) {
    for (int below = level + 1; below < kLevels; ++below) {
        for (const Bytes key : {file.smallest_user_key(), file.largest_user_key()}) {
            const FileMeta* other = version.find_table(below, key);
            if (other != nullptr) KV_RETURN_IF_ERROR(check_pair(level, file, below, *other));
        }
    }
    return Status::ok();
}

/// `file` of `level` against everything above it.
Status check_against_shallower(const Version& version, int level, const FileMeta& file) {
    for (int above = 0; above < level; ++above) {
        if (above == 0) {
            for (const FileMetaPtr& other : version.files(0)) {
                KV_RETURN_IF_ERROR(check_pair(0, *other, level, file));
            }
            continue;
        }
        for (const Bytes key : {file.smallest_user_key(), file.largest_user_key()}) {
            const FileMeta* other = version.find_table(above, key);
            if (other != nullptr) KV_RETURN_IF_ERROR(check_pair(above, *other, level, file));
        }
    }
    return Status::ok();
}

Status check_levels(const Version& version) {
    KV_RETURN_IF_ERROR(check_level0(version));
    for (int level = 1; level < kLevels; ++level) {
        KV_RETURN_IF_ERROR(check_sorted_level(version, level));
    }
    return Status::ok();
}

/// The tables an edit takes away and those that stay, as the step check needs them.
class Step {
  public:
    Step(const Version& before, const VersionEdit& edit) : before_(before), edit_(edit) {
        for (const RemovedFile& file : edit.removed) removed_.insert(file.number);
    }

    Status check() const;

  private:
    bool stays(const FileMeta& file) const { return removed_.count(file.number) == 0; }
    const FileMeta* find_removed(const RemovedFile& removed) const;
    Status check_new_level0(const AddedFile& added) const;
    Status check_output(const AddedFile& added) const;
    Status check_departure(int from, const FileMeta& input, const AddedFile& output) const;

    const Version& before_;
    const VersionEdit& edit_;
    std::unordered_set<uint64_t> removed_;
};

const FileMeta* Step::find_removed(const RemovedFile& removed) const {
    for (const FileMetaPtr& file : before_.files(removed.level)) {
        if (file->number == removed.number) return file.get();
    }
    return nullptr;
}

Status Step::check_new_level0(const AddedFile& added) const {
    for (int level = 0; level < kLevels; ++level) {
        for (const FileMetaPtr& file : before_.files(level)) {
            if (file->largest_seqno >= added.meta.smallest_seqno) {
                return disorder(0, added.meta, "is to be flushed above, but is not newer than,",
                                level, *file);
            }
        }
    }
    return Status::ok();
}

/// Data of `input` goes from level `from` to where `output` is. It must not pass older data.
Status Step::check_departure(int from, const FileMeta& input, const AddedFile& output) const {
    if (output.level < from) {
        return disorder(output.level, output.meta, "would bring data up past level of", from,
                        input);
    }
    if (from == 0 && output.level > 0) {
        for (const FileMetaPtr& other : before_.files(0)) {
            if (stays(*other) && other->largest_seqno < input.smallest_seqno &&
                other->overlaps(input)) {
                return disorder(0, input, "would sink below the older", 0, *other);
            }
        }
    }
    for (int level = from + 1; level < output.level; ++level) {
        for (const FileMetaPtr& other :
             before_.overlapping(level, input.smallest_user_key(), input.largest_user_key())) {
            if (stays(*other)) return disorder(from, input, "would sink past", level, *other);
        }
    }
    return Status::ok();
}

Status Step::check_output(const AddedFile& added) const {
    const FileMeta* first = nullptr;
    Bytes smallest, largest;
    Seqno oldest = 0, newest = 0;
    for (const RemovedFile& removed : edit_.removed) {
        const FileMeta* input = find_removed(removed);
        if (input == nullptr) continue;  // with_edit refused the edit already
        KV_RETURN_IF_ERROR(check_departure(removed.level, *input, added));
        const bool is_first = first == nullptr;
        if (is_first) first = input;
        smallest =
            is_first ? input->smallest_user_key() : std::min(smallest, input->smallest_user_key());
        largest =
            is_first ? input->largest_user_key() : std::max(largest, input->largest_user_key());
        oldest = is_first ? input->smallest_seqno : std::min(oldest, input->smallest_seqno);
        newest = is_first ? input->largest_seqno : std::max(newest, input->largest_seqno);
    }
    if (first == nullptr) return Status::ok();
    const FileMeta& meta = added.meta;
    if (meta.smallest_user_key() < smallest || meta.largest_user_key() > largest ||
        meta.smallest_seqno < oldest || meta.largest_seqno > newest) {
        return Status::corruption("order check: " + describe(added.level, meta) +
                                  " holds what none of the tables it replaces held");
    }
    return Status::ok();
}

Status Step::check() const {
    for (const AddedFile& added : edit_.added) {
        const bool is_flush = added.level == 0 && removed_.count(added.meta.number) == 0;
        KV_RETURN_IF_ERROR(is_flush ? check_new_level0(added) : check_output(added));
    }
    return Status::ok();
}

}  // namespace

Status check_order(const Version& version) {
    KV_RETURN_IF_ERROR(check_levels(version));
    for (int level = 0; level < kLevels; ++level) {
        for (const FileMetaPtr& file : version.files(level)) {
            KV_RETURN_IF_ERROR(check_against_deeper(version, level, *file));
        }
    }
    return Status::ok();
}

Status check_step(const Version& before, const VersionEdit& edit, const Version& after) {
    KV_RETURN_IF_ERROR(check_levels(after));
    for (const AddedFile& added : edit.added) {
        KV_RETURN_IF_ERROR(check_against_deeper(after, added.level, added.meta));
        KV_RETURN_IF_ERROR(check_against_shallower(after, added.level, added.meta));
    }
    return Step(before, edit).check();
}

}  // namespace kv

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
#include <array>
#include <unordered_set>
#include <utility>
#include <vector>

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
        if (!files[i]->ends_before(files[i + 1]->smallest_user_key())) {
            return disorder(level, *files[i], "meets", level, *files[i + 1]);
        }
    }
    return Status::ok();
}

/// `added` against its neighbours in its level; the others were checked when they were added.
Status check_neighbours(const Version& version, int level, const FileMeta& added) {
    const auto& files = version.files(level);
    if (level == 0) return check_level0(version);  // a handful
    const size_t at = version.lower_bound(level, added.smallest_user_key());
    // The first that does not end before `added` begins must be `added` itself.
    if (at == files.size() || files[at]->number != added.number) {
        return disorder(level, added, "meets", level, *files[std::min(at, files.size() - 1)]);
    }
    if (at + 1 < files.size() && !added.ends_before(files[at + 1]->smallest_user_key())) {
        return disorder(level, added, "meets", level, *files[at + 1]);
    }
    return Status::ok();
}

/// Both hold `user_key` at a boundary: the newest or oldest entry each has of it. Whatever those
/// are, the upper table's must be newer.
bool boundary_in_order(const FileMeta& upper, const FileMeta& lower, Bytes user_key) {
    const auto seqno_at = [&](const FileMeta& file, bool newest) {
        const bool at_start = file.smallest_user_key() == user_key;
        const bool at_end = file.largest_user_key() == user_key && !file.largest_is_exclusive();
        if (at_start && at_end) return seqno_of(newest ? file.smallest : file.largest);
        return seqno_of(at_start ? file.smallest : file.largest);
    };
    // One entry of the upper table's against one of the lower's; where a choice exists, the oldest
    // above and the newest below.
    return seqno_at(upper, false) > seqno_at(lower, true);
}

bool has_boundary(const FileMeta& file, Bytes user_key) {
    return file.smallest_user_key() == user_key ||
           (file.largest_user_key() == user_key && !file.largest_is_exclusive());
}

Status check_pair(int upper_level, const FileMeta& upper, int lower_level, const FileMeta& lower) {
    for (const Bytes key : {upper.smallest_user_key(), upper.largest_user_key()}) {
        if (has_boundary(upper, key) && has_boundary(lower, key) &&
            !boundary_in_order(upper, lower, key)) {
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
        for (const RemovedFile& file : edit.removed) {
            FileMetaPtr input = before.find_number(file.level, file.number);
            if (input == nullptr) continue;  // with_edit refused the edit already
            removed_.insert(file.number);
            add_input(file.level, std::move(input));
        }
    }

    Status check() const;

  private:
    struct Input {
        int level;
        FileMetaPtr file;
    };
    void add_input(int level, FileMetaPtr file);
    bool stays(const FileMeta& file) const { return removed_.count(file.number) == 0; }
    Status check_new_level0(const AddedFile& added) const;
    Status check_departures(const AddedFile& output) const;
    Status check_departure(const Input& input, const AddedFile& output) const;
    Status check_hull(const AddedFile& added) const;

    const Version& before_;
    const VersionEdit& edit_;
    std::unordered_set<uint64_t> removed_;
    std::vector<Input> inputs_;
    // What the inputs cover.
    Bytes smallest_, largest_;
    bool largest_is_exclusive_ = false;
    Seqno oldest_ = 0, newest_ = 0;
};

void Step::add_input(int level, FileMetaPtr file) {
    const bool is_first = inputs_.empty();
    if (is_first || file->smallest_user_key() < smallest_) smallest_ = file->smallest_user_key();
    if (is_first || file->largest_user_key() > largest_) {
        largest_ = file->largest_user_key();
        largest_is_exclusive_ = file->largest_is_exclusive();
    } else if (file->largest_user_key() == largest_ && !file->largest_is_exclusive()) {
        largest_is_exclusive_ = false;
    }
    oldest_ = is_first ? file->smallest_seqno : std::min(oldest_, file->smallest_seqno);
    newest_ = is_first ? file->largest_seqno : std::max(newest_, file->largest_seqno);
    inputs_.push_back({level, std::move(file)});
}

Status Step::check_new_level0(const AddedFile& added) const {
    if (before_.largest_seqno() < added.meta.smallest_seqno) return Status::ok();
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

/// Data of `input` goes to where `output` is. It must not pass older data.
Status Step::check_departure(const Input& input, const AddedFile& output) const {
    const FileMeta& file = *input.file;
    if (output.level < input.level) {
        return disorder(output.level, output.meta, "would bring data up past level of", input.level,
                        file);
    }
    if (input.level == 0 && output.level > 0) {
        for (const FileMetaPtr& other : before_.files(0)) {
            if (stays(*other) && other->largest_seqno < file.smallest_seqno &&
                other->overlaps(file)) {
                return disorder(0, file, "would sink below the older", 0, *other);
            }
        }
    }
    for (int level = input.level + 1; level < output.level; ++level) {
        for (const FileMetaPtr& other :
             before_.overlapping(level, file.smallest_user_key(), file.largest_user_key(),
                                 file.largest_is_exclusive())) {
            if (stays(*other)) return disorder(input.level, file, "would sink past", level, *other);
        }
    }
    return Status::ok();
}

Status Step::check_departures(const AddedFile& output) const {
    for (const Input& input : inputs_) KV_RETURN_IF_ERROR(check_departure(input, output));
    return Status::ok();
}

Status Step::check_hull(const AddedFile& added) const {
    if (inputs_.empty()) return Status::ok();
    const FileMeta& meta = added.meta;
    const int end = meta.largest_user_key().compare(largest_);
    const bool ends_inside =
        end < 0 || (end == 0 && (!largest_is_exclusive_ || meta.largest_is_exclusive()));
    if (ends_inside && meta.smallest_user_key() >= smallest_ && meta.smallest_seqno >= oldest_ &&
        meta.largest_seqno <= newest_) {
        return Status::ok();
    }
    return Status::corruption("order check: " + describe(added.level, meta) +
                              " holds what none of the tables it replaces held");
}

Status Step::check() const {
    std::array<bool, kLevels> departed{};  // inputs were checked against outputs of this level
    for (const AddedFile& added : edit_.added) {
        if (added.level == 0 && removed_.count(added.meta.number) == 0) {
            KV_RETURN_IF_ERROR(check_new_level0(added));
            continue;
        }
        bool& done = departed[static_cast<size_t>(added.level)];
        if (!done) KV_RETURN_IF_ERROR(check_departures(added));
        done = true;
        KV_RETURN_IF_ERROR(check_hull(added));
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
    for (const AddedFile& added : edit.added) {
        KV_RETURN_IF_ERROR(check_neighbours(after, added.level, added.meta));
        KV_RETURN_IF_ERROR(check_against_deeper(after, added.level, added.meta));
        KV_RETURN_IF_ERROR(check_against_shallower(after, added.level, added.meta));
    }
    return Step(before, edit).check();
}

}  // namespace kv

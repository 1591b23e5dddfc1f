// LCS: the longest common subsequence of two values. Declared in data_handlers.h.
//
// Of several longest ones, and of several ways to lay the matches, the one is answered that a walk
// back from both ends finds which, where the last bytes differ, gives up the last byte of the
// second value unless the first's must go. The table of lengths is not kept: two rows of it and
// one bit a cell, which way the walk goes, are enough.
// Thread rule: the thread that runs the command.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include "server/commands/argument_words.h"
#include "server/commands/data_handlers.h"
#include "server/commands/number_text.h"
#include "server/commands/storable.h"

namespace kv::server {
namespace {

// What Redis's table of 4 bytes a cell may take: its proto-max-bulk-len.
constexpr uint64_t kMaxTableBytes = 512ULL << 20;
constexpr uint64_t kMaxLength = UINT32_MAX - 2;
// That take as long as to visit an entry of the store.
constexpr uint64_t kCellsPerVisit = 100;

struct LcsOptions {
    bool length_only = false;
    bool positions = false;
    bool with_lengths = false;
    int64_t min_match = 0;
};

/// A run of bytes that both values share, from its first to its last byte in each.
struct Match {
    size_t a_first, a_last;
    size_t b_first, b_last;
    size_t size() const { return a_last - a_first + 1; }
};

class Lcs {
  public:
    /// `walk_back`: positions and text will be asked for.
    Lcs(Bytes a, Bytes b, bool walk_back) : a_(a), b_(b) {
        if (walk_back) drop_a_.resize(a.size() * b.size());
        std::vector<uint32_t> above(b.size() + 1), row(b.size() + 1);
        for (size_t i = 0; i < a.size(); ++i) {
            for (size_t j = 0; j < b.size(); ++j) {
                if (a[i] == b[j]) {
                    row[j + 1] = above[j] + 1;
                    continue;
                }
                const bool drop_a = above[j + 1] > row[j];
                row[j + 1] = drop_a ? above[j + 1] : row[j];
                if (walk_back && drop_a) drop_a_[i * b.size() + j] = true;
            }
            std::swap(above, row);
        }
        length_ = above.back();
    }

    size_t length() const { return length_; }

    /// The runs from the last to the first.
    std::vector<Match> matches() const {
        std::vector<Match> found;
        bool running = false;
        size_t i = a_.size();
        size_t j = b_.size();
        while (i > 0 && j > 0) {
            if (a_[i - 1] != b_[j - 1]) {
                drop_a_[(i - 1) * b_.size() + j - 1] ? --i : --j;
                running = false;
                continue;
            }
            --i;
            --j;
            if (!running) found.push_back({i, i, j, j});
            found.back().a_first = i;
            found.back().b_first = j;
            running = true;
        }
        return found;
    }

    std::string text() const {
        const std::vector<Match> found = matches();
        std::string text;
        text.reserve(length_);
        for (auto match = found.rbegin(); match != found.rend(); ++match)
            text.append(a_.substr(match->a_first, match->size()));
        return text;
    }

  private:
    const Bytes a_;
    const Bytes b_;
    std::vector<bool> drop_a_;  // a row for each byte of a_
    size_t length_ = 0;
};

/// False: the error has been answered.
bool parse_options(const DataContext& context, LcsOptions& options) {
    for (size_t i = 3; i < context.size(); ++i) {
        const Bytes word = context.arg(i);
        if (word_is(word, "idx")) {
            options.positions = true;
        } else if (word_is(word, "len")) {
            options.length_only = true;
        } else if (word_is(word, "withmatchlen")) {
            options.with_lengths = true;
        } else if (word_is(word, "minmatchlen") && i + 1 < context.size()) {
            const auto least = parse_integer(context.arg(++i));
            if (!least) {
                context.reply.error(kNotAnInteger);
                return false;
            }
            options.min_match = std::max<int64_t>(*least, 0);
        } else {
            context.reply.error(kSyntaxError);
            return false;
        }
    }
    if (options.positions && options.length_only) {
        context.reply.error("ERR If you want both the length and indexes, please just use IDX.");
        return false;
    }
    return true;
}

bool may_compare(const DataContext& context, Bytes a, Bytes b) {
    if (a.size() > kMaxLength || b.size() > kMaxLength) {
        context.reply.error("ERR String too long for LCS");
        return false;
    }
    if ((a.size() + 1) * (b.size() + 1) > kMaxTableBytes / sizeof(uint32_t)) {
        context.reply.error(
            "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
        return false;
    }
    return true;
}

void answer_positions(const DataContext& context, const Lcs& lcs, const LcsOptions& options) {
    std::vector<Match> found = lcs.matches();
    std::erase_if(found, [&](const Match& match) {
        return match.size() < static_cast<uint64_t>(options.min_match);
    });
    const auto pair = [&](size_t first, size_t last) {
        context.reply.array(2);
        context.reply.integer(static_cast<int64_t>(first));
        context.reply.integer(static_cast<int64_t>(last));
    };
    context.reply.map(2);
    context.reply.bulk("matches");
    context.reply.array(found.size());
    for (const Match& match : found) {
        context.reply.array(options.with_lengths ? 3 : 2);
        pair(match.a_first, match.a_last);
        pair(match.b_first, match.b_last);
        if (options.with_lengths) context.reply.integer(static_cast<int64_t>(match.size()));
    }
    context.reply.bulk("len");
    context.reply.integer(static_cast<int64_t>(lcs.length()));
}

}  // namespace

Status cmd_lcs(DataContext& context) {
    LcsOptions options;
    if (!parse_options(context, options)) return Status::ok();
    KV_ASSIGN_OR_RETURN(const auto first, find_entry(context, context.arg(1)));
    KV_ASSIGN_OR_RETURN(const auto second, find_entry(context, context.arg(2)));
    const Bytes a = first ? Bytes(first->value) : Bytes();
    const Bytes b = second ? Bytes(second->value) : Bytes();
    if (!may_compare(context, a, b)) return Status::ok();
    KV_RETURN_IF_ERROR(context.view.allow_work(a.size() * b.size() / kCellsPerVisit));
    const Lcs lcs(a, b, !options.length_only);
    if (options.positions)
        answer_positions(context, lcs, options);
    else if (options.length_only)
        context.reply.integer(static_cast<int64_t>(lcs.length()));
    else
        context.reply.bulk(lcs.text());
    return Status::ok();
}

}  // namespace kv::server

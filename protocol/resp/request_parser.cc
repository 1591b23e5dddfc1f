// The parser's steps. An array is read as a count line, then for each argument a length line and
// its bytes; left_, rest_ and position_ say where in that the input has ended. As in Redis, the
// byte behind a carriage return and the two bytes behind an argument are not looked at. Whether a
// line is too long depends on its bytes alone, so the verdict does not depend on how they were cut.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/resp/request_parser.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "kv/assert.h"
#include "protocol/resp/inline_words.h"

namespace kv::protocol::resp {
namespace {

constexpr size_t kLineEndBytes = 2;
constexpr size_t kQuickDigits = 8;

template <class Container>
void empty_out(Container& container, size_t idle_capacity) {
    if (container.capacity() > idle_capacity) {
        Container().swap(container);
    } else {
        container.clear();
    }
}

// A number as RESP wants it: digits, perhaps a minus, nothing that could be left out.
std::optional<int64_t> parse_number(Bytes text) {
    const bool negative = text.starts_with('-');
    const Bytes digits = text.substr(negative ? 1 : 0);
    if (digits.starts_with('0') && (negative || digits.size() > 1)) return std::nullopt;
    int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stopped != end) return std::nullopt;
    return number;
}

// The usual line, "$3\r\n", without a search: its number, and its size with the line end. Size 0:
// the line is unusual, or not all there.
size_t quick_number(Bytes input, uint32_t& number) {
    const size_t most = std::min(input.size(), 1 + kQuickDigits);
    size_t at = 1;
    uint32_t value = 0;
    for (; at < most && input[at] >= '0' && input[at] <= '9'; ++at) {
        value = value * 10 + static_cast<uint32_t>(input[at] - '0');
    }
    if (at == 1 || at + kLineEndBytes > input.size() || input[at] != '\r') return 0;
    if (input[1] == '0' && at > 2) return 0;
    number = value;
    return at + kLineEndBytes;
}

}  // namespace

RequestParser::Step RequestParser::next(Bytes unread) {
    Step step;
    if (!error_.empty()) {
        step.outcome = Outcome::kError;
        return step;
    }
    if (again_.outcome == Outcome::kCommand) return std::exchange(again_, Step());
    if (left_ > 0 || block_done_) return parse_arguments(unread);
    forget_last();
    if (unread.empty()) return step;
    return unread[0] == '*' ? parse_count(unread) : parse_inline(unread);
}

void RequestParser::forget_last() {
    empty_out(args_, kIdleArguments);
    empty_out(parts_, kIdleArguments);
    empty_out(own_words_, kIdleWordBytes);
    if (keeps_) stop_keeping();
}

void RequestParser::stop_keeping() {
    blocks_.clear();
    keeps_ = false;
    held_ = 0;
}

// `size` becomes that of the line at position_ up to its `last`.
RequestParser::Line RequestParser::find_line(Bytes unread, char last, size_t& size) {
    const Bytes input = unread.substr(position_);
    const Bytes line = input.substr(0, limits_.inline_bytes + 1);
    size = line.find(last, searched_);
    searched_ = std::min(size, line.size());
    if (size != Bytes::npos) return Line::kWhole;
    return line.size() > limits_.inline_bytes ? Line::kTooLong : Line::kPart;
}

// Of the line at position_, whose first byte tells its kind. Moves behind a whole line.
RequestParser::Line RequestParser::read_number(Bytes unread, std::optional<int64_t>& number) {
    const Bytes input = unread.substr(position_);
    uint32_t quick = 0;
    if (const size_t size = quick_number(input, quick); size > 0) {
        number = quick;
        position_ += size;
        searched_ = 0;
        return Line::kWhole;
    }
    size_t size = 0;
    const Line line = find_line(unread, '\r', size);
    if (line != Line::kWhole) return line;
    if (input.size() - size < kLineEndBytes) return Line::kPart;
    number = size > 0 ? parse_number(input.substr(1, size - 1)) : std::nullopt;
    position_ += size + kLineEndBytes;
    searched_ = 0;
    return Line::kWhole;
}

RequestParser::Step RequestParser::parse_inline(Bytes unread) {
    size_t size = 0;
    const Line found = find_line(unread, '\n', size);
    if (found == Line::kTooLong) return fail("too big inline request");
    if (found == Line::kPart) return wait();

    Bytes line = unread.substr(0, size);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!split_inline_words(line, args_, own_words_)) {
        args_.clear();
        return fail("unbalanced quotes in request");
    }
    searched_ = 0;
    Step step;
    step.outcome = args_.empty() ? Outcome::kNothing : Outcome::kCommand;
    step.consumed = size + 1;
    return step;
}

RequestParser::Step RequestParser::parse_count(Bytes unread) {
    std::optional<int64_t> count;
    const Line line = read_number(unread, count);
    if (line == Line::kTooLong) return fail("too big mbulk count string");
    if (line == Line::kPart) return wait();

    const size_t most = limits_.authenticated ? limits_.arguments : size_t{INT32_MAX};
    if (!count || (*count > 0 && static_cast<uint64_t>(*count) > most)) {
        return fail("invalid multibulk length");
    }
    if (*count <= 0) {
        Step step;
        step.outcome = Outcome::kNothing;
        step.consumed = position_;
        position_ = 0;
        return step;
    }
    left_ = static_cast<size_t>(*count);
    if (!limits_.authenticated && left_ > kUnauthenticatedArguments) {
        return fail("unauthenticated multibulk length");
    }
    kept_ = 0;
    return parse_arguments(unread);
}

RequestParser::Step RequestParser::parse_arguments(Bytes unread) {
    KV_ASSERT(position_ <= unread.size());
    block_done_ = false;
    for (; left_ > 0; --left_) {
        Step step;
        if (rest_ == 0 && !parse_length(unread, step)) return step;
        if (wants_block(unread)) return begin_block(unread);
        if (!take_argument(unread)) return wait();
    }
    return finish(unread);
}

bool RequestParser::parse_length(Bytes unread, Step& step) {
    const size_t begin = position_;
    std::optional<int64_t> length;
    const Line line = read_number(unread, length);
    if (line == Line::kPart) {
        step = wait();
        return false;
    }
    if (line == Line::kTooLong) {
        step = fail("too big bulk count string");
        return false;
    }
    if (const char kind = unread[begin]; kind != '$') {
        const char shown = kind == '\r' || kind == '\n' ? ' ' : kind;
        step = fail(std::string("expected '$', got '") + shown + '\'');
        return false;
    }
    if (!length || *length < 0 || static_cast<uint64_t>(*length) > limits_.argument_bytes) {
        step = fail("invalid bulk length");
        return false;
    }
    const auto size = static_cast<uint64_t>(*length);
    if (!limits_.authenticated && size > kUnauthenticatedBytes) {
        step = fail("unauthenticated bulk length");
        return false;
    }
    rest_ = size + kLineEndBytes;
    if (passing_over_) return true;
    kept_ += size;
    if (kept_ > limits_.kept_bytes) begin_passing_over(unread);
    return true;
}

// The name is all that is kept of the arguments so far, whose bytes go away with this step.
void RequestParser::begin_passing_over(Bytes unread) {
    passing_over_ = true;
    name_kept_ = false;
    if (!parts_.empty() && parts_[0].size <= kKeptNameBytes) {
        const Bytes words = keeps_ ? Bytes(own_words_) : unread;
        own_words_ = std::string(words.substr(parts_[0].offset, parts_[0].size));
        name_kept_ = true;
    }
    empty_out(parts_, kIdleArguments);
    stop_keeping();
}

bool RequestParser::wants_block(Bytes unread) const {
    return rest_ > kBlockBytes + kLineEndBytes && !passing_over_ &&
           unread.size() - position_ < rest_;
}

// In front of an argument. The bytes of those before it go away with this step.
RequestParser::Step RequestParser::begin_block(Bytes unread) {
    if (!keeps_) {
        keeps_ = true;
        for (Part& part : parts_) {
            const size_t offset = own_words_.size();
            own_words_ += unread.substr(part.offset, part.size);
            part.offset = offset;
        }
        held_ = own_words_.size();
    }
    Step step;
    step.block_bytes = static_cast<size_t>(rest_);
    step.consumed = std::exchange(position_, 0);
    return step;
}

void RequestParser::add_block(ByteBlock block) {
    KV_ASSERT(left_ > 0 && block.size() == rest_ && block.is_whole());
    parts_.push_back({kInBlock, block.size() - kLineEndBytes});
    held_ += block.size();
    blocks_.push_back(std::move(block));
    rest_ = 0;
    --left_;
    block_done_ = true;
}

std::vector<ByteBlock> RequestParser::take_blocks() {
    for (const ByteBlock& block : blocks_) held_ -= block.size();
    return std::exchange(blocks_, {});
}

bool RequestParser::take_argument(Bytes unread) {
    const size_t there = unread.size() - position_;
    if (passing_over_) {
        const size_t passed = static_cast<size_t>(std::min<uint64_t>(rest_, there));
        position_ += passed;
        rest_ -= passed;
        return rest_ == 0;
    }
    if (there < rest_) return false;
    const auto rest = static_cast<size_t>(rest_);
    if (keeps_) {
        parts_.push_back({own_words_.size(), rest - kLineEndBytes});
        own_words_ += unread.substr(position_, rest - kLineEndBytes);
        held_ += rest - kLineEndBytes;
    } else {
        parts_.push_back({position_, rest - kLineEndBytes});
    }
    position_ += rest;
    rest_ = 0;
    return true;
}

RequestParser::Step RequestParser::wait() {
    Step step;
    if (passing_over_ || keeps_) step.consumed = std::exchange(position_, 0);
    if (!passing_over_ && rest_ > 0) step.needed_bytes = position_ + static_cast<size_t>(rest_);
    return step;
}

RequestParser::Step RequestParser::fail(std::string_view text) {
    error_ = "Protocol error: ";
    error_ += text;
    args_.clear();
    Step step;
    step.outcome = Outcome::kError;
    return step;
}

RequestParser::Step RequestParser::finish(Bytes unread) {
    Step step;
    step.outcome = passing_over_ ? Outcome::kTooLarge : Outcome::kCommand;
    step.consumed = position_;
    if (passing_over_) {
        if (name_kept_) args_.emplace_back(own_words_);
    } else {
        args_.reserve(parts_.size());
        const Bytes words = keeps_ ? Bytes(own_words_) : unread;
        size_t block = 0;
        for (const Part& part : parts_) {
            const bool apart = part.offset == kInBlock;
            args_.push_back(apart ? blocks_[block++].bytes().substr(0, part.size)
                                  : words.substr(part.offset, part.size));
        }
    }
    position_ = 0;
    passing_over_ = false;
    return step;
}

}  // namespace kv::protocol::resp

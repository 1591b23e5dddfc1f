// One value after the other until the reply is complete, without recursion.
// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/resp_reply_parser.h"

#include <charconv>
#include <optional>

namespace kv::bench {

namespace {

constexpr size_t kMaxLineBytes = 64U << 10;
constexpr int64_t kMaxBulkBytes = 512LL << 20;
constexpr int64_t kMaxItems = 1LL << 32;
constexpr size_t kLineEndBytes = 2;

std::optional<int64_t> number(Bytes text) {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

RespReplyParser::Step RespReplyParser::next(Bytes unread) {
    Step step;
    while (left_ > 0) {
        needed_bytes_ = 0;
        const Progress progress = take_value(unread);
        if (progress == Progress::kValue) continue;
        step.outcome = progress == Progress::kError ? Outcome::kError : Outcome::kNeedMore;
        step.needed_bytes = needed_bytes_;
        return step;
    }
    step.outcome = Outcome::kReply;
    step.kind = kind_;
    step.text = unread.substr(text_begin_, text_bytes_);
    step.consumed = position_;
    position_ = 0;
    left_ = 1;
    begun_ = false;
    return step;
}

RespReplyParser::Progress RespReplyParser::take_value(Bytes unread) {
    const Bytes rest = unread.substr(position_);
    if (rest.empty()) return Progress::kNeedMore;
    // Asked first: what is not RESP may never send a line end.
    if (Bytes("+-:$*").find(rest[0]) == Bytes::npos) {
        return fail("a reply begins with the byte " +
                    std::to_string(static_cast<unsigned char>(rest[0])) + ", which is not RESP");
    }
    const size_t end = rest.find("\r\n");
    if (end == Bytes::npos) {
        if (rest.size() > kMaxLineBytes) return fail("a line of a reply does not end");
        return Progress::kNeedMore;
    }
    const Line line{rest[0], rest.substr(1, end - 1), position_ + end + kLineEndBytes};
    if (line.kind == '$') return take_bulk(unread, line);
    if (line.kind == '*') return take_array(line);
    const Kind kind = line.kind == '+'   ? Kind::kSimple
                      : line.kind == '-' ? Kind::kError
                                         : Kind::kInteger;
    finish_value(kind, position_ + 1, line.text.size(), line.end);
    return Progress::kValue;
}

RespReplyParser::Progress RespReplyParser::take_bulk(Bytes unread, const Line& line) {
    const auto bytes = number(line.text);
    if (!bytes || *bytes < -1 || *bytes > kMaxBulkBytes) return fail("a bulk string has no length");
    if (*bytes == -1) {
        finish_value(Kind::kNull, line.end, 0, line.end);
        return Progress::kValue;
    }
    const size_t text_bytes = static_cast<size_t>(*bytes);
    const size_t end = line.end + text_bytes + kLineEndBytes;
    if (unread.size() < end) {
        needed_bytes_ = end;
        return Progress::kNeedMore;
    }
    if (unread.substr(end - kLineEndBytes, kLineEndBytes) != "\r\n") {
        return fail("a bulk string is longer than it says");
    }
    finish_value(Kind::kBulk, line.end, text_bytes, end);
    return Progress::kValue;
}

RespReplyParser::Progress RespReplyParser::take_array(const Line& line) {
    const auto items = number(line.text);
    if (!items || *items < -1 || *items > kMaxItems) return fail("an array has no length");
    if (*items > 0) left_ += static_cast<uint64_t>(*items);
    finish_value(*items == -1 ? Kind::kNull : Kind::kArray, line.end, 0, line.end);
    return Progress::kValue;
}

RespReplyParser::Progress RespReplyParser::fail(std::string text) {
    error_ = std::move(text);
    return Progress::kError;
}

void RespReplyParser::finish_value(Kind kind, size_t text_begin, size_t text_bytes, size_t end) {
    if (!begun_) {
        begun_ = true;
        kind_ = kind;
        text_begin_ = text_begin;
        text_bytes_ = text_bytes;
    }
    --left_;
    position_ = end;
}

}  // namespace kv::bench

// The shapes of replies. Every reply is a line "kind, text, line end", or such a line with a size
// and as many bytes behind it.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/resp/reply_writer.h"

#include <charconv>
#include <cmath>
#include <utility>

#include "kv/assert.h"

namespace kv::protocol::resp {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr size_t kFormatBytes = 3;

// Digits of an integer, without a terminator.
class Digits {
  public:
    explicit Digits(int64_t value) {
        const auto done = std::to_chars(text_, text_ + sizeof text_, value);
        size_ = static_cast<size_t>(done.ptr - text_);
    }
    std::string_view view() const { return {text_, size_}; }

  private:
    char text_[20];
    size_t size_;
};

}  // namespace

void ReplyWriter::line(char kind, std::string_view text) {
    out_ += kind;
    out_ += text;
    out_ += kLineEnd;
}

void ReplyWriter::count(char kind, int64_t value) {
    char text[24];
    text[0] = kind;
    char* end = std::to_chars(text + 1, text + sizeof text - kLineEnd.size(), value).ptr;
    *end++ = '\r';
    *end++ = '\n';
    out_.append(text, static_cast<size_t>(end - text));
}

void ReplyWriter::simple(std::string_view text) { line('+', text); }

void ReplyWriter::error(std::string_view text) {
    const size_t begin = out_.size() + 1;
    line('-', text);
    for (size_t at = begin; at < out_.size() - kLineEnd.size(); ++at) {
        if (out_[at] == '\r' || out_[at] == '\n') out_[at] = ' ';
    }
}

void ReplyWriter::integer(int64_t value) { count(':', value); }

void ReplyWriter::bulk(Bytes bytes) {
    bulk_header(bytes.size());
    out_ += bytes;
    out_ += kLineEnd;
}

/// False: the string has to be copied.
bool ReplyWriter::take_apart(std::string& bytes) {
    // Memory that is much larger than the string is not worth keeping until it was sent.
    const bool large = bytes.size() >= Reply::kLargeBytes && bytes.capacity() <= 2 * bytes.size();
    if (apart_ == nullptr || !large) return false;
    apart_->push_back({out_.size(), std::exchange(bytes, std::string())});
    return true;
}

void ReplyWriter::take_bulk(std::string& bytes) {
    bulk_header(bytes.size());
    if (!take_apart(bytes)) out_ += bytes;
    out_ += kLineEnd;
}

void ReplyWriter::take_encoded(std::string& bytes) {
    if (!take_apart(bytes)) out_ += bytes;
}

void ReplyWriter::bulk_integer(int64_t value) { bulk(Digits(value).view()); }

void ReplyWriter::bulk_header(size_t bytes) { count('$', static_cast<int64_t>(bytes)); }

void ReplyWriter::null() { out_ += version_ == Version::k2 ? "$-1\r\n" : "_\r\n"; }

void ReplyWriter::null_array() { out_ += version_ == Version::k2 ? "*-1\r\n" : "_\r\n"; }

void ReplyWriter::array(size_t items) { count('*', static_cast<int64_t>(items)); }

void ReplyWriter::map(size_t pairs) {
    if (version_ == Version::k2) return array(2 * pairs);
    count('%', static_cast<int64_t>(pairs));
}

void ReplyWriter::set(size_t items) {
    count(version_ == Version::k2 ? '*' : '~', static_cast<int64_t>(items));
}

void ReplyWriter::push(size_t items) {
    count(version_ == Version::k2 ? '*' : '>', static_cast<int64_t>(items));
}

void ReplyWriter::boolean(bool value) {
    if (version_ == Version::k2) return integer(value ? 1 : 0);
    line('#', value ? "t" : "f");
}

void ReplyWriter::number(double value) {
    // 17 significant digits, as "%.17g" writes them in the C locale.
    char digits[32];
    std::string_view text;
    if (std::isnan(value)) {
        text = "nan";
    } else if (std::isinf(value)) {
        text = value > 0 ? "inf" : "-inf";
    } else {
        const auto done =
            std::to_chars(digits, digits + sizeof digits, value, std::chars_format::general, 17);
        text = {digits, static_cast<size_t>(done.ptr - digits)};
    }
    if (version_ == Version::k2) return bulk(text);
    line(',', text);
}

void ReplyWriter::verbatim(std::string_view format, Bytes text) {
    if (version_ == Version::k2) return bulk(text);
    KV_ASSERT(format.size() == kFormatBytes);
    count('=', static_cast<int64_t>(format.size() + 1 + text.size()));
    out_ += format;
    out_ += ':';
    out_ += text;
    out_ += kLineEnd;
}

}  // namespace kv::protocol::resp

// Formats and the pager.
// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "cli/escape.h"
#include "cli/record_format.h"

namespace kv::cli {

namespace {

// One key press, without waiting for a line end. 'q' when there is none.
char read_key() {
    termios saved{};
    if (::tcgetattr(STDIN_FILENO, &saved) != 0) return 'q';
    termios raw = saved;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    char key = 'q';
    if (::read(STDIN_FILENO, &key, 1) != 1) key = 'q';
    ::tcsetattr(STDIN_FILENO, TCSANOW, &saved);
    return key;
}

}  // namespace

TerminalSize terminal_size(int fd) {
    winsize size{};
    TerminalSize result;
    if (::ioctl(fd, TIOCGWINSZ, &size) != 0) return result;
    if (size.ws_row > 0) result.rows = size.ws_row;
    if (size.ws_col > 0) result.columns = size.ws_col;
    return result;
}

Output::Output(std::FILE* out)
    : out_(out),
      terminal_(::isatty(::fileno(out)) != 0),
      pages_(terminal_ && ::isatty(STDIN_FILENO) != 0),
      colour_(terminal_ && std::getenv("NO_COLOR") == nullptr) {}

std::string Output::shown(Bytes bytes) const {
    switch (format_) {
        case Format::kHex:
            return to_hex(bytes);
        case Format::kRaw:
            return std::string(bytes);
        case Format::kText:
        case Format::kJson:
            break;
    }
    return encode_escapes(bytes);
}

void Output::write(std::string_view text) { std::fwrite(text.data(), 1, text.size(), out_); }

void Output::end_line() {
    std::fputc('\n', out_);
    if (!pages_ || lines_until_prompt_ == 0 || --lines_until_prompt_ > 0) return;
    ask_for_more();
}

void Output::ask_for_more() {
    write(colour_ ? "\x1b[7m-- more: space, line: enter, all: a, stop: q --\x1b[0m"
                  : "-- more: space, line: enter, all: a, stop: q --");
    std::fflush(out_);
    const char key = read_key();
    write("\r\x1b[K");
    if (key == 'q' || key == 'Q' || key == 4) {
        wants_more_ = false;
    } else if (key == '\n' || key == '\r') {
        lines_until_prompt_ = 1;
    } else if (key != 'a' && key != 'A') {
        begin_listing();
    }
}

void Output::begin_command() {
    wants_more_ = true;
    lines_until_prompt_ = 0;
}

void Output::begin_listing() {
    wants_more_ = true;
    lines_until_prompt_ = std::max<size_t>(terminal_size(::fileno(out_)).rows, 3) - 1;
}

void Output::result(std::string_view text, std::string_view json) {
    line(format_ == Format::kJson ? json : text);
}

void Output::line(std::string_view text) {
    write(text);
    end_line();
}

void Output::value(Bytes key, const client::Entry& entry, bool newline) {
    switch (format_) {
        case Format::kJson:
            write(encode_json_line(key, entry.value, entry.expiry_ms));
            break;
        case Format::kHex:
            write(to_hex(entry.value));
            break;
        case Format::kText:
            write(terminal_ ? terminal_safe(entry.value) : entry.value);
            break;
        case Format::kRaw:
            write(entry.value);
    }
    if (newline) std::fputc('\n', out_);
}

void Output::entry(const client::KeyedEntry& entry, bool keys_only) {
    if (format_ == Format::kJson) {
        line(keys_only ? encode_json_key(entry.key)
                       : encode_json_line(entry.key, entry.value, entry.expiry_ms));
        return;
    }
    write(shown(entry.key));
    if (!keys_only) {
        write("\t");
        write(shown(entry.value));
    }
    end_line();
}

bool Output::flush() { return std::fflush(out_) == 0 && std::ferror(out_) == 0; }

}  // namespace kv::cli

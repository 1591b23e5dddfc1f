// The cursor over one inline command. Blanks part words; quotes may begin anywhere in a word but
// must end it. A zero byte is a byte like any other.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/resp/inline_words.h"

namespace kv::protocol::resp {
namespace {

// What may stand between words.
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// What ends a word without quotes: of the six spaces, vertical tab and form feed do not.
bool ends_word(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

char unescaped(char c) {
    switch (c) {
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        case 'b':
            return '\b';
        case 'a':
            return '\a';
        default:
            return c;
    }
}

class Splitter {
  public:
    Splitter(Bytes line, std::string& store) : line_(line), store_(store) {}

    void skip_spaces() {
        while (!at_end() && is_space(line_[at_])) ++at_;
    }
    bool at_end() const { return at_ == line_.size(); }

    // Reads one word, which begins here. False: its quotes are wrong.
    bool word(Bytes& out) {
        const size_t begin = at_;
        while (!at_end() && !ends_word(line_[at_]) && !is_quote(line_[at_])) ++at_;
        out = line_.substr(begin, at_ - begin);
        if (at_end() || ends_word(line_[at_])) return true;

        // Once, before the first view of the store: it must not move under the later ones.
        store_.reserve(line_.size());
        const size_t stored = store_.size();
        store_ += out;
        while (!at_end() && !ends_word(line_[at_])) {
            if (is_quote(line_[at_])) {
                if (!quoted()) return false;
                break;  // a closing quote ends the word
            }
            store_ += line_[at_++];
        }
        out = Bytes(store_).substr(stored);
        return true;
    }

  private:
    static bool is_quote(char c) { return c == '"' || c == '\''; }

    // Reads from the opening quote to behind the closing one.
    bool quoted() {
        const char quote = line_[at_++];
        while (!at_end()) {
            if (line_[at_] == quote) {
                ++at_;
                return at_end() || is_space(line_[at_]);
            }
            if (line_[at_] != '\\' || !(quote == '"' ? double_escape() : single_escape())) {
                store_ += line_[at_++];
            }
        }
        return false;
    }

    // At a backslash between double quotes. False: it stands for itself.
    bool double_escape() {
        const Bytes rest = line_.substr(at_ + 1);
        if (rest.empty()) return false;
        if (rest.size() >= 3 && rest[0] == 'x') {
            const int high = hex_digit(rest[1]), low = hex_digit(rest[2]);
            if (high >= 0 && low >= 0) {
                store_ += static_cast<char>(high * 16 + low);
                at_ += 4;
                return true;
            }
        }
        store_ += unescaped(rest[0]);
        at_ += 2;
        return true;
    }

    // At a backslash between single quotes, where only \' is an escape.
    bool single_escape() {
        if (line_.substr(at_ + 1, 1) != "'") return false;
        store_ += '\'';
        at_ += 2;
        return true;
    }

    const Bytes line_;
    std::string& store_;
    size_t at_ = 0;
};

}  // namespace

bool split_inline_words(Bytes line, Args& words, std::string& store) {
    store.clear();
    Splitter splitter(line, store);
    for (splitter.skip_spaces(); !splitter.at_end(); splitter.skip_spaces()) {
        Bytes word;
        if (!splitter.word(word)) return false;
        words.push_back(word);
    }
    return true;
}

}  // namespace kv::protocol::resp

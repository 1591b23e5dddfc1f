// The word splitter of the REPL.
// SPDX-License-Identifier: Apache-2.0
#include "cli/words.h"

#include <algorithm>
#include <cctype>

#include "cli/escape.h"

namespace kv::cli {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

Status unclosed(size_t column) {
    return Status::invalid_argument("the quote at column " + std::to_string(column + 1) +
                                    " is not closed");
}

// Reads the double-quoted run whose opening quote is at `i`; leaves `i` after the closing one.
Status read_double_quoted(std::string_view line, Escapes escapes, size_t& i, std::string& out) {
    const size_t opened = i++;
    while (i < line.size() && line[i] != '"') {
        if (line[i] != '\\' || i + 1 == line.size()) {
            out += line[i++];
            continue;
        }
        const char next = line[i + 1];
        if (next == 'x' && escapes == Escapes::kReplaced) {
            const std::string byte = decode_escapes(line.substr(i, 4));
            out += byte.size() == 1 ? byte : "\\x";
            i += byte.size() == 1 ? 4 : 2;
            continue;
        }
        switch (next) {
            case 'n':
                out += '\n';
                break;
            case 't':
                out += '\t';
                break;
            case 'r':
                out += '\r';
                break;
            case '"':
            case '\\':
                out += next;
                break;
            default:
                out += '\\';
                out += next;
        }
        i += 2;
    }
    if (i == line.size()) return unclosed(opened);
    ++i;
    return Status::ok();
}

Status read_word(std::string_view line, Escapes escapes, size_t& i, Word& word) {
    const size_t begin = i;
    const std::string_view raw = line.substr(i);
    word.quoted = raw.front() == '"' || raw.front() == '\'';
    while (i < line.size() && !is_blank(line[i])) {
        if (line[i] == '"') {
            KV_RETURN_IF_ERROR(read_double_quoted(line, escapes, i, word.text));
        } else if (line[i] == '\'') {
            const size_t end = line.find('\'', i + 1);
            if (end == std::string_view::npos) return unclosed(i);
            word.text += line.substr(i + 1, end - i - 1);
            i = end + 1;
        } else {
            const size_t start = i;
            while (i < line.size() && !is_blank(line[i]) && line[i] != '"' && line[i] != '\'') ++i;
            const std::string_view plain = line.substr(start, i - start);
            word.text += escapes == Escapes::kReplaced ? decode_escapes(plain) : std::string(plain);
        }
    }
    // Dashes that were written as escapes are a key's.
    if (word.text.starts_with("--") && !raw.starts_with("--")) word.quoted = true;
    if (word.text == "-" && i - begin != 1) word.quoted = true;
    return Status::ok();
}

}  // namespace

Result<std::vector<Word>> split_words(std::string_view line, Escapes escapes) {
    std::vector<Word> words;
    size_t i = 0;
    while (true) {
        while (i < line.size() && is_blank(line[i])) ++i;
        if (i == line.size()) return words;
        if (words.empty() && line[i] == '#') return words;
        Word word;
        KV_RETURN_IF_ERROR(read_word(line, escapes, i, word));
        words.push_back(std::move(word));
    }
}

bool belongs_in_history(std::string_view line) {
    if (line.empty() || is_blank(line.front())) return false;
    static constexpr std::string_view kSecret = "auth";
    return std::search(line.begin(), line.end(), kSecret.begin(), kSecret.end(),
                       [](char a, char b) {
                           return std::tolower(static_cast<unsigned char>(a)) == b;
                       }) == line.end();
}

}  // namespace kv::cli

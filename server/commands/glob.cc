// See glob.h. Byte for byte what Redis's patterns mean, oddities included: an unterminated class
// ends with the pattern, the ends of a range may come in either order and are compared as signed
// bytes, and nothing but the empty pattern matches the empty text.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands/glob.h"

#include <utility>

namespace kv::server {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool same(char a, char b, bool ignore_case) {
    return a == b || (ignore_case && lower(a) == lower(b));
}

/// Both ends included, in either order; letters lose their case only after they are put in order.
bool in_range(char first, char last, char c, bool ignore_case) {
    auto low = static_cast<signed char>(first);
    auto high = static_cast<signed char>(last);
    auto byte = static_cast<signed char>(c);
    if (low > high) std::swap(low, high);
    if (ignore_case) {
        low = static_cast<signed char>(lower(static_cast<char>(low)));
        high = static_cast<signed char>(lower(static_cast<char>(high)));
        byte = static_cast<signed char>(lower(c));
    }
    return byte >= low && byte <= high;
}

/// Whether `c` is in the class whose '[' is before `pattern`, which is moved behind its ']'.
bool class_has(Bytes& pattern, char c, bool ignore_case) {
    const bool negated = pattern.starts_with('^');
    if (negated) pattern.remove_prefix(1);
    bool found = false;
    while (!pattern.empty() && (pattern.front() != ']')) {
        if (pattern.front() == '\\' && pattern.size() >= 2) {
            found |= pattern[1] == c;
            pattern.remove_prefix(2);
        } else if (pattern.size() >= 3 && pattern[1] == '-') {
            found |= in_range(pattern[0], pattern[2], c, ignore_case);
            pattern.remove_prefix(3);
        } else {
            found |= same(pattern.front(), c, ignore_case);
            pattern.remove_prefix(1);
        }
    }
    if (!pattern.empty()) pattern.remove_prefix(1);
    return found != negated;
}

/// Whether `c` fits the first element of `pattern`, which is not a star; moves behind it.
bool element_fits(Bytes& pattern, char c, bool ignore_case) {
    const char kind = pattern.front();
    pattern.remove_prefix(1);
    if (kind == '?') return true;
    if (kind == '[') return class_has(pattern, c, ignore_case);
    if (kind != '\\' || pattern.empty()) return same(kind, c, ignore_case);
    const char escaped = pattern.front();
    pattern.remove_prefix(1);
    return same(escaped, c, ignore_case);
}

bool is_special(char c) { return c == '*' || c == '?' || c == '['; }

/// The pattern up to its first special character, unescaped into `out`. Returns the rest.
Bytes take_literal(Bytes pattern, std::string& out) {
    while (!pattern.empty() && !is_special(pattern.front())) {
        if (pattern.front() == '\\' && pattern.size() >= 2) pattern.remove_prefix(1);
        out.push_back(pattern.front());
        pattern.remove_prefix(1);
    }
    return pattern;
}

}  // namespace

bool glob_matches(Bytes pattern, Bytes text, bool ignore_case) {
    if (text.empty()) return pattern.empty();
    // Where to go on when the elements after the last star did not fit: that star takes one more.
    bool starred = false;
    Bytes after_star, retry_text;
    while (!text.empty()) {
        if (pattern.starts_with('*')) {
            while (pattern.starts_with('*')) pattern.remove_prefix(1);
            if (pattern.empty()) return true;
            starred = true;
            after_star = pattern;
            retry_text = text;
            continue;
        }
        if (!pattern.empty() && element_fits(pattern, text.front(), ignore_case)) {
            text.remove_prefix(1);
            continue;
        }
        if (!starred) return false;
        retry_text.remove_prefix(1);
        text = retry_text;
        pattern = after_star;
    }
    while (pattern.starts_with('*')) pattern.remove_prefix(1);
    return pattern.empty();
}

std::string glob_prefix(Bytes pattern) {
    std::string prefix;
    take_literal(pattern, prefix);
    return prefix;
}

std::optional<std::string> glob_literal(Bytes pattern) {
    std::string literal;
    if (!take_literal(pattern, literal).empty()) return std::nullopt;
    return literal;
}

}  // namespace kv::server

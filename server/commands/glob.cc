// See glob.h. Byte for byte what Redis's patterns mean, oddities included: an unterminated class
// ends with the pattern, the ends of a range may come in either order and are compared as signed
// bytes, and nothing but the empty pattern matches the empty text.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands/glob.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

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

/// What is between two stars: elements that fit one character each.
struct Segment {
    Bytes pattern;
    size_t elements = 0;
};

/// The elements up to the next star or the end of `pattern`, which is moved behind them.
Segment take_segment(Bytes& pattern) {
    const Bytes all = pattern;
    Segment segment;
    for (; !pattern.empty() && pattern.front() != '*'; ++segment.elements) {
        element_fits(pattern, '\0', false);
    }
    segment.pattern = all.substr(0, all.size() - pattern.size());
    return segment;
}

/// Whether `text` begins with what `pattern` says. Requires elements for all of it, and no star.
bool fits_here(Bytes pattern, Bytes text, bool ignore_case) {
    for (size_t i = 0; !pattern.empty(); ++i) {
        if (!element_fits(pattern, text[i], ignore_case)) return false;
    }
    return true;
}

constexpr size_t kWordBits = 64;

/// Which of the segment's elements `c` fits, a bit for each.
std::vector<uint64_t> fitting_elements(const Segment& segment, char c, bool ignore_case) {
    std::vector<uint64_t> bits((segment.elements + kWordBits - 1) / kWordBits);
    Bytes rest = segment.pattern;
    for (size_t i = 0; i < segment.elements; ++i) {
        const bool fits = element_fits(rest, c, ignore_case);
        bits[i / kWordBits] |= static_cast<uint64_t>(fits) << i % kWordBits;
    }
    return bits;
}

/// find_segment() for long ones: Baeza-Yates and Gonnet's Shift-And. Bit i says that the first
/// i + 1 elements fit the characters that were seen last.
size_t find_long(const Segment& segment, Bytes text, bool ignore_case) {
    std::array<std::vector<uint64_t>, 256> fitting;  // by character, made when there is one
    std::vector<uint64_t> state((segment.elements + kWordBits - 1) / kWordBits);
    const size_t last = segment.elements - 1;
    for (size_t at = 0; at < text.size(); ++at) {
        std::vector<uint64_t>& fits = fitting[static_cast<uint8_t>(text[at])];
        if (fits.empty()) fits = fitting_elements(segment, text[at], ignore_case);
        uint64_t carry = 1;
        for (size_t i = 0; i < state.size(); ++i) {
            const uint64_t moved = state[i] << 1 | carry;
            carry = state[i] >> (kWordBits - 1);
            state[i] = moved & fits[i];
        }
        if ((state[last / kWordBits] >> last % kWordBits & 1) != 0) return at + 1;
    }
    return Bytes::npos;
}

/// Where the first place ends at which the segment fits; npos: nowhere. Requires that it is not
/// longer than the text. Steps: the text for a segment without special characters, for a short one
/// the text times its bytes, which are kWordBits at the most, else the text times a word for each
/// kWordBits elements.
size_t find_segment(const Segment& segment, Bytes text, bool ignore_case) {
    const Bytes pattern = segment.pattern;
    if (!ignore_case && pattern.find_first_of("?[\\") == Bytes::npos) {
        const void* found = memmem(text.data(), text.size(), pattern.data(), pattern.size());
        if (found == nullptr) return Bytes::npos;
        return static_cast<size_t>(static_cast<const char*>(found) - text.data()) + pattern.size();
    }
    if (pattern.size() > kWordBits) return find_long(segment, text, ignore_case);
    for (size_t at = 0; at + segment.elements <= text.size(); ++at) {
        if (fits_here(pattern, text.substr(at), ignore_case)) return at + segment.elements;
    }
    return Bytes::npos;
}

}  // namespace

bool glob_matches(Bytes pattern, Bytes text, bool ignore_case) {
    if (text.empty()) return pattern.empty();
    while (!pattern.empty() && pattern.front() != '*') {
        if (text.empty() || !element_fits(pattern, text.front(), ignore_case)) return false;
        text.remove_prefix(1);
    }
    if (pattern.empty()) return text.empty();
    // The first place where a segment fits leaves the most for those behind it.
    while (true) {
        while (pattern.starts_with('*')) pattern.remove_prefix(1);
        if (pattern.empty()) return true;
        const Segment segment = take_segment(pattern);
        if (segment.elements > text.size()) return false;
        if (pattern.empty()) {
            return fits_here(segment.pattern, text.substr(text.size() - segment.elements),
                             ignore_case);
        }
        const size_t end = find_segment(segment, text, ignore_case);
        if (end == Bytes::npos) return false;
        text.remove_prefix(end);
    }
}

std::string too_long_to_match(std::string_view what, Bytes given) {
    if (given.size() <= kMaxPatternBytes) return {};
    return "ERR " + std::string(what) + " of " + std::to_string(given.size()) +
           " bytes is over the limit of " + std::to_string(kMaxPatternBytes);
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

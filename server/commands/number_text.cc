// See number_text.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands/number_text.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace kv::server {
namespace {

// The longest text taken for a floating-point number; the largest long double has 4,933 digits.
constexpr size_t kMaxFloatText = 5 * 1024;
constexpr int kFractionDigits = 17;

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

}  // namespace

std::optional<int64_t> parse_integer(Bytes text) {
    const Bytes digits = text.starts_with('-') ? text.substr(1) : text;
    if (digits.empty() || digits.front() < '0' || digits.front() > '9') return std::nullopt;
    if (digits.front() == '0' && text.size() > 1) return std::nullopt;
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<long double> parse_long_double(Bytes text) {
    if (text.empty() || text.size() >= kMaxFloatText || is_space(text.front())) return std::nullopt;
    const std::string terminated(text);
    char* end = nullptr;
    errno = 0;
    const long double value = std::strtold(terminated.c_str(), &end);
    if (end != terminated.c_str() + terminated.size() || std::isnan(value)) return std::nullopt;
    if (errno == ERANGE && (std::isinf(value) || value == 0)) return std::nullopt;
    return value;
}

std::string format_long_double(long double value) {
    std::array<char, kMaxFloatText> buffer;
    const int written =
        std::snprintf(buffer.data(), buffer.size(), "%.*Lf", kFractionDigits, value);
    std::string text(buffer.data(), static_cast<size_t>(written));
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text == "-0" ? "0" : text;
}

}  // namespace kv::server

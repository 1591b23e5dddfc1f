// Sorting words into positions and options, and reading numbers out of them.
// SPDX-License-Identifier: Apache-2.0
#include "cli/arguments.h"

#include <algorithm>
#include <charconv>

#include "cli/escape.h"

namespace kv::cli {

namespace {

template <class Number>
Result<Number> parse_number(std::string_view text, std::string_view kind) {
    Number number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end) {
        return Status::invalid_argument("'" + encode_escapes(text) + "' is not " +
                                        std::string(kind));
    }
    return number;
}

const OptionSpec* find_spec(const std::vector<OptionSpec>& specs, std::string_view name) {
    const auto it = std::find_if(specs.begin(), specs.end(),
                                 [&](const OptionSpec& spec) { return spec.name == name; });
    return it == specs.end() ? nullptr : &*it;
}

Status unknown_option(std::string_view name, const std::vector<OptionSpec>& specs) {
    std::string message = "unknown option '" + encode_escapes(name) + "'";
    std::string known;
    for (const OptionSpec& spec : specs) known += " " + std::string(spec.name);
    return Status::invalid_argument(message + "; known here:" + known);
}

bool is_option(const Word& word) {
    return !word.quoted && word.text.size() > 2 && word.text.starts_with("--");
}

}  // namespace

std::optional<std::string> Arguments::value(std::string_view option) const {
    const auto it = options.find(option);
    if (it == options.end()) return std::nullopt;
    return it->second;
}

Result<uint64_t> Arguments::number(std::string_view option, uint64_t fallback) const {
    const auto text = value(option);
    if (!text) return fallback;
    auto number = parse_uint64(*text);
    if (!number.is_ok()) return number.error().with_context(option);
    return number;
}

Result<Arguments> parse_arguments(const std::vector<Word>& words,
                                  const std::vector<OptionSpec>& specs) {
    Arguments arguments;
    bool options_over = false;
    for (size_t i = 0; i < words.size(); ++i) {
        const Word& word = words[i];
        if (!options_over && !word.quoted && word.text == "--") {
            options_over = true;
            continue;
        }
        if (options_over || !is_option(word)) {
            if (!word.quoted && word.text == "-") arguments.dashes.insert(arguments.words.size());
            arguments.words.push_back(word.text);
            continue;
        }
        const size_t equals = word.text.find('=');
        const std::string name = word.text.substr(0, equals);
        const OptionSpec* spec = find_spec(specs, name);
        if (spec == nullptr) return unknown_option(name, specs);
        std::string value;
        if (equals != std::string::npos) {
            if (!spec->takes_value) return Status::invalid_argument(name + " takes no value");
            value = word.text.substr(equals + 1);
        } else if (spec->takes_value) {
            if (++i == words.size()) return Status::invalid_argument(name + " needs a value");
            value = words[i].text;
        }
        arguments.options.insert_or_assign(name, std::move(value));
    }
    return arguments;
}

Result<uint64_t> parse_duration_ms(std::string_view text) {
    static constexpr struct {
        std::string_view unit;
        uint64_t ms;
    } kUnits[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
    const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    for (const auto& [unit, ms] : kUnits) {
        if (text.substr(digits) != unit) continue;
        auto number = parse_uint64(text.substr(0, digits));
        if (!number.is_ok() || *number == 0 || *number > UINT64_MAX / 4 / ms) break;
        return *number * ms;
    }
    return Status::invalid_argument("'" + encode_escapes(text) +
                                    "' is not a duration; write 250ms, 10s, 5m, 2h or 1d");
}

Result<int64_t> parse_int64(std::string_view text) {
    return parse_number<int64_t>(text, "an integer of 64 bits");
}

Result<uint64_t> parse_uint64(std::string_view text) {
    return parse_number<uint64_t>(text, "a whole number of 64 bits");
}

}  // namespace kv::cli

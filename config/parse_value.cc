// See parse_value.h.
// No allocation but for the messages.
// SPDX-License-Identifier: Apache-2.0
#include "config/parse_value.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <limits>
#include <span>

namespace kv::config {
namespace {

struct Unit {
    std::string_view name;
    uint64_t factor;
};

// Largest first: formatting takes the first one that divides.
constexpr std::array<Unit, 4> kSizeUnits{
    {{"TiB", 1ULL << 40}, {"GiB", 1ULL << 30}, {"MiB", 1ULL << 20}, {"KiB", 1ULL << 10}}};
constexpr std::array<Unit, 5> kOtherSizeUnits{
    {{"B", 1}, {"kB", 1000}, {"MB", 1000'000}, {"GB", 1000'000'000}, {"TB", 1000'000'000'000}}};
constexpr std::array<Unit, 4> kTimeUnits{{{"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

/// Digits at the start of `text`, which is advanced past them and past blanks.
Result<uint64_t> take_number(std::string_view& text, std::string_view whole) {
    uint64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) {
        return Status::invalid_argument("'" + std::string(whole) + "' is too large");
    }
    if (error != std::errc()) {
        return Status::invalid_argument("'" + std::string(whole) +
                                        "' does not start with a number");
    }
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    return value;
}

const Unit* find_unit(std::span<const Unit> units, std::string_view name) {
    for (const Unit& unit : units) {
        if (unit.name == name) return &unit;
    }
    return nullptr;
}

Result<uint64_t> scale(uint64_t value, const Unit& unit, std::string_view whole) {
    if (value > std::numeric_limits<uint64_t>::max() / unit.factor) {
        return Status::invalid_argument("'" + std::string(whole) + "' is too large");
    }
    return value * unit.factor;
}

}  // namespace

Result<uint64_t> parse_size(std::string_view text) {
    std::string_view rest = text;
    KV_ASSIGN_OR_RETURN(const uint64_t value, take_number(rest, text));
    if (rest.empty()) return value;
    const Unit* unit = find_unit(kSizeUnits, rest);
    if (unit == nullptr) unit = find_unit(kOtherSizeUnits, rest);
    if (unit == nullptr) {
        return Status::invalid_argument("'" + std::string(text) + "' has an unknown unit '" +
                                        std::string(rest) +
                                        "'; write a size like 4096, 64KiB, 64MiB or 1GiB");
    }
    return scale(value, *unit, text);
}

Result<uint64_t> parse_duration_ms(std::string_view text) {
    if (text == "off") return uint64_t{0};
    std::string_view rest = text;
    KV_ASSIGN_OR_RETURN(const uint64_t value, take_number(rest, text));
    const Unit* unit = find_unit(kTimeUnits, rest);
    if (unit == nullptr) {
        const std::string what =
            rest.empty() ? " has no unit" : " has an unknown unit '" + std::string(rest) + "'";
        return Status::invalid_argument("'" + std::string(text) + "'" + what +
                                        "; write a time like 250ms, 10s, 5m or 1h");
    }
    return scale(value, *unit, text);
}

Result<uint64_t> parse_count(std::string_view text) {
    std::string_view rest = text;
    KV_ASSIGN_OR_RETURN(const uint64_t value, take_number(rest, text));
    if (!rest.empty()) {
        return Status::invalid_argument("'" + std::string(text) + "' is not a whole number");
    }
    return value;
}

Result<bool> parse_bool(std::string_view text) {
    if (text == "true" || text == "yes" || text == "on" || text == "1") return true;
    if (text == "false" || text == "no" || text == "off" || text == "0") return false;
    return Status::invalid_argument("'" + std::string(text) + "' is neither true nor false");
}

std::string format_size(uint64_t bytes) {
    if (bytes != 0) {
        for (const Unit& unit : kSizeUnits) {
            if (bytes % unit.factor == 0) {
                return std::to_string(bytes / unit.factor) + std::string(unit.name);
            }
        }
    }
    return std::to_string(bytes) + "B";
}

std::string format_duration_ms(uint64_t ms) {
    if (ms == 0) return "off";
    for (const Unit& unit : kTimeUnits) {
        if (ms % unit.factor == 0) return std::to_string(ms / unit.factor) + std::string(unit.name);
    }
    return std::to_string(ms) + "ms";
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
    const std::string hint =
        "; write ADDR:PORT with a numeric address, such as 127.0.0.1:7480 or [::1]:7480";
    const size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return Status::invalid_argument("'" + std::string(text) + "' has no port" + hint);
    }
    ListenAddress address;
    std::string_view host = text.substr(0, colon);
    auto port = parse_count(text.substr(colon + 1));
    if (!port.is_ok() || *port > 65535) {
        return Status::invalid_argument("'" + std::string(text) +
                                        "' does not end in a port from 0 to 65535" + hint);
    }
    address.port = static_cast<uint16_t>(*port);
    if (host == "localhost") host = "127.0.0.1";
    const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
    address.host = brackets ? host.substr(1, host.size() - 2) : host;

    in_addr v4{};
    in6_addr v6{};
    if (!brackets && inet_pton(AF_INET, address.host.c_str(), &v4) == 1) {
        address.loopback = (ntohl(v4.s_addr) >> 24) == 127;
    } else if (brackets && inet_pton(AF_INET6, address.host.c_str(), &v6) == 1) {
        address.loopback = IN6_IS_ADDR_LOOPBACK(&v6);
    } else {
        return Status::invalid_argument("'" + std::string(text) + "' has no numeric address" +
                                        hint);
    }
    return address;
}

std::string format_address(std::string_view host, uint16_t port) {
    const bool v6 = host.find(':') != std::string_view::npos;
    std::string text = v6 ? "[" + std::string(host) + "]" : std::string(host);
    return text + ":" + std::to_string(port);
}

}  // namespace kv::config

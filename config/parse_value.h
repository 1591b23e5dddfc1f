// Turns the text of a setting into a number and back: sizes ("64MiB"), times ("250ms"), listen
// addresses ("127.0.0.1:7480"). Pure functions, used by the key table and by tests.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kv/result.h"

namespace kv::config {

/// "4096", "64KiB", "64MiB", "1GiB", "1TiB" (powers of 1024), "64kB", "64MB" (powers of 1000).
/// kInvalidArgument names the units that are known.
Result<uint64_t> parse_size(std::string_view text);
/// "250ms", "10s", "5m", "1h", or "off" for 0. A bare number is refused: nobody can tell its unit.
Result<uint64_t> parse_duration_ms(std::string_view text);
/// Decimal digits only.
Result<uint64_t> parse_count(std::string_view text);
Result<bool> parse_bool(std::string_view text);

/// The largest unit that shows the value exactly: 67108864 -> "64MiB", 1500 -> "1500B".
std::string format_size(uint64_t bytes);
/// 10000 -> "10s", 250 -> "250ms", 0 -> "off".
std::string format_duration_ms(uint64_t ms);

/// A numeric address and a port; "localhost" stands for 127.0.0.1.
struct ListenAddress {
    std::string host;
    uint16_t port = 0;
    /// 127.0.0.0/8 and ::1: reachable from this machine only.
    bool loopback = false;
};
/// "ADDR:PORT" with a numeric IPv4 address or an IPv6 one in brackets; port 0 picks a free port.
Result<ListenAddress> parse_listen_address(std::string_view text);
/// The reverse, with brackets around IPv6.
std::string format_address(std::string_view host, uint16_t port);

}  // namespace kv::config

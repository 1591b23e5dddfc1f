// Fixed arrival times, computed from the number of the arrival so that no error adds up.
// SPDX-License-Identifier: Apache-2.0
#include "bench/traffic/arrival_schedule.h"

namespace kv::bench {

ArrivalSchedule::ArrivalSchedule(uint64_t per_second, uint32_t connections, uint32_t first,
                                 uint32_t stride, uint64_t start_ns)
    : per_second_(per_second),
      connections_(connections),
      first_(first),
      stride_(stride),
      start_ns_(start_ns) {}

uint64_t ArrivalSchedule::next_ns() const {
    const uint64_t number = round_ * connections_ + first_ + uint64_t{in_round_} * stride_;
    const auto after = static_cast<__uint128_t>(number) * 1'000'000'000 / per_second_;
    return start_ns_ + static_cast<uint64_t>(after);
}

std::optional<Arrival> ArrivalSchedule::take_due(uint64_t now_ns) {
    const uint64_t due_ns = next_ns();
    if (due_ns > now_ns) return std::nullopt;
    const Arrival arrival{in_round_, due_ns};
    ++in_round_;
    if (first_ + uint64_t{in_round_} * stride_ >= connections_) {
        in_round_ = 0;
        ++round_;
    }
    return arrival;
}

}  // namespace kv::bench

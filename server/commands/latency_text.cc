// See latency_text.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands/latency_text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

namespace kv::server {
namespace {

using Event = LatencyMonitor::Event;

constexpr size_t kColumns = 80;
constexpr size_t kRows = 4;

std::string since(uint64_t seconds) {
    struct Unit {
        uint64_t seconds;
        char name;
    };
    constexpr std::array kUnits{Unit{86'400, 'd'}, Unit{3'600, 'h'}, Unit{60, 'm'}};
    for (const Unit& unit : kUnits) {
        if (seconds >= unit.seconds) return std::to_string(seconds / unit.seconds) + unit.name;
    }
    return std::to_string(seconds) + 's';
}

/// The character of a column in the row that is `row` from the bottom.
char mark(size_t height, size_t row) {
    // Each row has three levels: nothing, the lower half, full.
    const size_t level = row * 2;
    if (height <= level) return row == 0 ? '_' : ' ';
    if (height == level + 1) return row == 0 ? '_' : 'o';
    return height <= level + 2 ? '#' : '|';
}

std::string without_trailing_spaces(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

struct Summary {
    uint64_t average_ms = 0;
    uint64_t deviation_ms = 0;
    double period_s = 0;
};

Summary summarise(const Event& event) {
    Summary summary;
    const size_t count = event.samples.size();
    uint64_t sum = 0, off = 0;
    for (const auto& sample : event.samples) sum += sample.ms;
    summary.average_ms = sum / count;
    for (const auto& sample : event.samples) {
        off += std::max(sample.ms, summary.average_ms) - std::min(sample.ms, summary.average_ms);
    }
    summary.deviation_ms = off / count;
    const uint64_t span = event.samples.back().unix_s - event.samples.front().unix_s;
    summary.period_s = static_cast<double>(span) / static_cast<double>(count);
    return summary;
}

std::string two_digits(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.2f", value);
    return text.data();
}

}  // namespace

std::string latency_graph(const Event& event, uint64_t now_s) {
    const size_t shown = std::min(event.samples.size(), kColumns);
    const auto first = event.samples.end() - static_cast<std::ptrdiff_t>(shown);
    uint64_t low = first->ms, high = first->ms;
    for (auto it = first; it != event.samples.end(); ++it) {
        low = std::min(low, it->ms);
        high = std::max(high, it->ms);
    }
    std::vector<size_t> heights;
    std::vector<std::string> labels;
    size_t longest = 0;
    for (auto it = first; it != event.samples.end(); ++it) {
        const uint64_t range = std::max<uint64_t>(high - low, 1);
        heights.push_back((it->ms - low) * (kRows * 2) / range);
        labels.push_back(since(now_s > it->unix_s ? now_s - it->unix_s : 0));
        longest = std::max(longest, labels.back().size());
    }
    std::string text = event.name + " - high " + std::to_string(high) + " ms, low " +
                       std::to_string(low) + " ms (all time high " + std::to_string(event.max_ms) +
                       " ms)\n" + std::string(kColumns, '-') + "\n";
    for (size_t row = kRows; row-- > 0;) {
        std::string line;
        for (const size_t height : heights) line += mark(height, row);
        text += without_trailing_spaces(line) + "\n";
    }
    text += "\n";
    for (size_t i = 0; i < longest; ++i) {
        std::string line;
        for (const std::string& label : labels) line += i < label.size() ? label[i] : ' ';
        text += without_trailing_spaces(line) + "\n";
    }
    return text;
}

std::string latency_report(const LatencyMonitor& latency) {
    if (latency.threshold_ms() == 0) {
        return "Latency monitoring is off. CONFIG SET latency-monitor-threshold <milliseconds> "
               "turns it on.\n";
    }
    const std::vector<Event> events = latency.events();
    if (events.empty()) return "No latency spike was observed so far.\n";
    std::string text = "Latency spikes were observed:\n\n";
    for (size_t i = 0; i < events.size(); ++i) {
        const Event& event = events[i];
        const Summary summary = summarise(event);
        text += std::to_string(i + 1) + ". " + event.name + ": " +
                std::to_string(event.samples.size()) + " latency spikes (average " +
                std::to_string(summary.average_ms) + "ms, mean deviation " +
                std::to_string(summary.deviation_ms) + "ms, period " +
                two_digits(summary.period_s) + " sec). Worst all time event " +
                std::to_string(event.max_ms) + "ms.\n";
    }
    return text +
           "\nSLOWLOG GET shows the slowest commands. Writes that wait for the disk "
           "(KV.DURABILITY) and reads of keys that are not cached are as slow as the disk; INFO "
           "kvd shows both.\n";
}

}  // namespace kv::server

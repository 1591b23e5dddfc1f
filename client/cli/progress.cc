// Progress bars and summaries.
// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "cli/output.h"

namespace kv::cli {

namespace {

constexpr double kTerminalInterval = 0.1;
constexpr double kPlainInterval = 5;

std::string with_commas(uint64_t number) {
    std::string digits = std::to_string(number);
    for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
    return digits;
}

uint64_t per_second(uint64_t count, double seconds) {
    return seconds <= 0 ? 0 : static_cast<uint64_t>(static_cast<double>(count) / seconds);
}

double share(const ProgressState& state) {
    if (state.total == 0) return 0;
    return std::min(1.0, static_cast<double>(state.done) / static_cast<double>(state.total));
}

std::string time_left(const ProgressState& state) {
    const double part = share(state);
    if (part <= 0 || state.seconds < 0.5) return "";
    return "  " + format_seconds(state.seconds * (1 - part) / part) + " left";
}

}  // namespace

std::string format_bytes(uint64_t bytes) {
    static constexpr const char* kUnits[] = {"kB", "MB", "GB", "TB"};
    if (bytes < 1000) return std::to_string(bytes) + " bytes";
    double scaled = static_cast<double>(bytes) / 1000;
    size_t unit = 0;
    while (scaled >= 1000 && unit + 1 < std::size(kUnits)) {
        scaled /= 1000;
        ++unit;
    }
    char text[32];
    std::snprintf(text, sizeof text, "%.1f %s", scaled, kUnits[unit]);
    return text;
}

std::string format_seconds(double seconds) {
    const auto whole = static_cast<uint64_t>(seconds + 0.5);
    char text[48];
    if (whole < 60) {
        std::snprintf(text, sizeof text, "%d s", static_cast<int>(whole));
    } else if (whole < 3600) {
        std::snprintf(text, sizeof text, "%d:%02d", static_cast<int>(whole / 60),
                      static_cast<int>(whole % 60));
    } else {
        std::snprintf(text, sizeof text, "%llu:%02d:%02d",
                      static_cast<unsigned long long>(whole / 3600),
                      static_cast<int>(whole / 60 % 60), static_cast<int>(whole % 60));
    }
    return text;
}

std::string progress_text(const ProgressState& state) {
    return with_commas(state.entries) + " entries  " + format_bytes(state.bytes) + "  " +
           with_commas(per_second(state.entries, state.seconds)) + "/s";
}

std::string progress_bar(const ProgressState& state, size_t width) {
    std::string text = progress_text(state) + time_left(state);
    if (state.total == 0) return text.substr(0, width);
    char percent[16];
    std::snprintf(percent, sizeof percent, " %3d%%  ", static_cast<int>(share(state) * 100));
    text.insert(0, percent);
    const size_t room = width > text.size() + 2 ? width - text.size() - 2 : 0;
    const size_t cells = std::min<size_t>(room, 30);
    if (cells < 5) return text.substr(0, width);
    const auto full = static_cast<size_t>(share(state) * static_cast<double>(cells));
    return "[" + std::string(full, '#') + std::string(cells - full, '.') + "]" + text;
}

std::string summary_line(const std::string& verb, const ProgressState& state) {
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.1f s", state.seconds);
    return verb + " " + with_commas(state.entries) + " entries, " + format_bytes(state.bytes) +
           " in " + seconds + " (" + with_commas(per_second(state.entries, state.seconds)) +
           " entries/s)";
}

Progress::Progress(std::string verb, uint64_t total, bool quiet)
    : verb_(std::move(verb)),
      quiet_(quiet),
      terminal_(::isatty(STDERR_FILENO) != 0),
      start_(std::chrono::steady_clock::now()),
      next_show_(terminal_ ? kTerminalInterval : kPlainInterval) {
    state_.total = total;
}

double Progress::seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Progress::update(uint64_t entries, uint64_t bytes, uint64_t done) {
    state_.entries = entries;
    state_.bytes = bytes;
    state_.done = done;
    if (quiet_) return;
    state_.seconds = seconds();
    if (state_.seconds < next_show_) return;
    next_show_ = state_.seconds + (terminal_ ? kTerminalInterval : kPlainInterval);
    if (terminal_) {
        const size_t width = terminal_size(STDERR_FILENO).columns - 1;
        std::fprintf(stderr, "\r%s\x1b[K", progress_bar(state_, width).c_str());
    } else {
        std::fprintf(stderr, "%s so far: %s%s\n", verb_.c_str(), progress_text(state_).c_str(),
                     time_left(state_).c_str());
    }
}

void Progress::clear() {
    if (terminal_ && !quiet_) std::fputs("\r\x1b[K", stderr);
}

void Progress::finish() {
    clear();
    state_.seconds = seconds();
    std::fprintf(stderr, "%s\n", summary_line(verb_, state_).c_str());
}

}  // namespace kv::cli

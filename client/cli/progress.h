// Progress: how far an import or export is, on standard error: a bar that stays on its line on a
// terminal, otherwise a plain line every few seconds.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace kv::cli {

struct ProgressState {
    uint64_t entries = 0;
    uint64_t bytes = 0;
    double seconds = 0;
    /// Done so far and in all, in whatever unit is known; 0 in all: unknown.
    uint64_t done = 0;
    uint64_t total = 0;
};

/// "12.5 MB", "980 bytes".
std::string format_bytes(uint64_t bytes);
/// "1:02:03", "2:05", "9 s".
std::string format_seconds(double seconds);
/// "41,210 entries  12.5 MB  38,020/s", without share and time left.
std::string progress_text(const ProgressState& state);
/// `width` columns: bar, share, progress_text, time left.
std::string progress_bar(const ProgressState& state, size_t width);
/// "imported 63,000 entries, 50.1 MB in 2.3 s (27,391 entries/s)".
std::string summary_line(const std::string& verb, const ProgressState& state);

class Progress {
  public:
    /// `quiet`: only the last line.
    Progress(std::string verb, uint64_t total, bool quiet);

    void update(uint64_t entries, uint64_t bytes, uint64_t done);
    /// Clears the bar, so that a message can follow.
    void clear();
    /// The summary, always shown.
    void finish();

  private:
    double seconds() const;

    const std::string verb_;
    const bool quiet_;
    const bool terminal_;
    const std::chrono::steady_clock::time_point start_;
    double next_show_ = 0;
    ProgressState state_;
};

}  // namespace kv::cli

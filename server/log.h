// The daemon's log: text or JSON lines on standard error or in a file, written by a thread of its
// own so that no network thread waits for a terminal. One line an event, none a request.
// Thread rule: start_log/stop_log by main; everything else from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/config.h"
#include "kv/log_throttle.h"
#include "kv/result.h"
#include "kv/status.h"

namespace kv::server {

/// Makes the default logger from log.format, log.level and log.file. kNoSpace or kIoError, which
/// may_pass() judges, when the file cannot be opened; else kInvalidArgument. Until then, and after
/// stop_log, lines go to standard error at once.
Status start_log(const config::Config& config);
/// Writes out what is queued.
void stop_log();
/// Leaves the log file that is open, which somebody may have renamed, for the one that log.file
/// names now: its path, or an empty text when the log goes to standard error. kIoError: it cannot
/// be opened, and lines go on to the old one.
Result<std::string> reopen_log();

/// For a process that is about to end: writes one error line past the queue and without allocating,
/// in the log's form and to where it goes. What is queued may come later or never.
void log_last_words(const char* line);

void log_line(LogLevel level, std::string_view line);
inline void log_info(std::string_view line) { log_line(LogLevel::kInfo, line); }
inline void log_warning(std::string_view line) { log_line(LogLevel::kWarning, line); }
inline void log_error(std::string_view line) { log_line(LogLevel::kError, line); }

/// Text made safe for inside a JSON string.
std::string escape_json(std::string_view text);

/// Logs a warning through `throttle`, with the number of lines left out.
void log_limited(LogThrottle& throttle, uint64_t now_us, std::string_view line);

}  // namespace kv::server

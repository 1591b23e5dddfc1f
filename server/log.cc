// See log.h. spdlog throws in constructors; nothing leaves this file.
// SPDX-License-Identifier: Apache-2.0
#include "server/log.h"

#include <spdlog/async.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <mutex>
#include <utility>

#include "server/log_file.h"

namespace kv::server {
namespace {

constexpr size_t kQueuedLines = 8192;

spdlog::level::level_enum to_spdlog(LogLevel level) {
    switch (level) {
        case LogLevel::kDebug:
            return spdlog::level::debug;
        case LogLevel::kInfo:
            return spdlog::level::info;
        case LogLevel::kWarning:
            return spdlog::level::warn;
        case LogLevel::kError:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

/// %* in a pattern: the message as the inside of a JSON string.
class JsonMessage final : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message, const std::tm&,
                spdlog::memory_buf_t& out) override {
        const std::string text =
            escape_json(std::string_view(message.payload.data(), message.payload.size()));
        out.append(text.data(), text.data() + text.size());
    }
    std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<JsonMessage>();
    }
};

/// %* in a pattern: the syslog priority that journald reads at the start of a line.
class JournalPriority final : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message, const std::tm&,
                spdlog::memory_buf_t& out) override {
        std::string_view priority = "<6>";
        if (message.level >= spdlog::level::err)
            priority = "<3>";
        else if (message.level == spdlog::level::warn)
            priority = "<4>";
        else if (message.level <= spdlog::level::debug)
            priority = "<7>";
        out.append(priority.data(), priority.data() + priority.size());
    }
    std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<JournalPriority>();
    }
};

/// What lines look like. The last words cannot ask a formatter.
enum class Form : uint8_t { kText, kJson, kJournal };
std::atomic<Form> form{Form::kText};
std::atomic<int> descriptor{STDERR_FILENO};

/// JOURNAL_STREAM names the journal's socket as DEVICE:INODE. Whatever a service starts inherits
/// the variable, with its standard error sent elsewhere perhaps.
bool is_journal(int fd) {
    const char* const stream = std::getenv("JOURNAL_STREAM");
    struct stat info {};
    if (stream == nullptr || fstat(fd, &info) != 0) return false;
    return stream == std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
}

Form form_of(const config::Config& config) {
    if (config.log_format == "json") return Form::kJson;
    const bool journal = config.log_file.empty() && is_journal(STDERR_FILENO);
    return journal ? Form::kJournal : Form::kText;
}

std::unique_ptr<spdlog::formatter> make_formatter() {
    auto formatter =
        std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc, "\n");
    switch (form) {
        case Form::kJson:
            formatter->add_flag<JsonMessage>('*').set_pattern(
                R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":"%*"})");
            break;
        case Form::kJournal:
            formatter->add_flag<JournalPriority>('*').set_pattern("%*%v");
            break;
        case Form::kText:
            formatter->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v");
            break;
    }
    return formatter;
}

/// The thread that writes, and its queue. Ours rather than spdlog's, so that it can be joined
/// before the logger goes.
std::shared_ptr<spdlog::details::thread_pool>& writer() {
    static std::shared_ptr<spdlog::details::thread_pool> pool;
    return pool;
}

/// log.file while there is a log that goes to one. A signal may ask for it at any time.
class CurrentFile {
  public:
    void set(std::shared_ptr<LogFileSink> file) {
        const std::lock_guard lock(mutex_);
        file_ = std::move(file);
    }
    std::shared_ptr<LogFileSink> get() {
        const std::lock_guard lock(mutex_);
        return file_;
    }

  private:
    std::mutex mutex_;
    std::shared_ptr<LogFileSink> file_;  // guarded by mutex_
};

CurrentFile& current_file() {
    static CurrentFile file;
    return file;
}

Result<spdlog::sink_ptr> make_sink(const config::Config& config) {
    if (config.log_file.empty()) {
        return spdlog::sink_ptr(std::make_shared<spdlog::sinks::stderr_sink_mt>());
    }
    auto file = std::make_shared<LogFileSink>(config.log_file);
    KV_RETURN_IF_ERROR(file->reopen());
    current_file().set(file);
    descriptor = file->descriptor();
    return spdlog::sink_ptr(std::move(file));
}

}  // namespace

Status start_log(const config::Config& config) {
    try {
        KV_ASSIGN_OR_RETURN(spdlog::sink_ptr sink, make_sink(config));
        form = form_of(config);
        sink->set_formatter(make_formatter());
        writer() = std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1);
        auto logger = std::make_shared<spdlog::async_logger>(
            "kvd", std::move(sink), writer(), spdlog::async_overflow_policy::overrun_oldest);
        logger->set_level(spdlog::level::from_str(config.log_level));
        logger->flush_on(spdlog::level::info);
        spdlog::set_default_logger(std::move(logger));
    } catch (const spdlog::spdlog_ex& error) {
        return Status::invalid_argument(std::string("log: ") + error.what());
    }
    return Status::ok();
}

void stop_log() {
    writer().reset();  // writes what is queued, then joins
    spdlog::shutdown();
    descriptor = STDERR_FILENO;
    current_file().set(nullptr);
}

Result<std::string> reopen_log() {
    const std::shared_ptr<LogFileSink> file = current_file().get();
    if (file == nullptr) return std::string();
    KV_RETURN_IF_ERROR(file->reopen());
    return file->path();
}

void log_last_words(const char* line) {
    timespec now{};
    std::tm parts{};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &parts);
    char second[32] = "";
    (void)std::strftime(second, sizeof second, "%FT%T", &parts);
    char time[48];
    (void)std::snprintf(time, sizeof time, "%s.%03ldZ", second, now.tv_nsec / 1'000'000);
    char safe[512];
    size_t length = 0;
    for (; line[length] != '\0' && length + 1 < sizeof safe; ++length) {
        const char c = line[length];
        const bool breaks = c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
        safe[length] = breaks ? ' ' : c;
    }
    safe[length] = '\0';
    char text[sizeof safe + 96];
    int size = 0;
    switch (form) {
        case Form::kJson:
            size = std::snprintf(text, sizeof text,
                                 "{\"time\":\"%s\",\"level\":\"error\",\"message\":\"%s\"}\n", time,
                                 safe);
            break;
        case Form::kJournal:
            size = std::snprintf(text, sizeof text, "<3>%s\n", safe);
            break;
        case Form::kText:
            size = std::snprintf(text, sizeof text, "%s error %s\n", time, safe);
            break;
    }
    if (size > 0) (void)!write(descriptor, text, static_cast<size_t>(size));
}

void log_line(LogLevel level, std::string_view line) {
    spdlog::logger* logger = spdlog::default_logger_raw();
    if (logger == nullptr) {
        std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
        return;
    }
    logger->log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

std::string escape_json(std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    std::string escaped;
    escaped.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            escaped += '\\';
            escaped += c;
        } else if (byte < 0x20 || byte == 0x7F) {
            escaped += "\\u00";
            escaped += kHex[byte >> 4];
            escaped += kHex[byte & 15];
        } else {
            escaped += c;
        }
    }
    return escaped;
}

void log_limited(LogThrottle& throttle, uint64_t now_us, std::string_view line) {
    uint64_t suppressed = 0;
    if (!throttle.allow(now_us, suppressed)) return;
    log_warning(std::string(line) + LogThrottle::tail(suppressed));
}

}  // namespace kv::server

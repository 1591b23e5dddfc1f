// LogFileSink: log.file as spdlog writes to it. Opened anew on demand, so that it can be rotated by
// renaming; a line goes to the file at once, in one call.
// Thread rule: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <mutex>
#include <string>
#include <utility>

#include "kv/status.h"

namespace kv::server {

class LogFileSink final : public spdlog::sinks::base_sink<std::mutex> {
  public:
    /// Call reopen() before anything else, while one thread knows of it.
    explicit LogFileSink(std::string path) : path_(std::move(path)) {}
    ~LogFileSink() override;

    /// Opens the file under its name, made when missing, and leaves the one before. kNoSpace or
    /// kIoError names the file and the reason: lines go on to the one before.
    Status reopen();
    /// Stays the same for good: for a process that is about to end and cannot wait for anybody.
    int descriptor() const { return fd_; }
    const std::string& path() const { return path_; }

  protected:
    void sink_it_(const spdlog::details::log_msg& message) override;
    void flush_() override {}

  private:
    const std::string path_;
    int fd_ = -1;  // set once; what it stands for is guarded by the mutex of the base
};

}  // namespace kv::server

// The `export` command: one scan, as of one moment, into a file that appears only when it is whole,
// or into a pipe or a device.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "cli/command.h"
#include "cli/lease_keeper.h"
#include "cli/progress.h"
#include "cli/record_format.h"

namespace kv::cli {

namespace {

namespace fs = std::filesystem;

constexpr size_t kWriteBytes = 256U << 10;

// Where the links at `path` lead, whether or not there is anything yet.
fs::path behind_links(fs::path path) {
    constexpr int kMaxLinks = 40;  // as the kernel
    for (int i = 0; i < kMaxLinks; ++i) {
        std::error_code no_link;
        const fs::path next = fs::read_symlink(path, no_link);
        if (no_link) break;
        path = path.parent_path() / next;
    }
    return path;
}

// The target of an export. A file is written beside its place and moved there at the end, behind
// the links that lead to it. A pipe or a device is written as it is: nothing may take its place.
class Target {
  public:
    explicit Target(std::string path) : path_(std::move(path)) {}
    ~Target() {
        if (file_ == nullptr || is_stdout()) return;
        std::fclose(file_);
        if (!direct_) std::remove(written_.c_str());
    }
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;

    Status open() {
        if (is_stdout()) {
            file_ = stdout;
            return Status::ok();
        }
        struct stat info {};
        const bool exists = ::stat(path_.c_str(), &info) == 0;
        if (!exists && errno != ENOENT) return trouble("opening");
        direct_ = exists && !S_ISREG(info.st_mode);
        if (!direct_) {
            path_ = behind_links(path_).string();
            written_ = path_ + ".part";
        }
        const int flags = O_WRONLY | O_CLOEXEC | (direct_ ? 0 : O_CREAT | O_TRUNC);
        const int fd = ::open(written_.c_str(), flags, 0666);
        if (fd >= 0) file_ = ::fdopen(fd, "wb");
        return file_ == nullptr ? trouble("opening") : Status::ok();
    }

    Status write(Bytes bytes) {
        if (std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size()) return Status::ok();
        return trouble("writing");
    }

    Status commit() {
        if (std::fflush(file_) != 0) return trouble("writing");
        if (is_stdout()) return Status::ok();
        // Pipes and most devices have nothing to sync.
        if (::fsync(::fileno(file_)) != 0 && !(direct_ && errno == EINVAL)) {
            return trouble("syncing");
        }
        if (std::fclose(std::exchange(file_, nullptr)) != 0) return trouble("closing");
        if (!direct_ && std::rename(written_.c_str(), path_.c_str()) != 0) {
            return trouble("renaming");
        }
        return Status::ok();
    }

    /// An error came from here.
    bool has_failed() const { return failed_; }

  private:
    bool is_stdout() const { return written_ == "-"; }
    Status trouble(const char* what) {
        const int error = errno;
        failed_ = true;
        return Status::io_error(std::string(what) + " " +
                                (is_stdout() ? "the standard output" : written_) + ": " +
                                std::strerror(error));
    }

    std::string path_;
    std::string written_ = path_;  // path_ itself, or its .part
    bool direct_ = false;
    bool failed_ = false;
    std::FILE* file_ = nullptr;
};

Status export_entries(Context& context, client::Scan& scan, FileFormat format, Target& target,
                      Progress& progress) {
    std::string out = encode_header(format);
    uint64_t entries = 0;
    uint64_t bytes = 0;
    while (!context.interrupt.triggered() && scan.next()) {
        const client::KeyedEntry& entry = scan.entry();
        append_record(format, entry.key, entry.value, entry.expiry_ms, out);
        ++entries;
        bytes += entry.key.size() + entry.value.size();
        if (out.size() < kWriteBytes) continue;
        KV_RETURN_IF_ERROR(target.write(out));
        out.clear();
        progress.update(entries, bytes, entries);
    }
    if (context.interrupt.triggered()) return {Code::kCancelled, "export: cancelled"};
    KV_RETURN_IF_ERROR(scan.status());
    out += encode_trailer(format, entries);
    KV_RETURN_IF_ERROR(target.write(out));
    progress.update(entries, bytes, entries);
    return Status::ok();
}

}  // namespace

CommandResult run_export(Context& context, const Arguments& arguments) {
    const std::string name = arguments.value("--format").value_or("jsonl");
    const auto format = parse_file_format(name);
    if (!format) return usage_error("--format '" + name + "'; expected jsonl or binary");
    client::ScanOptions options;
    options.prefix = arguments.value("--prefix").value_or("");
    options.window_bytes = 4U << 20;
    // Only for the bar: an export that cannot be estimated can still be made.
    const auto estimate = context.client->count(options);
    Target target(arguments.words[0]);
    Status status = target.open();
    if (context.interrupt.triggered()) return failed({Code::kCancelled, "export: cancelled"});
    if (!status.is_ok()) return file_error(std::move(status));
    Progress progress("exported", estimate.is_ok() ? estimate->entries : 0,
                      arguments.has("--quiet"));
    const auto snapshot = context.client->snapshot();
    if (!snapshot.is_ok()) return failed(snapshot.error());
    options.snapshot = snapshot->get();
    const LeaseKeeper lease(**snapshot);
    client::Scan scan = context.client->scan(options);
    status = export_entries(context, scan, *format, target, progress);
    if (status.is_ok()) status = target.commit();
    if (status.is_ok()) {
        progress.finish();
        return done();
    }
    progress.clear();
    return target.has_failed() ? file_error(std::move(status)) : failed(std::move(status));
}

}  // namespace kv::cli

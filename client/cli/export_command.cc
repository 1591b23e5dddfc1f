// The `export` command: one scan, as of one moment, into a file that appears only when it is whole.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "cli/command.h"
#include "cli/progress.h"
#include "cli/record_format.h"

namespace kv::cli {

namespace {

constexpr size_t kWriteBytes = 256U << 10;

// The target of an export. A named file is written beside its place and moved there at the end.
class Target {
  public:
    explicit Target(std::string path) : path_(std::move(path)) {}
    ~Target() {
        if (file_ == nullptr || is_stdout()) return;
        std::fclose(file_);
        std::remove(part_path().c_str());
    }
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;

    Status open() {
        file_ = is_stdout() ? stdout : std::fopen(part_path().c_str(), "wbe");
        return file_ == nullptr ? trouble("opening") : Status::ok();
    }

    Status write(Bytes bytes) {
        if (std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size()) return Status::ok();
        return trouble("writing");
    }

    Status commit() {
        if (std::fflush(file_) != 0) return trouble("writing");
        if (is_stdout()) return Status::ok();
        if (::fsync(::fileno(file_)) != 0) return trouble("syncing");
        if (std::fclose(std::exchange(file_, nullptr)) != 0) return trouble("closing");
        if (std::rename(part_path().c_str(), path_.c_str()) != 0) return trouble("renaming");
        return Status::ok();
    }

  private:
    bool is_stdout() const { return path_ == "-"; }
    std::string part_path() const { return path_ + ".part"; }
    Status trouble(const char* what) const {
        return Status::io_error(std::string(what) + " " +
                                (is_stdout() ? "the standard output" : part_path()) + ": " +
                                std::strerror(errno));
    }

    const std::string path_;
    std::FILE* file_ = nullptr;
};

// Keeps a snapshot's lease from running out, however long the export takes.
class LeaseKeeper {
  public:
    explicit LeaseKeeper(client::Snapshot& snapshot)
        : snapshot_(snapshot), interval_(std::chrono::milliseconds(snapshot.lease_ms() / 3)) {}

    Status keep() {
        const auto now = std::chrono::steady_clock::now();
        if (now < renewed_ + interval_) return Status::ok();
        renewed_ = now;
        return snapshot_.renew();
    }

  private:
    client::Snapshot& snapshot_;
    const std::chrono::milliseconds interval_;
    std::chrono::steady_clock::time_point renewed_ = std::chrono::steady_clock::now();
};

Status export_entries(Context& context, client::Scan& scan, FileFormat format, Target& target,
                      Progress& progress, LeaseKeeper& lease) {
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
        KV_RETURN_IF_ERROR(lease.keep());
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
    if (!status.is_ok()) return usage_error(std::move(status));
    Progress progress("exported", estimate.is_ok() ? estimate->entries : 0,
                      arguments.has("--quiet"));
    const auto snapshot = context.client->snapshot();
    if (!snapshot.is_ok()) return failed(snapshot.error());
    options.snapshot = snapshot->get();
    LeaseKeeper lease(**snapshot);
    client::Scan scan = context.client->scan(options);
    status = export_entries(context, scan, *format, target, progress, lease);
    if (status.is_ok()) status = target.commit();
    if (status.is_ok()) {
        progress.finish();
        return done();
    }
    progress.clear();
    return failed(std::move(status));
}

}  // namespace kv::cli

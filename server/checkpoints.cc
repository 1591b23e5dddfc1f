// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "server/checkpoints.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "kv/file_system.h"
#include "protocol/limits.h"
#include "server/log.h"

namespace kv::server {

namespace {

namespace fs = std::filesystem;

constexpr uint64_t kRetryMs = 1000;
constexpr std::string_view kUnfinished = ".unfinished";

/// A plain file name that no program hides or takes for an option.
bool is_checkpoint_name(std::string_view name) {
    const auto is_letter_or_digit = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    if (name.empty() || name.size() > protocol::kMaxCheckpointNameBytes) return false;
    if (!is_letter_or_digit(name.front())) return false;
    return std::all_of(name.begin(), name.end(), [&](char c) {
        return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
    });
}

std::string absolute(const std::string& path) {
    std::error_code failed;
    const auto found = fs::absolute(path, failed).lexically_normal();
    return failed ? path : found.string();
}

/// The directory and all in it. Logs `done`, if there was anything, or why not.
void remove_whole(const fs::path& dir, std::string_view done) {
    std::error_code failed;
    const auto removed = fs::remove_all(dir, failed);
    if (failed) {
        log_warning(dir.string() + ": cannot be removed: " + failed.message() +
                    "; remove it by hand");
    } else if (removed != 0) {
        log_info(dir.string() + ": " + std::string(done));
    }
}

}  // namespace

Checkpoints::Checkpoints(Db& db, const std::string& data_dir)
    : db_(db), all_(join_path(absolute(data_dir), "checkpoints")) {
    remove_unfinished();
}

void Checkpoints::remove_unfinished() const {
    std::error_code failed;
    for (fs::directory_iterator entry(all_, failed), end; !failed && entry != end;
         entry.increment(failed)) {
        const std::string name = entry->path().filename().string();
        if (!name.starts_with('.') || !name.ends_with(kUnfinished)) continue;
        remove_whole(entry->path(), "removed: a checkpoint that was not finished");
    }
}

Result<Checkpoints::Made> Checkpoints::make(const std::string& name) {
    if (!is_checkpoint_name(name)) {
        return Status::invalid_argument(
            "not a name for a checkpoint; expected up to " +
            std::to_string(protocol::kMaxCheckpointNameBytes) +
            " letters, digits and any of . - _ behind the first letter or digit");
    }
    const std::unique_lock lock(making_, std::try_to_lock);
    if (!lock.owns_lock())
        return Status(Code::kOverloaded, "another checkpoint is being made", kRetryMs);
    FileSystem& files = posix_file_system();
    const std::string path = join_path(all_, name);
    KV_ASSIGN_OR_RETURN(const bool is_taken, files.exists(path));
    if (is_taken)
        return Status::invalid_argument(path + ": exists; remove it, or choose another name");
    KV_RETURN_IF_ERROR(files.create_dir(all_));
    KV_RETURN_IF_ERROR(sync_entry(files, all_));
    const std::string unfinished = join_path(all_, "." + name + std::string(kUnfinished));
    auto info = write(unfinished, path);
    if (!info.is_ok()) {
        log_warning("checkpoint " + path + ": " + info.error().to_string());
        remove_whole(unfinished, "removed");
        return info.error();
    }
    log_info("checkpoint " + path + ": whole");
    return Made{path, *info};
}

Result<CheckpointInfo> Checkpoints::write(const std::string& unfinished, const std::string& path) {
    KV_ASSIGN_OR_RETURN(const CheckpointInfo info, db_.checkpoint(unfinished));
    FileSystem& files = posix_file_system();
    KV_RETURN_IF_ERROR(files.rename(unfinished, path));
    KV_RETURN_IF_ERROR(files.sync_dir(all_));
    return info;
}

}  // namespace kv::server

// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "server/checkpoints.h"

#include <algorithm>
#include <filesystem>

#include "kv/file_system.h"
#include "protocol/limits.h"
#include "server/log.h"

namespace kv::server {

namespace {

constexpr uint64_t kRetryMs = 1000;

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
    const auto found = std::filesystem::absolute(path, failed).lexically_normal();
    return failed ? path : found.string();
}

}  // namespace

Checkpoints::Checkpoints(Db& db, const std::string& data_dir)
    : db_(db), data_dir_(absolute(data_dir)) {}

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
    FileSystem& fs = posix_file_system();
    const std::string all = join_path(data_dir_, "checkpoints");
    KV_RETURN_IF_ERROR(fs.create_dir(all));
    KV_RETURN_IF_ERROR(sync_entry(fs, all));
    Made made{join_path(all, name), {}};
    // The store logs what it made, and leaves it to its caller to tell why it could not.
    auto info = db_.checkpoint(made.path);
    if (!info.is_ok()) {
        log_warning("checkpoint " + made.path + ": " + info.error().to_string());
        return info.error();
    }
    made.info = *info;
    return made;
}

}  // namespace kv::server

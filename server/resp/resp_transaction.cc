// MULTI, DISCARD, WATCH and UNWATCH, and what EXEC (resp_exec.cc) is not begun for.
// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "server/commands/storable.h"
#include "server/resp/resp_session.h"
#include "server/resp/status_text.h"
#include "server/shared_state.h"

namespace kv::server {

using protocol::resp::Args;
using protocol::resp::ReplyWriter;

namespace {

/// Does not wait for the disk: of an entry that is not in memory changes are noticed all the same,
/// only not that it expired.
Transaction::Was look_at_watched(Db& db, Bytes stored) {
    ReadOptions in_memory;
    in_memory.cache_only = true;
    const auto head = db.get_head(stored, in_memory);
    if (!head.is_ok()) return Transaction::Was::kUnknown;
    if (!head->has_value()) return Transaction::Was::kAbsent;
    return (*head)->expiry_ms != 0 ? Transaction::Was::kExpiring : Transaction::Was::kThere;
}

}  // namespace

RespSession::Taken RespSession::run_transactional(const Command& command, const Args& args) {
    const bool open = transaction_.is_open();
    if (command.name == "unwatch" && open) {
        queue_command(command, args);
        return Taken::kYes;
    }
    if (command.name == "exec" && open && !transaction_.is_refused()) return exec();
    if (command.name == "watch" && !open) return watch(command, args);
    std::string_view error;
    if (command.name == "multi" && open) error = "ERR MULTI calls can not be nested";
    if (command.name == "watch" && open) error = "ERR WATCH inside MULTI is not allowed";
    if (command.name == "discard" && !open) error = "ERR DISCARD without MULTI";
    if (command.name == "exec" && !open) error = "ERR EXEC without MULTI";
    if (command.name == "exec" && open) {
        error = "EXECABORT Transaction discarded because of previous errors.";
    }
    if (command.name == "multi" && !open) transaction_.open(shared_, version_, space_);
    if (open && command.name != "multi" && command.name != "watch") transaction_.end();
    if (command.name == "unwatch") transaction_.unwatch();
    ReplyWriter reply(begin_answer(), version_);
    error.empty() ? reply.ok() : reply.error(error);
    if (!error.empty()) shared_.error_stats.record(error);
    command_stats_.record(command, 0, !error.empty());
    finish_answer();
    publish_transaction();
    return Taken::kYes;
}

void RespSession::publish_transaction() {
    const int32_t queued =
        transaction_.is_open() ? static_cast<int32_t>(transaction_.commands()) : -1;
    client_->queued_commands.store(queued, std::memory_order_relaxed);
    client_->watched_keys.store(static_cast<uint32_t>(transaction_.watched_keys()),
                                std::memory_order_relaxed);
}

void RespSession::queue_command(const Command& command, const Args& args) {
    if (command.has(command_flag::kNoMulti)) {
        return reject(command, "ERR Command not allowed inside a transaction");
    }
    if (refuse_without_memory(command)) return;
    if (transaction_.held_bytes() > shared_.config.engine.max_batch_bytes) {
        return reject(command, "ERR the transaction has grown beyond " +
                                   std::to_string(shared_.config.engine.max_batch_bytes) +
                                   " bytes (engine.max_batch_size)");
    }
    transaction_.add(command, args, parser_.take_blocks());
    ReplyWriter(begin_answer(), version_).simple("QUEUED");
    finish_answer();
    publish_transaction();
}

RespSession::Taken RespSession::watch(const Command& command, const Args& args) {
    if (refuse_without_memory(command)) return Taken::kYes;
    // What the connection itself has written before must not look like a change.
    if (is_busy()) {
        waits_ = true;
        return Taken::kLater;
    }
    // EXEC asks the store about each of them up to twice, in a batch of its own.
    const size_t most_bytes = shared_.config.engine.max_batch_bytes / 2;
    size_t bytes = transaction_.watched_bytes();
    for (size_t i = 1; i < args.size(); ++i) {
        const Bytes stored = space_.stored(args[i], scratch_);
        if (!transaction_.is_watched(stored)) bytes += Transaction::bytes_to_watch(stored);
    }
    if (bytes > most_bytes) {
        reject(command, "ERR the watched keys take more than " + std::to_string(most_bytes) +
                            " bytes (half of engine.max_batch_size)");
        return Taken::kYes;
    }
    const Seqno seqno = shared_.db.published_seqno();
    for (size_t i = 1; i < args.size(); ++i) {
        if (!key_fits(shared_.config.engine, space_, args[i]))
            continue;  // nothing can ever be there
        const Bytes stored = space_.stored(args[i], scratch_);
        if (transaction_.is_watched(stored)) continue;
        transaction_.watch(stored, seqno, look_at_watched(shared_.db, stored));
    }
    ReplyWriter(begin_answer(), version_).ok();
    finish_answer();
    publish_transaction();
    return Taken::kYes;
}

}  // namespace kv::server

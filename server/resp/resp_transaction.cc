// MULTI, EXEC, DISCARD, WATCH and UNWATCH. EXEC's commands on keys run in one script, with what is
// watched as its preconditions; its other commands run when the script has been answered.
// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "server/commands/storable.h"
#include "server/resp/resp_session.h"
#include "server/resp/status_text.h"
#include "server/shared_state.h"

namespace kv::server {

using protocol::resp::Args;
using protocol::resp::ReplyWriter;

RespSession::Taken RespSession::run_transactional(const Command& command, const Args& args) {
    const bool open = transaction_.is_open();
    if (command.name == "unwatch" && open) {
        queue_command(command, args);
        return Taken::kYes;
    }
    if (command.name == "exec" && open && !transaction_.is_refused()) return exec(command);
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

/// Does not wait for the disk: of an entry that is not in memory changes are noticed all the same,
/// only not that it expired.
Transaction::Was RespSession::look_at_watched(Bytes stored) const {
    ReadOptions in_memory;
    in_memory.cache_only = true;
    const auto entry = shared_.db.get(stored, in_memory);
    if (!entry.is_ok()) return Transaction::Was::kUnknown;
    if (!entry->has_value()) return Transaction::Was::kAbsent;
    return (*entry)->expiry_ms != 0 ? Transaction::Was::kExpiring : Transaction::Was::kThere;
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
        transaction_.watch(stored, seqno, look_at_watched(stored));
    }
    ReplyWriter(begin_answer(), version_).ok();
    finish_answer();
    publish_transaction();
    return Taken::kYes;
}

RespSession::Taken RespSession::exec(const Command& command) {
    const bool wait = transaction_.has_control_commands() ? is_busy() : line_.reads() != 0;
    if (wait) {
        waits_ = true;
        return Taken::kLater;
    }
    submit_gathered();
    command_stats_.record(command, 0, false);
    auto request = std::make_unique<WriteRequest>();
    transaction_.require_watched(request->batch);
    AnswerLine::Write write;
    write.transaction = true;
    // A SELECT or HELLO in it takes effect with its answer; what follows must not be read before.
    waits_ = transaction_.has_control_commands();
    write.script = transaction_.take();
    publish_transaction();
    submit(std::move(request), std::move(write));
    return Taken::kYes;
}

std::string RespSession::exec_answer(WriteScript& script, const Status& status,
                                     const StoreReport* report) {
    std::string out;
    ReplyWriter reply(out, version_);
    if (status.is(Code::kConflict)) {
        reply.null_array();
        return out;
    }
    if (!status.is_ok()) {
        counters_.add(Counter::kErrors);
        const bool discarded = status.is(Code::kInvalidArgument);
        reply.error(discarded ? "EXECABORT Transaction discarded because of: " +
                                    std::string(status.message())
                              : error_text(status));
        return out;
    }
    note_script(script);
    reply.array(script.size());
    for (size_t i = 0; i < script.size(); ++i) {
        const Command& command = script.command(i);
        if (command.data != nullptr) {
            out += script.answer(i);
        } else if (command.control != nullptr) {
            run_control_into(command, script.args(i), out, report);
        } else {
            reply.ok();  // UNWATCH: EXEC has unwatched already
        }
    }
    held_until_us_ = 0;  // DEBUG SLEEP holds nothing up here
    silence_.pass_over_exec();
    return out;
}

}  // namespace kv::server

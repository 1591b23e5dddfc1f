// See resp_session.h. Here: requests, limits, answers in their order, and the end of a session.
// Commands on keys, transactions and messages have files of their own.
// SPDX-License-Identifier: Apache-2.0
#include "server/resp/resp_session.h"

#include <algorithm>
#include <utility>

#include "server/commands/command_table.h"
#include "server/resp/command_refusal.h"
#include "server/resp/request_limits.h"
#include "server/resp/status_text.h"
#include "server/shared_state.h"

namespace kv::server {

using protocol::resp::Args;
using protocol::resp::ReplyWriter;
using protocol::resp::RequestParser;
using protocol::resp::Version;

namespace {

std::string too_large(const Options& limits) {
    return "ERR the arguments of the command take more than " +
           std::to_string(request_limits(limits).kept_bytes) + " bytes, the most that is kept";
}

}  // namespace

RespSession::RespSession(SessionHost& host, SharedState& shared, Counters& counters,
                         CommandStats& command_stats, std::shared_ptr<ClientHandle> client,
                         bool refused)
    : host_(host),
      shared_(shared),
      counters_(counters),
      command_stats_(command_stats),
      client_(std::move(client)),
      refused_(refused),
      durability_(shared.config.resp_durability),
      memory_(shared.db, shared.clock, shared.keyspaces, StoreView::Reach::kMemory),
      slow_reader_(shared, counters, client_->peer),
      slow_sender_(shared, counters, client_->peer),
      now_us_(shared.clock.monotonic_us()),
      last_active_us_(now_us_) {
    parser_.set_limits(request_limits(shared.config.engine));
}

RespSession::~RespSession() = default;

void RespSession::on_start() {
    host_.hello_finished();
    if (!refused_) return shared_.clients.add(client_);
    replies_.slab() += "-ERR max number of clients reached\r\n";
    end_ = End::kAfterReplies;
}

bool RespSession::wants_input() const {
    if (end_ != End::kOpen || input_ended_ || draining_ || closed_) return false;
    if (!protocol_error_.empty() || pauses_ || held_until_us_ != 0) return false;
    if (waits_ && !line_.empty()) return false;
    if (line_.size() >= shared_.config.limits.outstanding_per_connection) return false;
    return !slow_reader_.is_over_limit(replies_.bytes() + line_.held_bytes());
}

void RespSession::on_input(protocol::ReceiveBuffer& input, uint64_t now_us) {
    now_us_ = now_us;
    last_active_us_ = now_us;
    client_->last_input_us.store(now_us, std::memory_order_relaxed);
    waits_ = false;
    lap_began_us_ = now_us;
    bool any_command = false;
    while (wants_input()) {
        if (input.has_block()) {
            if (!input.block().is_whole()) break;
            parser_.add_block(input.take_block());
        }
        unread_bytes_ = input.unread().size();
        const RequestParser::Step step = parser_.next(input.unread());
        needed_bytes_ = std::max(step.needed_bytes, step.block_bytes);
        if (step.outcome == RequestParser::Outcome::kNeedMore) {
            input.consume(step.consumed);
            if (step.block_bytes != 0) input.begin_block(step.block_bytes);
            break;
        }
        if (step.outcome == RequestParser::Outcome::kCommand) {
            if (take(parser_.args()) == Taken::kLater) {
                parser_.put_back(step);
                break;
            }
            parser_.release();
        } else if (step.outcome == RequestParser::Outcome::kTooLarge) {
            refuse_command(too_large(shared_.config.engine));
        } else if (step.outcome == RequestParser::Outcome::kError) {
            protocol_error_ = "ERR " + parser_.error();
        }
        any_command = true;
        input.consume(step.consumed);
    }
    const size_t unfinished = input.unread().size() + input.block().size() + parser_.kept_bytes();
    slow_sender_.note(wants_input() ? unfinished : 0, any_command, now_us);
    submit_gathered();
    note_limits();
    end_when_done();
}

RespSession::Taken RespSession::take(const Args& args) {
    if (is_http(args.front())) {
        counters_.add(Counter::kBadFrames);
        shared_.report(Incident::kBadFrame, client_->peer +
                                                ": speaks HTTP to the Redis listener "
                                                "(an attack by a browser?); closing");
        end_ = End::kNow;
        return Taken::kYes;
    }
    const Command* const command = resolve(args);
    if (command == nullptr) return Taken::kYes;
    client_->last_command.store(command, std::memory_order_relaxed);
    const Taken taken = run_command(*command, args);
    if (taken == Taken::kYes) {
        counters_.add(Counter::kFrames);
        client_->commands.fetch_add(1, std::memory_order_relaxed);
    }
    return taken;
}

/// The command that the words name, or null after a refusal.
const Command* RespSession::resolve(const Args& args) {
    const Command* command = find_command(args.front());
    if (command != nullptr && args.size() > 1 && has_subcommands(*command)) {
        const Command* const child = find_subcommand(*command, args[1]);
        if (child == nullptr) {
            refuse_command(unknown_subcommand(*command, args[1]));
            return nullptr;
        }
        command = child;
    }
    if (command == nullptr) {
        refuse_command(unknown_command(args));
        return nullptr;
    }
    if (!command->takes(args.size())) {
        reject(*command, wrong_arity(*command));
        return nullptr;
    }
    if (client_->is_listening() && version_ == Version::k2 &&
        !command->has(command_flag::kWhileSubscribed)) {
        reject(*command, not_while_subscribed(*command));
        return nullptr;
    }
    return command;
}

RespSession::Taken RespSession::run_command(const Command& command, const Args& args) {
    if (must_pause(command)) {
        pauses_ = true;
        return Taken::kLater;
    }
    if (is_transactional(command)) return run_transactional(command, args);
    if (transaction_.is_open() && !command.has(command_flag::kNotQueued)) {
        queue_command(command, args);
        return Taken::kYes;
    }
    if (command.data == nullptr) return run_control(command, args);
    if (refuse_without_memory(command)) return Taken::kYes;
    return run_data(command, args);
}

/// What reads, writes or is kept for later needs memory of the network.
bool RespSession::refuse_without_memory(const Command& command) {
    if (!shared_.memory.exceeded()) [[likely]]
        return false;
    counters_.add(Counter::kLimitMemory);
    shared_.report(Incident::kMemory, "network buffers are full (limits.network_memory)");
    reject(command, error_text(network_memory_full()));
    return true;
}

/// Counts a call that has been answered with `answer`.
void RespSession::note_call(const Command& command, const Args& args, uint64_t took_us,
                            Bytes answer) {
    const bool failed = answer.starts_with('-');
    command_stats_.record(command, took_us, failed);
    if (failed) {
        counters_.add(Counter::kErrors);
        shared_.error_stats.record(answer);
    }
    consider_slow(command, args, took_us);
}

/// For the slow log, and the latency monitor, whose unit is a millisecond.
void RespSession::consider_slow(const Command& command, const Args& args, uint64_t took_us) {
    if (took_us < SlowLog::kNotableUs && !shared_.slow_log.wants_quick()) [[likely]]
        return;
    const uint64_t wall_ms = shared_.clock.wall_ms();
    if (!command.has(command_flag::kSkipSlowlog)) {
        shared_.slow_log.consider(took_us, args, *client_, wall_ms);
    }
    shared_.latency.consider(command.has(command_flag::kFast) ? "fast-command" : "command", took_us,
                             wall_ms);
}

/// The time since the last call, or since the event began. One look at the clock a command.
uint64_t RespSession::lap_us() {
    const uint64_t now_us = shared_.clock.monotonic_us();
    return now_us - std::exchange(lap_began_us_, now_us);
}

bool RespSession::must_pause(const Command& command) {
    const Pause scope = shared_.clients.paused(now_us_);
    if (scope == Pause::kNone) [[likely]]
        return false;
    if (scope == Pause::kAll) return true;
    if (!is_transactional(command)) return shared_.clients.holds_back(command, now_us_);
    return command.name == "exec" && transaction_.is_held_back(shared_.clients, now_us_);
}

/// As refuse_command(); an EXEC that cannot be run is the end of its transaction.
void RespSession::reject(const Command& command, const std::string& error) {
    command_stats_.reject(command);
    if (command.name != "exec") return refuse_command(error);
    transaction_.end();
    publish_transaction();
    refuse_command("EXECABORT Transaction discarded because of: " + error.substr(4));
}

size_t RespSession::held_bytes() const {
    return line_.held_bytes() + transaction_.held_bytes() + parser_.held_bytes() +
           client_->subscription_bytes.load(std::memory_order_relaxed) +
           client_->name_bytes.load(std::memory_order_relaxed);
}

/// The command is not run; inside MULTI that spoils the transaction.
void RespSession::refuse_command(std::string_view error) {
    counters_.add(Counter::kErrors);
    shared_.error_stats.record(error);
    if (transaction_.is_open()) transaction_.refuse();
    ReplyWriter(begin_answer(), version_).error(error);
    finish_answer();
}

std::string& RespSession::begin_answer() {
    answer_in_slab_ = !is_busy();
    std::string& out = answer_in_slab_ ? replies_.slab() : answer_;
    if (!answer_in_slab_) out.clear();
    answer_start_ = out.size();
    return out;
}

/// What begin_answer() gave has the whole answer now.
void RespSession::finish_answer() {
    const bool silent = silence_.take();
    if (answer_in_slab_) {
        if (silent) {
            replies_.cut_slab(answer_start_);
            apart_.clear();
        } else if (!apart_.empty()) {
            replies_.put_into_slab(apart_);
        }
        return;
    }
    submit_gathered();  // its place is before this one
    AnswerLine::Place place;
    place.silent = silent;
    place.answer.text = std::exchange(answer_, std::string());
    place.answer.apart = std::exchange(apart_, {});
    place.bytes = place.answer.bytes();
    line_.add(std::move(place));
}

void RespSession::move_answers() {
    while (AnswerLine::Place* place = line_.ready()) {
        if (!place->silent) replies_.append(std::move(place->answer));
        line_.pop();
    }
    slow_reader_.note(replies_.bytes(), now_us_);
}

void RespSession::note_limits() {
    const bool full = line_.size() >= shared_.config.limits.outstanding_per_connection;
    if (full && !outstanding_noted_) {
        counters_.add(Counter::kLimitOutstanding);
        shared_.report(Incident::kOutstanding,
                       client_->peer + ": " + std::to_string(line_.size()) +
                           " commands unanswered (limits.outstanding_per_connection): not reading");
    }
    outstanding_noted_ = full;
    slow_reader_.note(replies_.bytes(), now_us_);
    client_->unsent_reply_bytes.store(replies_.bytes(), std::memory_order_relaxed);
}

void RespSession::end_when_done() {
    if (end_ != End::kOpen || !line_.empty()) return;
    if (!protocol_error_.empty()) {
        counters_.add(Counter::kBadFrames);
        shared_.error_stats.record(protocol_error_);
        shared_.report(Incident::kBadFrame,
                       client_->peer + ": " + protocol_error_ + "; closing the connection");
        ReplyWriter(replies_.slab(), version_).error(protocol_error_);
        end_ = End::kAfterReplies;
    } else if (input_ended_ || draining_) {
        end_ = End::kAfterReplies;
    }
}

void RespSession::on_end_of_input(uint64_t now_us) {
    now_us_ = now_us;
    input_ended_ = true;
    end_when_done();
}

void RespSession::on_replies_sent(uint64_t now_us) {
    now_us_ = now_us;
    last_active_us_ = now_us;
    slow_reader_.note_progress(replies_.bytes(), now_us);
    note_limits();
}

void RespSession::on_tick(uint64_t now_us) {
    if (closed_ || end_ == End::kNow) return;
    now_us_ = now_us;
    if (held_until_us_ != 0 && now_us >= held_until_us_) {
        held_until_us_ = 0;
        line_.answer(held_id_, std::move(held_answer_));
        move_answers();
        host_.progressed();
    }
    if (pauses_ && shared_.clients.paused(now_us) == Pause::kNone) {
        pauses_ = false;
        last_active_us_ = now_us;
        host_.progressed();
    }
    note_limits();
    if (slow_reader_.must_close(now_us, end_ != End::kOpen)) end_ = End::kNow;
    if (!wants_input()) {
        slow_sender_.excuse(now_us);
    } else if (slow_sender_.must_close(now_us)) {
        end_ = End::kNow;
    }
    const uint64_t idle_ms = shared_.config.limits.idle_timeout_ms;
    const bool waits = !line_.empty() || !replies_.empty() || pauses_ || client_->is_listening();
    const bool idle = idle_ms != 0 && !waits && has_passed(now_us, last_active_us_, idle_ms);
    if (idle && end_ == End::kOpen) {
        counters_.add(Counter::kLimitIdle);
        shared_.report(Incident::kIdle, client_->peer + ": idle (limits.idle_timeout); closing");
        end_ = End::kAfterReplies;
    }
    end_when_done();
}

void RespSession::on_drain(uint64_t now_us) {
    now_us_ = now_us;
    draining_ = true;
    end_when_done();
}

void RespSession::on_no_memory(uint64_t now_us) {
    now_us_ = now_us;
    if (input_ended_ || end_ != End::kOpen) return;
    counters_.add(Counter::kLimitMemory);
    shared_.report(Incident::kMemory, client_->peer + ": no room for a command of " +
                                          std::to_string(needed_bytes_) +
                                          " bytes (limits.network_memory); closing");
    protocol_error_ = error_text(network_memory_full());
    end_when_done();
}

void RespSession::close() {
    if (closed_) return;
    closed_ = true;
    end_ = End::kNow;
    if (exec_task_ != nullptr) exec_task_->cancel();
    if (refused_) return;
    shared_.pubsub.end(client_);
    shared_.clients.remove(client_->id);
    client_->set_gone();
}

void RespSession::reset() {
    transaction_.end();
    version_ = Version::k2;
    client_->resp_version.store(2, std::memory_order_relaxed);
    select(0);
    silence_.set(ReplyMode::kOn);
    durability_ = shared_.config.resp_durability;
    publish_transaction();
}

void RespSession::choose_version(Version version) {
    version_ = version;
    client_->resp_version.store(static_cast<uint8_t>(version), std::memory_order_relaxed);
}

void RespSession::select(uint32_t database) {
    space_ = Keyspace(database);
    client_->database.store(database, std::memory_order_relaxed);
}

}  // namespace kv::server

// EXEC. Commands on keys of which any writes run in one script, in the middle of a commit, with
// what is watched as its preconditions. Those that only read have no business there, where they
// would hold up every write and be refused with them: they read a snapshot, here or in the read
// pool. What is watched is then checked by a write of nothing but preconditions, made behind the
// snapshot: a key that is as it was by then is so in the snapshot too. All other commands run when
// those on keys are done.
// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include "server/resp/resp_session.h"
#include "server/resp/status_text.h"
#include "server/shared_state.h"

namespace kv::server {

using protocol::resp::ReplyWriter;

namespace {

// A transaction of more commands that only read goes to the pool, whatever it asks for.
constexpr size_t kReadHere = 100;

std::string refusal_of_exec(const Status& status) {
    if (!status.is(Code::kInvalidArgument)) return error_text(status);
    return "EXECABORT Transaction discarded because of: " + std::string(status.message());
}

}  // namespace

/// The reads of a transaction without writes, in the pool.
class RespExecTask final : public PoolTask {
  public:
    RespExecTask(RespSession& session, uint64_t answer_id, AnswerLine::Write commands)
        : session_(session), answer_id_(answer_id), commands_(std::move(commands)) {}

    Next run() override {
        if (cancelled()) {
            status_ = Status(Code::kCancelled, "the connection is gone");
            return Next::kDone;
        }
        status_ = commands_.script->run_reads(next_, commands_.snapshot, StoreView::Reach::kDisk);
        if (status_.is_ok() && next_ < commands_.script->size()) return Next::kAgain;
        commands_.snapshot = nullptr;
        return Next::kDone;
    }
    void finish() override {
        session_.host_.progressed();
        session_.now_us_ = session_.shared_.clock.monotonic_us();
        --session_.in_flight_;
        session_.exec_task_ = nullptr;
        session_.finish_exec(answer_id_, std::move(commands_), status_);
    }
    /// Instead of all that, when the pool has no room.
    void finish_without() {
        status_ = Status(Code::kOverloaded, "too many reads wait for the disk", 50);
        finish();
    }

  private:
    RespSession& session_;
    const uint64_t answer_id_;
    AnswerLine::Write commands_;
    size_t next_ = 0;  // the command that is still to be run
    Status status_;
};

RespSession::Taken RespSession::exec() {
    const bool writes = transaction_.has(command_flag::kWrite);
    // What it reads in a snapshot must be there.
    const bool alone = transaction_.has_control_commands() || !writes;
    if (alone ? is_busy() : line_.reads() != 0) {
        waits_ = true;
        return Taken::kLater;
    }
    submit_gathered();
    auto request = std::make_unique<WriteRequest>();
    transaction_.require_watched(request->batch);
    const bool watches = transaction_.watched_keys() != 0;
    // A SELECT or HELLO in it takes effect with its answer; what follows must not be read before.
    waits_ = transaction_.has_control_commands();
    AnswerLine::Write write;
    write.transaction = true;
    write.script = transaction_.take();
    publish_transaction();
    if (!writes && (watches || write.script->reads() != 0)) write.snapshot = shared_.db.snapshot();
    if (writes || watches) {
        submit(std::move(request), std::move(write));
        return Taken::kYes;
    }
    AnswerLine::Place place;
    place.kind = AnswerLine::Place::Kind::kRead;
    place.silent = silence_.take();
    place.bytes = write.script->held_bytes();
    read_for_exec(line_.add(std::move(place)), std::move(write));
    return Taken::kYes;
}

void RespSession::read_for_exec(uint64_t answer_id, AnswerLine::Write write) {
    WriteScript& script = *write.script;
    if (!script.has(command_flag::kLong) && script.size() <= kReadHere) {
        size_t next = 0;
        const Status status = script.run_reads(next, write.snapshot, StoreView::Reach::kMemory);
        if (!status.is(Code::kWouldBlock)) {
            write.snapshot = nullptr;
            return finish_exec(answer_id, std::move(write), status);
        }
    }
    auto reading = std::make_unique<RespExecTask>(*this, answer_id, std::move(write));
    RespExecTask& read = *reading;
    std::unique_ptr<PoolTask> task = std::move(reading);
    exec_task_ = task.get();
    ++in_flight_;
    if (host_.post(task)) return counters_.add(Counter::kPoolTasks);
    counters_.add(Counter::kLimitPool);
    shared_.report(Incident::kReadQueue, "too many reads wait (limits.queued_reads)");
    read.finish_without();
}

/// The commands on keys are done, or nothing is, or only what is watched was checked.
void RespSession::finish_exec(uint64_t answer_id, AnswerLine::Write write, const Status& status) {
    if (!status.is_ok()) return answer_exec(answer_id, *write.script, status, nullptr);
    if (write.snapshot != nullptr) {
        line_.leave_reads(answer_id);
        return read_for_exec(answer_id, std::move(write));
    }
    if (!write.script->has(command_flag::kPoolFirst))
        return answer_exec(answer_id, *write.script, status, nullptr);
    line_.leave_reads(answer_id);
    answer_with_report(answer_id, std::move(write));
}

/// Also when the connection has closed meanwhile: what EXEC has begun is done to the end, and only
/// its answers are dropped.
void RespSession::answer_exec(uint64_t answer_id, WriteScript& script, const Status& status,
                              const StoreReport* report) {
    if (closed_ && !status.is_ok()) return;
    std::string out;
    ReplyWriter reply(out, version_);
    if (status.is_ok()) {
        note_script(script);
        reply.array(script.size());
    } else if (status.is(Code::kConflict)) {
        reply.null_array();
    } else {
        reply.error(refusal_of_exec(status));
        note_refused(1, out);
    }
    for (size_t i = 0; status.is_ok() && i < script.size(); ++i) {
        const Command& command = script.command(i);
        if (command.data != nullptr) {
            out += script.answer(i);
        } else if (command.control != nullptr) {
            run_control_into(command, script.args(i), out, report);
        } else {
            reply.ok();  // UNWATCH: EXEC has unwatched already
        }
    }
    static const Command& exec = *find_command("exec");
    command_stats_.record(exec, 0, !status.is_ok() && !status.is(Code::kConflict));
    if (status.is_ok()) {
        held_until_us_ = 0;  // DEBUG SLEEP holds nothing up here
        silence_.pass_over_exec();
    }
    line_.answer(answer_id, std::move(out));
    if (closed_) {
        end_ = End::kNow;
        return shared_.pubsub.end(client_);  // it may have subscribed
    }
    move_answers();
    end_when_done();
}

}  // namespace kv::server

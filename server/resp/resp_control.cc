// Commands about the connection and the server. They run here; what some of them ask of the store
// is gathered in the pool before, and what takes long done there. See resp_session.h.
// SPDX-License-Identifier: Apache-2.0
#include <malloc.h>

#include <utility>

#include "server/commands/control_words.h"
#include "server/commands/info_text.h"
#include "server/commands/store_report.h"
#include "server/resp/resp_session.h"
#include "server/shared_state.h"

namespace kv::server {

using protocol::resp::Args;
using protocol::resp::ReplyWriter;

/// Trims memory and has store and allocator report, for commands that are run when that is done.
class RespReportTask final : public PoolTask {
  public:
    RespReportTask(RespSession& session, uint64_t answer_id, AnswerLine::Write commands)
        : session_(session), answer_id_(answer_id), commands_(std::move(commands)) {}

    Next run() override {
        if (commands_.script->has(command_flag::kTrimsMemory)) malloc_trim(0);
        if (commands_.script->has(command_flag::kStoreReport)) {
            report_ = gather_report(session_.shared_.db, asks_for_databases());
        }
        if (commands_.script->has(command_flag::kAllocatorReport)) report_.allocator = mallinfo2();
        return Next::kDone;
    }
    void finish() override { session_.on_reported(answer_id_, commands_, &report_); }
    /// Instead of all that, when the pool has no room.
    void finish_without() { session_.on_reported(answer_id_, commands_, nullptr); }

  private:
    bool asks_for_databases() const {
        const WriteScript& script = *commands_.script;
        for (size_t i = 0; i < script.size(); ++i) {
            if (script.command(i).name == "info" && server::asks_for_databases(script.args(i)))
                return true;
        }
        return false;
    }

    RespSession& session_;
    const uint64_t answer_id_;
    AnswerLine::Write commands_;
    StoreReport report_;
};

RespSession::Taken RespSession::run_control(const Command& command, const Args& args) {
    if (is_busy()) {
        waits_ = true;
        return Taken::kLater;
    }
    if (command.has(command_flag::kPoolFirst)) {
        AnswerLine::Write copy;
        copy.script = std::make_unique<WriteScript>(shared_);
        copy.script->add(command, space_, version_, args);
        AnswerLine::Place place;
        place.kind = AnswerLine::Place::Kind::kRead;
        place.silent = silence_.take();
        place.bytes = copy.script->held_bytes();
        answer_with_report(line_.add(std::move(place)), std::move(copy));
        return Taken::kYes;
    }
    // Not in the slab: what the command sends besides leaves before its answer.
    answer_.clear();
    run_control_into(command, args, answer_, nullptr);
    const bool unwanted = silence_.take();
    if (held_until_us_ != 0) {
        held_answer_ = std::exchange(answer_, {});
        AnswerLine::Place place;
        place.kind = AnswerLine::Place::Kind::kRead;
        place.silent = unwanted;
        held_id_ = line_.add(std::move(place));
        return Taken::kYes;
    }
    // Of a subscription even CLIENT REPLY OFF lets the client know.
    if (unwanted && !command.name.ends_with("subscribe")) {
        if (answer_.size() >= ReplyQueue::kLargeBytes) std::string().swap(answer_);
        return Taken::kYes;
    }
    if (answer_.size() < ReplyQueue::kLargeBytes) {
        replies_.slab() += answer_;
    } else {
        replies_.append(std::exchange(answer_, {}));
    }
    return Taken::kYes;
}

/// `report`: null for a command without kPoolFirst, and when there was no room for the task.
void RespSession::run_control_into(const Command& command, const Args& args, std::string& out,
                                   const StoreReport* report) {
    const size_t start = out.size();
    ControlContext context{args,    client_, *this, shared_, out, ReplyWriter(out, version_),
                           now_us_, report};
    if (command.has(command_flag::kPoolFirst) && report == nullptr) {
        context.reply.error("BUSY too many reads wait for the disk; retry after 50 ms");
    } else {
        command.control(context);
        has_outgrown(context);
    }
    note_call(command, args, lap_us(), Bytes(out).substr(start));
}

/// Answers the place with what `commands` say, once the pool has done its part.
void RespSession::answer_with_report(uint64_t answer_id, AnswerLine::Write commands) {
    auto asking = std::make_unique<RespReportTask>(*this, answer_id, std::move(commands));
    RespReportTask& asked = *asking;
    std::unique_ptr<PoolTask> task = std::move(asking);
    ++in_flight_;
    if (host_.post(task)) return counters_.add(Counter::kPoolTasks);
    counters_.add(Counter::kLimitPool);
    shared_.report(Incident::kReadQueue, "too many reads wait (limits.queued_reads)");
    asked.finish_without();
}

void RespSession::on_reported(uint64_t answer_id, AnswerLine::Write& commands,
                              const StoreReport* report) {
    host_.progressed();
    now_us_ = lap_began_us_ = shared_.clock.monotonic_us();
    --in_flight_;
    if (commands.transaction) return answer_exec(answer_id, *commands.script, Status::ok(), report);
    if (closed_) return;
    std::string answer;
    run_control_into(commands.script->command(0), commands.script->args(0), answer, report);
    line_.answer(answer_id, std::move(answer));
    move_answers();
    end_when_done();
}

}  // namespace kv::server

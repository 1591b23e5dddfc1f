// Commands on keys: read here or in the pool, or gathered into writes. See resp_session.h.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>
#include <vector>

#include "server/commands/data_handlers.h"
#include "server/commands/storable.h"
#include "server/resp/resp_session.h"
#include "server/resp/status_text.h"
#include "server/resp/store_view.h"
#include "server/shared_state.h"

namespace kv::server {

using protocol::resp::Args;
using protocol::resp::ReplyWriter;

namespace {

// One write is no larger than this unless a single command is: the engine works it off in one go.
constexpr size_t kGatheredBytes = 256U << 10;
constexpr uint32_t kGatheredCommands = 1024;
// So much is set aside for them beforehand, at the most.
constexpr size_t kReservedBytes = 16U << 10;
// What reads behind writes answer is not known before it is there, and then is in memory: when so
// many values may be on their way, the next read waits until it can be done here.
constexpr size_t kValuesOnTheirWay = 256;
// After a script had to wait for the disk in the commit, so many have their keys read before.
constexpr uint32_t kPreparedScripts = 64;

constexpr uint32_t kEveryCommand = ~0U;

/// Commands of a refused script that have one of the flags.
void record_failed(CommandStats& stats, const WriteScript& script, uint32_t flags) {
    for (size_t i = 0; i < script.size(); ++i) {
        if (script.command(i).has(flags)) stats.record(script.command(i), 0, true);
    }
}

void count_in_keyspaces(const AnswerLine::Write& write, const KeyspaceCatalog& catalog) {
    if (write.script != nullptr) return write.script->count_in_keyspaces();
    catalog.numbered(write.keyspace)->count_writes(write.sets, 0);
}

/// The most that a SET adds to a batch.
size_t batch_bytes_of(Bytes key, Bytes value) {
    constexpr size_t kKindAndLengths = 1 + 5 + 5;
    return kKindAndLengths + Keyspace::kMaxPrefixBytes + key.size() + value.size();
}

}  // namespace

/// Counts answers that the pool makes as memory of the network, until the session has them.
class AnswerCharge {
  public:
    explicit AnswerCharge(MemoryBudget& memory) : memory_(memory) {}
    ~AnswerCharge() { memory_.add(-bytes_); }
    AnswerCharge(const AnswerCharge&) = delete;
    AnswerCharge& operator=(const AnswerCharge&) = delete;

    /// Has the answer to one more command made behind `reply`, which says so when there is no room.
    template <class Make>
    void add(protocol::resp::Reply& reply, Make make) {
        protocol::resp::Reply one;
        make(one);
        if (!memory_.has_room(one.bytes())) {
            one = protocol::resp::Reply();
            ReplyWriter(one.text, protocol::resp::Version::k2)
                .error(error_text(network_memory_full()));
        }
        memory_.add(static_cast<int64_t>(one.bytes()));
        bytes_ += static_cast<int64_t>(one.bytes());
        reply.append(std::move(one));
    }

  private:
    MemoryBudget& memory_;
    int64_t bytes_ = 0;
};

/// One read in the pool. It has a copy of the command.
class RespReadTask final : public PoolTask {
  public:
    uint64_t answer_id = 0;  ///< To be set before it is posted.

    RespReadTask(RespSession& session, const Command& command, Keyspace space, const Args& args)
        : session_(session), call_(session.shared_), charge_(session.shared_.memory) {
        call_.add(command, space, session.version_, args);
    }
    size_t held_bytes() const { return call_.held_bytes(); }

    Next run() override {
        SharedState& shared = session_.shared_;
        const uint64_t began_us = shared.clock.monotonic_us();
        StoreView view(shared.db, shared.clock, shared.keyspaces, StoreView::Reach::kDisk);
        charge_.add(answer_, [&](protocol::resp::Reply& one) { call_.run_alone(0, view, one); });
        took_us_ = shared.clock.monotonic_us() - began_us;
        return Next::kDone;
    }
    void finish() override {
        session_.note_call(call_.command(0), call_.args(0), took_us_, answer_.text);
        session_.on_read_done(answer_id, std::move(answer_));
    }

  private:
    RespSession& session_;
    WriteScript call_;
    protocol::resp::Reply answer_;
    AnswerCharge charge_;
    uint64_t took_us_ = 0;
};

/// What the reads of a script answer when the store takes no writes.
class RespRetryTask final : public PoolTask {
  public:
    RespRetryTask(RespSession& session, RefusedReads::Script refused)
        : session_(session), refused_(std::move(refused)), charge_(session.shared_.memory) {}

    Next run() override {
        SharedState& shared = session_.shared_;
        StoreView view(shared.db, shared.clock, shared.keyspaces, StoreView::Reach::kDisk);
        const WriteScript& commands = *refused_.commands;
        for (size_t i = 0; i < commands.size(); ++i) {
            if (commands.command(i).has(command_flag::kWrite)) {
                answer_.text += refused_.error;
            } else {
                charge_.add(answer_,
                            [&](protocol::resp::Reply& one) { commands.run_alone(i, view, one); });
            }
            ends_.push_back(answer_.text.size());
        }
        return Next::kDone;
    }
    void finish() override {
        const WriteScript& commands = *refused_.commands;
        size_t start = 0;
        for (size_t i = 0; i < commands.size(); ++i) {
            const Bytes answer = Bytes(answer_.text).substr(start, ends_[i] - start);
            start = ends_[i];
            if (commands.command(i).has(command_flag::kWrite)) continue;  // noted as refused
            session_.note_call(commands.command(i), commands.args(i), 0, answer);
        }
        session_.on_read_done(refused_.answer_id, std::move(answer_));
    }

  private:
    RespSession& session_;
    const RefusedReads::Script refused_;
    protocol::resp::Reply answer_;
    AnswerCharge charge_;
    std::vector<size_t> ends_;  // of the answers, in its text
};

/// Brings the keys of a script into memory.
class RespPrepareTask final : public PoolTask {
  public:
    RespPrepareTask(RespSession& session, const WriteScript& script)
        : session_(session), script_(script) {}
    Next run() override {
        // A failed read shows again, with its place in history, when the script runs.
        (void)prepare(session_.shared_.db, script_, false);
        return Next::kDone;
    }
    void finish() override { session_.on_prepared(); }

    static Status prepare(Db& db, const WriteScript& script, bool cache_only) {
        std::vector<Bytes> keys;
        std::vector<std::string> storage;
        script.collect_keys(keys, storage);
        return db.prepare(keys, cache_only);
    }

  private:
    RespSession& session_;
    const WriteScript& script_;  // of the first waiting write, which stays until finish()
};

RespSession::Taken RespSession::run_data(const Command& command, const Args& args) {
    const bool writing = gathered_ != nullptr || line_.writes() != 0;
    if (command.has(command_flag::kLong)) {
        if (is_busy()) {
            waits_ = true;
            return Taken::kLater;
        }
        read_in_pool(command, args);
        return Taken::kYes;
    }
    if (!command.has(command_flag::kWrite) && !writing) return run_read(command, args);
    const size_t values = values_asked(command, args);
    const size_t on_their_way =
        line_.values() + (gathered_write_.script != nullptr ? gathered_write_.script->values() : 0);
    const bool many = values != 0 && writing && on_their_way + values > kValuesOnTheirWay;
    if (line_.reads() != 0 || many) {
        waits_ = true;
        return Taken::kLater;
    }
    if (!add_blind_set(command, args)) add_to_script(command, args);
    return Taken::kYes;
}

RespSession::Taken RespSession::run_read(const Command& command, const Args& args) {
    counters_.add(Counter::kReads);
    std::string& out = begin_answer();
    ReplyWriter reply(out, version_, &apart_);
    DataContext context{args, memory_, space_, reply, shared_};
    const Status status = command.data(context);
    if (!status.is_ok()) {
        out.resize(answer_start_);
        apart_.clear();
        if (status.is(Code::kWouldBlock)) {
            read_in_pool(command, args);
            return Taken::kYes;
        }
        reply.error(error_text(status));
    }
    note_call(command, args, lap_us(), Bytes(out).substr(answer_start_));
    finish_answer();
    return Taken::kYes;
}

void RespSession::read_in_pool(const Command& command, const Args& args) {
    AnswerLine::Place place;
    place.kind = AnswerLine::Place::Kind::kRead;
    place.silent = silence_.take();
    auto reading = std::make_unique<RespReadTask>(*this, command, space_, args);
    place.bytes = reading->held_bytes();
    const uint64_t id = reading->answer_id = line_.add(std::move(place));
    std::unique_ptr<PoolTask> task = std::move(reading);
    if (host_.post(task)) {
        counters_.add(Counter::kPoolTasks);
        ++in_flight_;
        return;
    }
    counters_.add(Counter::kLimitPool);
    shared_.report(Incident::kReadQueue, "too many reads wait (limits.queued_reads)");
    const std::string busy = "-BUSY too many reads wait for the disk; retry after 50 ms\r\n";
    command_stats_.reject(command);
    note_refused(1, busy);
    line_.answer(id, busy);
    move_answers();
}

void RespSession::on_read_done(uint64_t answer_id, protocol::resp::Reply answer) {
    host_.progressed();
    now_us_ = shared_.clock.monotonic_us();
    --in_flight_;
    if (closed_) return;
    line_.answer(answer_id, std::move(answer));
    move_answers();
    end_when_done();
}

/// `SET key value` needs no look: many of them are one batch without a script, and are timed
/// together, while the slow log does not want each by itself.
bool RespSession::add_blind_set(const Command& command, const Args& args) {
    if (command.data != cmd_set || args.size() != 3) return false;
    if (shared_.slow_log.wants_quick()) return false;
    if (gathered_ != nullptr && gathered_write_.script != nullptr) return false;
    const Bytes key = args[1], value = args[2];
    const Options& limits = shared_.config.engine;
    // What is fine alone must not be refused for its neighbours.
    const size_t most_gathered = std::min<size_t>(kGatheredBytes, limits.max_batch_bytes);
    if (!key_fits(limits, space_, key) || value.size() > limits.max_value_bytes ||
        batch_bytes_of(key, value) > limits.max_batch_bytes) {
        return false;  // the script's command knows what to say
    }
    if (gathered_ == nullptr) {
        gathered_ = std::make_unique<WriteRequest>();
    } else if (gathered_->batch.size_bytes() + batch_bytes_of(key, value) > most_gathered ||
               gathered_write_.sets == kGatheredCommands || !silence_.is_off() ||
               gathered_write_.keyspace != space_.id()) {
        submit_gathered();
        gathered_ = std::make_unique<WriteRequest>();
    }
    gathered_write_.keyspace = space_.id();
    counters_.add(Counter::kWrites);
    // A pipeline is encoded in about as many bytes as it came in.
    if (gathered_->batch.empty()) gathered_->batch.reserve(std::min(unread_bytes_, kReservedBytes));
    gathered_->batch.put(space_.stored(key, scratch_), value);
    ++gathered_write_.sets;
    if (value.size() > kGatheredBytes) {  // it is alone
        gathered_write_.took_us = lap_us();
        consider_slow(command, args, gathered_write_.took_us);
    }
    if (!silence_.is_off()) submit_gathered();
    return true;
}

void RespSession::add_to_script(const Command& command, const Args& args) {
    const bool full =
        gathered_ != nullptr && (gathered_write_.script == nullptr ||
                                 gathered_write_.script->held_bytes() > kGatheredBytes ||
                                 gathered_write_.script->size() == kGatheredCommands ||
                                 !gathered_write_.script->has_room(command, args));
    if (full || !silence_.is_off()) submit_gathered();
    if (gathered_ == nullptr) {
        gathered_ = std::make_unique<WriteRequest>();
        gathered_write_.script = std::make_unique<WriteScript>(shared_);
    }
    counters_.add(command.has(command_flag::kWrite) ? Counter::kWrites : Counter::kReads);
    gathered_write_.script->add(command, space_, version_, args, parser_.take_blocks());
    if (!silence_.is_off()) submit_gathered();
}

void RespSession::submit_gathered() {
    if (gathered_ == nullptr) return;
    if (gathered_write_.script == nullptr) gathered_write_.took_us += lap_us();
    submit(std::move(gathered_), std::exchange(gathered_write_, {}));
}

void RespSession::submit(std::unique_ptr<WriteRequest> request, AnswerLine::Write write) {
    const bool checks_only = write.snapshot != nullptr;
    request->durability = checks_only ? Durability::kMemory : durability_;
    request->program = checks_only ? nullptr : write.script.get();
    AnswerLine::Place place;
    place.kind = AnswerLine::Place::Kind::kWrite;
    place.silent = silence_.take();
    place.bytes = request->batch.size_bytes() + (write.script ? write.script->held_bytes() : 0);
    place.values = write.script ? write.script->values() : 0;
    place.write = std::move(write);
    request->tag = line_.add(std::move(place));
    ++in_flight_;
    if (waiting_.empty() && (request->program == nullptr || prepare_next_ == 0)) {
        return host_.submit(std::move(request));
    }
    waiting_.push_back(std::move(request));
    if (!preparing_) submit_waiting();
}

void RespSession::submit_waiting() {
    while (!waiting_.empty()) {
        const WriteScript* const script = line_.at(waiting_.front()->tag).write.script.get();
        if (script != nullptr && prepare_next_ != 0) {
            --prepare_next_;
            if (RespPrepareTask::prepare(shared_.db, *script, true).is(Code::kWouldBlock)) {
                std::unique_ptr<PoolTask> task = std::make_unique<RespPrepareTask>(*this, *script);
                // A full pool is no reason to refuse: the engine can read for itself.
                if (host_.post(task)) {
                    counters_.add(Counter::kPoolTasks);
                    preparing_ = true;
                    return;
                }
            }
        }
        host_.submit(std::move(waiting_.front()));
        waiting_.pop_front();
    }
}

void RespSession::on_prepared() {
    host_.progressed();
    preparing_ = false;
    if (closed_) {
        in_flight_ -= waiting_.size();
        waiting_.clear();
        return;
    }
    host_.submit(std::move(waiting_.front()));
    waiting_.pop_front();
    submit_waiting();
}

void RespSession::on_written(std::unique_ptr<WriteRequest> request, uint64_t now_us) {
    host_.progressed();
    --in_flight_;
    const uint64_t id = request->tag;
    AnswerLine::Write write = std::move(line_.at(id).write);
    const Status& status = request->result.status;
    if (status.is_ok()) count_in_keyspaces(write, shared_.keyspaces);
    if (closed_) {
        // One that only reads has done nothing yet.
        if (write.transaction && write.snapshot == nullptr)
            finish_exec(id, std::move(write), status);
        return;
    }
    now_us_ = now_us;
    client_->written_seqno = std::max(client_->written_seqno, request->result.last_seqno);
    if (write.script != nullptr && write.script->was_cold()) prepare_next_ = kPreparedScripts;
    const bool has_reads =
        write.script != nullptr && !write.transaction && write.script->reads() != 0;
    if (!status.is_ok() && has_reads) {
        line_.leave_reads(id);
        std::string error;
        ReplyWriter(error, version_).error(error_text(status));
        refused_reads_.add({id, std::move(write.script), std::move(error)});
    } else if (write.transaction) {
        finish_exec(id, std::move(write), status);
    } else {
        line_.answer(id, answer_of(write, status));
    }
    if (status.is_ok() || status.is(Code::kInDoubt)) refused_reads_.note_written(id);
    retry_reads();
    move_answers();
    end_when_done();
}

std::string RespSession::answer_of(AnswerLine::Write& write, const Status& status) {
    const size_t commands = write.script != nullptr ? write.script->size() : write.sets;
    if (write.script == nullptr) {
        const bool failed = !status.is_ok();
        static const Command& set = *find_command("set");
        command_stats_.record_many(set, write.sets, write.took_us, failed);
    }
    if (status.is_ok() && write.script != nullptr) {
        note_script(*write.script);
        return std::move(write.script->answers());
    }
    std::string one = "+OK\r\n";
    if (!status.is_ok()) {
        one.clear();
        ReplyWriter(one, version_).error(error_text(status));
        note_refused(commands, one);
        if (write.script != nullptr) record_failed(command_stats_, *write.script, kEveryCommand);
    }
    std::string all;
    all.reserve(one.size() * commands);
    for (size_t i = 0; i < commands; ++i) all += one;
    return all;
}

void RespSession::note_script(const WriteScript& script) {
    const int64_t slow_us = shared_.slow_log.slower_than_us();
    for (size_t i = 0; i < script.size(); ++i) {
        if (script.command(i).data == nullptr) continue;
        const uint64_t took_us = script.took_us(i);
        const bool slow = slow_us >= 0 && took_us >= static_cast<uint64_t>(slow_us);
        note_call(script.command(i), slow ? script.args(i) : Args(), took_us, script.answer(i));
    }
}

void RespSession::note_refused(size_t commands, Bytes error) {
    counters_.add(Counter::kErrors, commands);
    for (size_t i = 0; i < commands; ++i) shared_.error_stats.record(error);
}

/// Reads that ran behind writes need not fail with them. What comes next waits, as behind any read
/// in the pool, so that they do not see it.
void RespSession::retry_reads() {
    while (!refused_reads_.empty() && line_.writes() == 0) {
        RefusedReads::Script refused = refused_reads_.take();
        const WriteScript& commands = *refused.commands;
        const size_t size = commands.size();
        const size_t writes = size - commands.reads();
        std::string error = refused.error;
        std::unique_ptr<PoolTask> task;  // has the commands then, also when there is no room for it
        if (!refused_reads_.is_overtaken(refused)) {
            const uint64_t answer_id = refused.answer_id;
            task = std::make_unique<RespRetryTask>(*this, std::move(refused));
            if (host_.post(task)) {
                ++in_flight_;
                note_refused(writes, error);
                record_failed(command_stats_, commands, command_flag::kWrite);
                continue;
            }
            refused.answer_id = answer_id;
        }
        note_refused(size, error);
        record_failed(command_stats_, commands, kEveryCommand);
        std::string all;
        for (size_t i = 0; i < size; ++i) all += error;
        line_.answer(refused.answer_id, std::move(all));
    }
}

}  // namespace kv::server

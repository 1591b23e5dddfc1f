// See write_script.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/resp/write_script.h"

#include <utility>

#include "kv/assert.h"
#include "kv/clock.h"
#include "server/batch_limit.h"
#include "server/commands/answer_limit.h"
#include "server/resp/script_view.h"
#include "server/resp/script_work.h"
#include "server/resp/status_text.h"
#include "server/shared_state.h"

namespace kv::server {

using protocol::resp::Args;

namespace {

// Commands that one slice in the read pool runs, if none of them takes long.
constexpr size_t kReadsAtOnce = 256;

}  // namespace

/// The most that the command adds to a batch.
size_t WriteScript::most_written(const Command& command, const Args& args) const {
    if (!command.has(command_flag::kWrite)) return 0;
    // Around a word of an operation, or in place of a number: kind, lengths, prefix, expiry.
    constexpr size_t kPerWord = 32;
    size_t bytes = 0;
    for (const Bytes word : args) bytes += kPerWord + word.size();
    if (command.has(command_flag::kArgumentsOnly)) return bytes;
    // A stored value that is written back, or a range for each database; a prefix is both ends of
    // one.
    constexpr size_t kRanges = 1024;
    return 2 * bytes + kRanges + shared_.config.engine.max_value_bytes;
}

bool WriteScript::has_room(const Command& command, const Args& args) const {
    const size_t bytes = most_written(command, args);
    return bytes == 0 || most_written_ + bytes <= shared_.config.engine.max_batch_bytes;
}

void WriteScript::add(const Command& command, Keyspace space, protocol::resp::Version version,
                      const Args& args, std::vector<protocol::ByteBlock> blocks) {
    calls_.push_back({&command, space, version, words_.size(), args.size(), 0, 0});
    words_.add(args, std::move(blocks));
    if (command.data != nullptr && !command.has(command_flag::kWrite)) ++reads_;
    values_ += values_asked(command, args);
    flags_ |= command.flags;
    most_written_ += most_written(command, args);
}

Args WriteScript::args(size_t index) const {
    const Call& call = calls_[index];
    Args args;
    args.reserve(call.words);
    for (size_t i = 0; i < call.words; ++i) args.push_back(words_.at(call.first_word + i));
    return args;
}

void WriteScript::collect_keys(std::vector<Bytes>& keys, std::vector<std::string>& storage) const {
    for (size_t i = 0; i < calls_.size(); ++i) {
        for (const Bytes key : keys_of(*calls_[i].command, args(i))) {
            std::string scratch;
            storage.emplace_back(calls_[i].space.stored(key, scratch));
        }
    }
    for (const std::string& key : storage) keys.push_back(key);
}

Bytes WriteScript::answer(size_t index) const {
    const size_t begin = index == 0 ? 0 : calls_[index - 1].answer_end;
    return Bytes(answers_).substr(begin, calls_[index].answer_end - begin);
}

/// Whether what the last command wrote and answered may stay. `writes`: null when it only reads.
Status WriteScript::check_last(const ScriptView* writes, const ScriptWork* work) {
    const bool together = kind_ == Kind::kTransaction;
    const Options& limits = shared_.config.engine;
    if (work != nullptr) KV_RETURN_IF_ERROR(work->status());
    if (writes != nullptr &&
        exceeds_batch(limits, writes->extent().mutations, writes->extent().bytes)) {
        return Status::invalid_argument(
            (together ? "its commands write more than " : "the command writes more than ") +
            std::to_string(limits.max_batch_bytes) + " bytes (engine.max_batch_size)");
    }
    if (together && answers_.size() > kMaxAnswerBytes) {
        return Status::invalid_argument(over_answer_limit("its answer is"));
    }
    if (answers_.size() < charged_bytes_ + MemoryBudget::kChargedAtOnce) return Status::ok();
    if (!shared_.memory.has_room(answers_.size() - charged_bytes_)) return network_memory_full();
    charge(answers_.size());
    return Status::ok();
}

void WriteScript::charge(size_t bytes) {
    if (bytes == charged_bytes_) return;
    shared_.memory.add(static_cast<int64_t>(bytes) - static_cast<int64_t>(charged_bytes_));
    charged_bytes_ = bytes;
}

void WriteScript::count_in_keyspaces() const { tally_.pass_on(shared_.keyspaces); }

void WriteScript::begin_run() {
    answers_.clear();
    charge(0);
    tally_ = {};
}

Status WriteScript::run(CommitView& view, WriteBatch& batch) {
    begin_run();
    lap_us_ = shared_.clock.monotonic_us();
    ScriptWork work;
    ScriptWork* const limit = kind_ == Kind::kTransaction ? &work : nullptr;
    ScriptView data(view, tally_, &words_, limit);
    for (size_t i = 0; i < calls_.size(); ++i) KV_RETURN_IF_ERROR(run_call(i, data, &data, limit));
    data.write_to(batch);
    return Status::ok();
}

Status WriteScript::run_reads(size_t& next, const SnapshotPtr& snapshot, StoreView::Reach reach) {
    if (next == 0) begin_run();
    lap_us_ = shared_.clock.monotonic_us();
    StoreView view(shared_.db, shared_.clock, shared_.keyspaces, reach, snapshot, tally_);
    const bool pauses = reach == StoreView::Reach::kDisk;
    for (size_t done = 0; next < calls_.size() && !(pauses && done >= kReadsAtOnce);) {
        KV_RETURN_IF_ERROR(run_call(next, view, nullptr, nullptr));
        done += calls_[next].command->has(command_flag::kLong) ? kReadsAtOnce : 1;
        ++next;
    }
    if (next == calls_.size()) count_in_keyspaces();
    return Status::ok();
}

/// An error is that of all the commands. `writes`: the view, if it takes any.
Status WriteScript::run_call(size_t index, KeyView& view, ScriptView* writes,
                             const ScriptWork* work) {
    Call& call = calls_[index];
    if (call.command->data != nullptr) {
        const size_t answer_begin = answers_.size();
        const Status status = run_one(call, args(index), view, answers_, nullptr);
        if (!status.is_ok()) {
            was_cold_ = true;
            return status;
        }
        const Status fits = check_last(writes, work);
        if (!fits.is_ok() && kind_ == Kind::kTransaction) return fits;
        if (!fits.is_ok()) {
            writes->drop_last();
            answers_.resize(answer_begin);
            protocol::resp::ReplyWriter(answers_, call.version).error(error_text(fits));
        } else if (writes != nullptr) {
            writes->keep_last();
        }
    }
    call.answer_end = answers_.size();
    const uint64_t now_us = shared_.clock.monotonic_us();
    call.took_us = now_us - std::exchange(lap_us_, now_us);
    return Status::ok();
}

void WriteScript::run_alone(size_t index, KeyView& view, protocol::resp::Reply& answer) const {
    const Status status = run_one(calls_[index], args(index), view, answer.text, &answer.apart);
    KV_ASSERT(status.is_ok());
}

/// Appends the answer. kWouldBlock is the only error that is not one.
Status WriteScript::run_one(const Call& call, const Args& args, KeyView& view, std::string& answer,
                            protocol::resp::ReplyWriter::Apart* apart) const {
    const size_t before = answer.size();
    const size_t apart_before = apart != nullptr ? apart->size() : 0;
    protocol::resp::ReplyWriter reply(answer, call.version, apart);
    DataContext context{args, view, call.space, reply, shared_};
    Status status = call.command->data(context);
    if (status.is_ok()) return status;
    answer.resize(before);
    if (apart != nullptr) apart->resize(apart_before);
    if (status.is(Code::kWouldBlock)) return status;
    reply.error(error_text(status));
    return Status::ok();
}

}  // namespace kv::server

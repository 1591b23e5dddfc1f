// The writing side of a session: requests become batches, checked against the limits that HELLO
// announced, and go to the engine in arrival order. A batch whose preconditions or increments need
// the disk is prepared in the read pool first, and every later write of the connection waits for
// it. SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "kv/assert.h"
#include "server/session.h"

namespace kv::server {

using protocol::Opcode;
using protocol::WireStatus;

namespace {

static_assert(static_cast<int>(protocol::Durability::kDisk) == static_cast<int>(Durability::kDisk));
static_assert(static_cast<int>(protocol::BatchPrecondition::Kind::kNotNewer) ==
              static_cast<int>(Precondition::Kind::kNotNewer));

bool needs_prepare(const WriteBatch& batch) {
    return !batch.preconditions().empty() || batch.increment_count() > 0;
}

/// Sizes against the announced limits, before anything is copied.
class SizeCheck {
  public:
    explicit SizeCheck(const Options& limits) : limits_(limits) {}

    void key(Bytes key) {
        total_ += key.size();
        if (key.empty()) fail(WireStatus::kInvalidArgument, "a key must not be empty");
        if (key.size() > limits_.max_key_bytes) too_large("key", key.size(), limits_.max_key_bytes);
    }
    void value(Bytes value) {
        total_ += value.size();
        if (value.size() > limits_.max_value_bytes) {
            too_large("value", value.size(), limits_.max_value_bytes);
        }
    }
    Refusal verdict() {
        if (total_ > limits_.max_batch_bytes) too_large("batch", total_, limits_.max_batch_bytes);
        return refusal_;
    }

  private:
    void too_large(const char* what, size_t found, size_t limit) {
        fail(WireStatus::kTooLarge, std::string(what) + " of " + std::to_string(found) +
                                        " bytes; the limit is " + std::to_string(limit));
    }
    void fail(WireStatus status, std::string message) {
        if (!refusal_.refused()) refusal_ = {status, std::move(message)};
    }

    const Options& limits_;
    size_t total_ = 0;
    Refusal refusal_;
};

Refusal check_sizes(const protocol::BatchRequest& request, const Options& limits) {
    SizeCheck check(limits);
    for (const auto& precondition : request.preconditions) {
        check.key(precondition.key);
        check.value(precondition.value);
    }
    for (const auto& op : request.ops) {
        check.key(op.key);
        check.value(op.value);
    }
    return check.verdict();
}

void add_to(WriteBatch& batch, const protocol::BatchOp& op) {
    switch (op.kind) {
        case protocol::BatchOp::Kind::kPut:
            return batch.put(op.key, op.value);
        case protocol::BatchOp::Kind::kDelete:
            return batch.del(op.key);
        case protocol::BatchOp::Kind::kPutWithExpiry:
            return batch.put_with_expiry(op.key, op.value, op.expiry_ms);
        case protocol::BatchOp::Kind::kIncrement:
            return batch.increment(op.key, op.by);
    }
}

Refusal malformed(const Status& status) {
    return {WireStatus::kMalformed, std::string(status.message())};
}

}  // namespace

/// Brings what a batch's preconditions and increments need into memory.
class PrepareTask final : public PoolTask {
  public:
    PrepareTask(Session& session, const WriteBatch& batch) : session_(session), batch_(batch) {}
    Next run() override {
        // A failed read shows again, with its place in history, when the engine checks the batch.
        (void)session_.shared_.db.prepare(batch_, false);
        return Next::kDone;
    }
    void finish() override { session_.on_prepared(); }

  private:
    Session& session_;
    const WriteBatch& batch_;  // of the first waiting write, which stays until finish()
};

Refusal Session::build(const RequestInfo& info, Bytes body, WriteBatch& batch) {
    const Options& limits = shared_.config.engine;
    SizeCheck check(limits);
    switch (info.opcode) {
        case Opcode::kPut: {
            protocol::PutRequest request;
            const Status status = protocol::decode(body, request);
            if (!status.is_ok()) return malformed(status);
            check.key(request.key);
            check.value(request.value);
            const Refusal refusal = check.verdict();
            if (refusal.refused()) return refusal;
            if (request.expiry_ms != 0) {
                batch.put_with_expiry(request.key, request.value, request.expiry_ms);
            } else {
                batch.put(request.key, request.value);
            }
            return {};
        }
        case Opcode::kDelete: {
            protocol::DeleteRequest request;
            const Status status = protocol::decode(body, request);
            if (!status.is_ok()) return malformed(status);
            check.key(request.key);
            const Refusal refusal = check.verdict();
            if (!refusal.refused()) batch.del(request.key);
            return refusal;
        }
        case Opcode::kIncrement: {
            protocol::IncrementRequest request;
            const Status status = protocol::decode(body, request);
            if (!status.is_ok()) return malformed(status);
            check.key(request.key);
            const Refusal refusal = check.verdict();
            if (!refusal.refused()) batch.increment(request.key, request.by);
            return refusal;
        }
        default:
            break;
    }
    protocol::BatchRequest request;
    const Status status = protocol::decode(body, request);
    if (!status.is_ok()) return malformed(status);
    const Refusal refusal = check_sizes(request, limits);
    if (refusal.refused()) return refusal;
    for (const auto& p : request.preconditions) {
        batch.require({static_cast<Precondition::Kind>(p.kind), std::string(p.key),
                       std::string(p.value), p.seqno});
    }
    for (const auto& op : request.ops) add_to(batch, op);
    return {};
}

void Session::on_write(const RequestInfo& info, protocol::Durability durability, Bytes body) {
    counters_.add(Counter::kWrites);
    auto request = std::make_unique<WriteRequest>();
    const Refusal refusal = build(info, body, request->batch);
    if (refusal.refused()) return refuse(info, refusal);
    request->durability = static_cast<Durability>(durability);
    request->deadline_us = info.deadline_us;
    request->tag = info.id;

    ++in_flight_;
    held_bytes_ += body.size();
    table_.insert({info, Stage::kWriting, nullptr, body.size()});
    if (waiting_writes_.empty() && !needs_prepare(request->batch)) {
        return host_.submit(std::move(request));
    }
    waiting_writes_.push_back(std::move(request));
    if (!preparing_) submit_waiting();
}

void Session::submit_waiting() {
    while (!waiting_writes_.empty()) {
        const WriteBatch& batch = waiting_writes_.front()->batch;
        if (needs_prepare(batch) && shared_.db.prepare(batch, true).is(Code::kWouldBlock)) {
            std::unique_ptr<PoolTask> task = std::make_unique<PrepareTask>(*this, batch);
            // A full pool is no reason to refuse: the engine can read for itself.
            if (host_.post(task)) {
                counters_.add(Counter::kPoolTasks);
                preparing_ = true;
                return;
            }
        }
        host_.submit(std::move(waiting_writes_.front()));
        waiting_writes_.pop_front();
    }
}

void Session::on_prepared() {
    host_.progressed();
    preparing_ = false;
    if (closed_) {
        in_flight_ -= waiting_writes_.size();
        waiting_writes_.clear();
        return;
    }
    host_.submit(std::move(waiting_writes_.front()));
    waiting_writes_.pop_front();
    submit_waiting();
}

void Session::on_written(std::unique_ptr<WriteRequest> request, uint64_t now_us) {
    host_.progressed();
    --in_flight_;
    if (closed_) return;
    now_us_ = now_us;
    const PendingRequest* pending = table_.find(request->tag);
    KV_ASSERT(pending != nullptr);
    const RequestInfo info = pending->info;
    const WriteResult& result = request->result;
    if (!result.status.is_ok()) {
        refuse(info, result.status);
    } else if (!info.has(protocol::flag::kQuiet)) {
        answer(info, protocol::WriteResponse{result.first_seqno, result.last_seqno,
                                             static_cast<protocol::Durability>(result.reached),
                                             std::move(request->result.counters)});
    }
    finish(info.id);
    end_when_done();
}

}  // namespace kv::server

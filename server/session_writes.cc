// The writing side of a session: requests become batches, checked against the limits that HELLO
// announced, and go to the engine in arrival order. A batch whose preconditions or increments need
// the disk is prepared in the read pool first, and every later write of the connection waits for
// it.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "kv/assert.h"
#include "server/batch_limit.h"
#include "server/session.h"
#include "server/stored_keys.h"

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

/// Sizes against the announced limits, before anything is copied. The limits are for keys as they
/// are stored, the message names what the client may send.
class SizeCheck {
  public:
    SizeCheck(const Options& limits, const Keyspace& space) : limits_(limits), space_(space) {}

    void key(Bytes key) {
        const size_t extra = space_.extra_bytes(key);
        total_ += key.size() + extra;
        if (key.empty()) fail(WireStatus::kInvalidArgument, "a key must not be empty");
        if (key.size() + extra > limits_.max_key_bytes) {
            const size_t limit =
                limits_.max_key_bytes - std::min<size_t>(extra, limits_.max_key_bytes);
            too_large("key", key.size(), limit);
        }
    }
    void value(Bytes value) {
        total_ += value.size();
        if (value.size() > limits_.max_value_bytes) {
            too_large("value", value.size(), limits_.max_value_bytes);
        }
    }
    /// `parts`: mutations and preconditions.
    Refusal verdict(size_t parts = 1) {
        if (exceeds_batch(limits_, parts, total_)) {
            too_large("batch", total_, limits_.max_batch_bytes);
        }
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
    const Keyspace& space_;
    size_t total_ = 0;
    Refusal refusal_;
};

Refusal check_sizes(const protocol::BatchRequest& request, SizeCheck check) {
    for (const auto& precondition : request.preconditions) {
        check.key(precondition.key);
        check.value(precondition.value);
    }
    for (const auto& op : request.ops) {
        check.key(op.key);
        check.value(op.value);
    }
    return check.verdict(request.preconditions.size() + request.ops.size());
}

/// `key`: of the operation, as it is stored.
void add_to(WriteBatch& batch, const protocol::BatchOp& op, Bytes key) {
    switch (op.kind) {
        case protocol::BatchOp::Kind::kPut:
            return batch.put(key, op.value);
        case protocol::BatchOp::Kind::kDelete:
            return batch.del(key);
        case protocol::BatchOp::Kind::kPutWithExpiry:
            return batch.put_with_expiry(key, op.value, op.expiry_ms);
        case protocol::BatchOp::Kind::kIncrement:
            return batch.increment(key, op.by);
    }
}

Refusal fill_batch(const protocol::BatchRequest& request, const Keyspace& space, SizeCheck check,
                   WriteBatch& batch, uint32_t& deletes) {
    Refusal refusal = check_sizes(request, check);
    if (refusal.refused()) return refusal;
    std::string scratch;
    for (const auto& p : request.preconditions) {
        batch.require({static_cast<Precondition::Kind>(p.kind),
                       std::string(space.stored(p.key, scratch)), std::string(p.value), p.seqno});
    }
    for (const auto& op : request.ops) {
        add_to(batch, op, space.stored(op.key, scratch));
        if (op.kind == protocol::BatchOp::Kind::kDelete) ++deletes;
    }
    return refusal;
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

Refusal Session::build(const RequestInfo& info, Bytes body, WriteBatch& batch,
                       uint32_t& deletes) const {
    const Keyspace& space = keyspace_->space();
    SizeCheck check(shared_.config.engine, space);
    std::string scratch;
    switch (info.opcode) {
        case Opcode::kPut: {
            protocol::PutRequest request;
            const Status status = protocol::decode(body, request);
            if (!status.is_ok()) return malformed(status);
            check.key(request.key);
            check.value(request.value);
            const Refusal refusal = check.verdict();
            if (refusal.refused()) return refusal;
            const Bytes key = space.stored(request.key, scratch);
            if (request.expiry_ms != 0) {
                batch.put_with_expiry(key, request.value, request.expiry_ms);
            } else {
                batch.put(key, request.value);
            }
            return {};
        }
        case Opcode::kDelete: {
            protocol::DeleteRequest request;
            const Status status = protocol::decode(body, request);
            if (!status.is_ok()) return malformed(status);
            check.key(request.key);
            Refusal refusal = check.verdict();
            if (refusal.refused()) return refusal;
            batch.del(space.stored(request.key, scratch));
            deletes = 1;
            return {};
        }
        case Opcode::kDeleteRange:
            deletes = 1;
            return build_range_delete(body, batch);
        case Opcode::kIncrement: {
            protocol::IncrementRequest request;
            const Status status = protocol::decode(body, request);
            if (!status.is_ok()) return malformed(status);
            check.key(request.key);
            Refusal refusal = check.verdict();
            if (refusal.refused()) return refusal;
            batch.increment(space.stored(request.key, scratch), request.by);
            return {};
        }
        default:
            break;
    }
    protocol::BatchRequest request;
    const Status status = protocol::decode(body, request);
    if (!status.is_ok()) return malformed(status);
    return fill_batch(request, space, check, batch, deletes);
}

Refusal Session::build_range_delete(Bytes body, WriteBatch& batch) const {
    protocol::DeleteRangeRequest request;
    const Status status = protocol::decode(body, request);
    if (!status.is_ok()) return malformed(status);
    SizeCheck check(shared_.config.engine, keyspace_->space());
    for (const Bytes bound : {request.range.lower, request.range.upper, request.range.prefix})
        if (!bound.empty()) check.key(bound);
    Refusal refusal = check.verdict();
    if (refusal.refused()) return refusal;
    const auto [first, end] = stored_range(keyspace_->space(), request.range);
    batch.delete_range(first, end);
    return refusal;
}

void Session::on_write(const RequestInfo& info, protocol::Durability durability, Bytes body) {
    counters_.add(Counter::kWrites);
    auto request = std::make_unique<WriteRequest>();
    uint32_t deletes = 0;
    const Refusal refusal = build(info, body, request->batch, deletes);
    if (refusal.refused()) return refuse(info, refusal);
    request->durability = static_cast<Durability>(durability);
    request->deadline_us = info.deadline_us;
    request->tag = info.id;

    ++in_flight_;
    held_bytes_ += body.size();
    table_.insert({info, Stage::kWriting, deletes, nullptr, body.size()});
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
        for (const auto& request : waiting_writes_) forget(request->tag);
        waiting_writes_.clear();
        return;
    }
    host_.submit(std::move(waiting_writes_.front()));
    waiting_writes_.pop_front();
    submit_waiting();
}

/// What the store has refused, or may have lost, was not taken.
void Session::count_written(const PendingRequest& pending, const WriteResult& result) {
    if (!result.status.is_ok() || result.first_seqno == 0) return;
    const uint64_t mutations = result.last_seqno - result.first_seqno + 1;
    keyspace_->count_writes(mutations - pending.deletes, pending.deletes);
}

void Session::on_written(std::unique_ptr<WriteRequest> request, uint64_t now_us) {
    host_.progressed();
    --in_flight_;
    const PendingRequest* pending = table_.find(request->tag);
    KV_ASSERT(pending != nullptr);
    const WriteResult& result = request->result;
    count_written(*pending, result);
    if (closed_) return forget(request->tag);
    now_us_ = now_us;
    const RequestInfo info = pending->info;
    if (!result.status.is_ok()) {
        refuse_write(info, for_user(keyspace_->space(), result.status));
    } else if (!info.has(protocol::flag::kQuiet)) {
        answer(info, protocol::WriteResponse{result.first_seqno, result.last_seqno,
                                             static_cast<protocol::Durability>(result.reached),
                                             std::move(request->result.counters)});
    }
    finish(info.id);
    end_when_done();
}

}  // namespace kv::server

// The reading side of a session: answered on the network thread when everything is in memory, else
// by a task in the read pool, whose answer may overtake others or be overtaken.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "server/session.h"
#include "server/sliced_walk.h"
#include "server/stored_keys.h"

namespace kv::server {

using protocol::Opcode;
using protocol::WireStatus;

namespace {

constexpr uint64_t kPoolRetryMs = 50;
// More keys than this are looked up in the pool: a network thread serves others too.
constexpr size_t kMaxInlineKeys = 64;
// Live entries that an exact count visits before it lets other tasks run.
constexpr uint64_t kCountSlice = 16'384;
// Dead entries that an explained scan passes over before it stops: what it tells by then is enough.
constexpr uint64_t kMostExplainedSkips = 1'000'000;

/// Of requests whose answer, always a small one, tells what was done and cannot be taken back: it
/// goes out however full memory is.
constexpr bool is_needed(Opcode opcode) {
    return protocol::changes_store(opcode) || opcode == Opcode::kCheckpoint;
}

void append_entries(const std::vector<std::optional<Entry>>& entries, const RequestInfo& info,
                    uint64_t now_us, NamedKeyspace& keyspace, std::string& reply) {
    protocol::MultiGetResponse response;
    response.items.reserve(entries.size());
    uint64_t found = 0;
    for (const auto& entry : entries) {
        if (entry) ++found;
        response.items.push_back(get_response(entry));
    }
    keyspace.count_reads(entries.size(), found);
    append_answer(reply, info, now_us, response);
}

/// All keys together, which read from the disk at the same time. An answer too large for a frame
/// is never all in memory.
Status look_up_together(Db& db, const std::vector<Bytes>& keys, const ReadOptions& options,
                        const RequestInfo& info, uint64_t now_us, uint32_t max_frame_bytes,
                        NamedKeyspace& keyspace, std::string& reply) {
    std::vector<std::optional<Entry>> entries;
    entries.reserve(keys.size());
    size_t bytes = protocol::kHeaderBytes + sizeof(uint32_t);
    for (auto& found : db.multi_get(keys, options, max_frame_bytes)) {
        if (found.is_ok()) {
            bytes += get_body_bytes(*found);
            entries.push_back(std::move(*found));
        } else if (found.error().is(Code::kInvalidArgument)) {
            bytes += protocol::kGetHeadBytes + found.error().detail();
        } else {
            return found.error();
        }
    }
    if (bytes > max_frame_bytes)
        append_error(reply, info, now_us, answer_too_large(bytes, max_frame_bytes));
    else
        append_entries(entries, info, now_us, keyspace, reply);
    return Status::ok();
}

/// One key after another at one snapshot: ends at the first that is not in memory, and when the
/// answer grows too large. kWouldBlock as from Db::get.
Status look_up(Db& db, const std::vector<Bytes>& keys, const ReadOptions& options,
               const RequestInfo& info, uint64_t now_us, uint32_t max_frame_bytes,
               NamedKeyspace& keyspace, std::string& reply) {
    std::vector<std::optional<Entry>> entries;
    entries.reserve(keys.size());
    size_t bytes = protocol::kHeaderBytes + sizeof(uint32_t);
    for (const Bytes key : keys) {
        KV_ASSIGN_OR_RETURN(std::optional<Entry> entry, db.get(key, options));
        bytes += get_body_bytes(entry);
        if (bytes > max_frame_bytes) {
            append_error(reply, info, now_us, answer_too_large(bytes, max_frame_bytes));
            return Status::ok();
        }
        entries.push_back(std::move(entry));
    }
    append_entries(entries, info, now_us, keyspace, reply);
    return Status::ok();
}

}  // namespace

/// A read in the pool. Its job builds the whole answer there.
class ReadTask final : public PoolTask {
  public:
    ReadTask(Session& session, const RequestInfo& info, Session::Job job)
        : session_(session), info_(info), job_(std::move(job)) {}

    Next run() override {
        SharedState& shared = session_.shared_;
        const uint64_t now_us = shared.clock.monotonic_us();
        if (cancelled()) {
            append_error(reply_, info_, now_us, WireStatus::kCancelled, "cancelled by the client");
        } else if (!begun_ && info_.expired(now_us)) {
            append_error(reply_, info_, now_us, WireStatus::kDeadline,
                         "the deadline passed in the queue of reads");
        } else if (job_(reply_) == Next::kAgain) {
            begun_ = true;
            return Next::kAgain;
        }
        had_room_ = shared.memory.try_add(reply_.size());
        if (!had_room_ && !is_needed(info_.opcode)) {
            reply_.clear();
            append_error(reply_, info_, now_us, WireStatus::kOverloaded, "network buffers are full",
                         kPoolRetryMs);
        }
        charged_bytes_ = static_cast<int64_t>(reply_.size());
        if (!had_room_) shared.memory.add(charged_bytes_);
        return Next::kDone;
    }

    void finish() override {
        session_.shared_.memory.add(-charged_bytes_);
        session_.on_read_done(info_.id, std::move(reply_), had_room_);
    }

  private:
    Session& session_;
    const RequestInfo info_;
    Session::Job job_;
    std::string reply_;
    bool begun_ = false;
    bool had_room_ = true;
    int64_t charged_bytes_ = 0;
};

void Session::read_in_pool(const RequestInfo& info, size_t bytes, Job job) {
    std::unique_ptr<PoolTask> task = std::make_unique<ReadTask>(*this, info, std::move(job));
    PoolTask* const raw = task.get();
    if (!host_.post(task)) {
        counters_.add(Counter::kLimitPool);
        shared_.report(Incident::kReadQueue, "too many reads wait (limits.queued_reads)");
        return refuse(info, Refusal{WireStatus::kOverloaded, "too many reads wait for the disk",
                                    kPoolRetryMs});
    }
    counters_.add(Counter::kPoolTasks);
    ++in_flight_;
    held_bytes_ += bytes;
    table_.insert({info, Stage::kReading, 0, raw, bytes});
}

void Session::on_read_done(uint64_t id, std::string reply, bool had_room) {
    host_.progressed();
    now_us_ = shared_.clock.monotonic_us();
    --in_flight_;
    const bool failed = protocol::decode_header(reply.data()).status != raw(WireStatus::kOk);
    if (failed) counters_.add(Counter::kErrors);
    if (!had_room) note_no_memory();
    if (!closed_) replies_.append(std::move(reply));
    slow_reader_.note(replies_.bytes(), now_us_);
    finish(id);
    end_when_done();
}

Result<SnapshotPtr> Session::find_snapshot(uint64_t id) const {
    if (id == 0) return SnapshotPtr();
    return shared_.snapshots.find(id, now_us_);
}

void Session::on_get(const RequestInfo& info, Bytes body) {
    protocol::GetRequest request;
    if (!decode(info, body, request)) return;
    ReadOptions options;
    options.cache_only = true;
    if (request.snapshot_id != 0) {
        auto snapshot = find_snapshot(request.snapshot_id);
        if (!snapshot.is_ok()) return refuse(info, snapshot.error());
        options.snapshot = std::move(*snapshot);
    }
    std::string scratch;
    const Bytes key = keyspace_->space().stored(request.key, scratch);
    auto found = shared_.db.get(key, options);
    if (found.is_ok()) {
        keyspace_->count_reads(1, found->has_value() ? 1 : 0);
        return answer_get(info, std::move(*found));
    }
    if (!found.error().is(Code::kWouldBlock)) return refuse(info, found.error());

    options.cache_only = false;
    read_in_pool(
        info, body.size(),
        [&shared = shared_, info, options = std::move(options), key = std::string(key),
         &keyspace = *keyspace_, max_frame_bytes = max_frame_bytes_](std::string& reply) {
            auto entry = shared.db.get(key, options);
            const uint64_t now_us = shared.clock.monotonic_us();
            if (entry.is_ok()) keyspace.count_reads(1, entry->has_value() ? 1 : 0);
            const size_t bytes = protocol::kHeaderBytes + (entry ? get_body_bytes(*entry) : 0);
            if (!entry.is_ok()) {
                append_error(reply, info, now_us, entry.error());
            } else if (bytes > max_frame_bytes) {
                append_error(reply, info, now_us, answer_too_large(bytes, max_frame_bytes));
            } else {
                append_answer(reply, info, now_us, get_response(*entry));
            }
            return PoolTask::Next::kDone;
        });
}

void Session::answer_get(const RequestInfo& info, std::optional<Entry> entry) {
    const size_t body_bytes = get_body_bytes(entry);
    if (body_bytes + protocol::kHeaderBytes > max_frame_bytes_) {
        return refuse(info, answer_too_large(body_bytes, max_frame_bytes_));
    }
    const bool checked = info.has(protocol::flag::kChecked);
    if (!entry || checked || entry->value.size() < ReplyQueue::kLargeBytes) {
        return answer(info, get_response(entry));
    }
    // A large value goes out from where it lies.
    protocol::Header header = answer_header(info, now_us_);
    header.body_len = static_cast<uint32_t>(body_bytes);
    std::string& slab = replies_.slab();
    const size_t start = slab.size();
    slab.resize(start + protocol::kHeaderBytes);
    protocol::encode_header(header, slab.data() + start);
    protocol::append_get_head(slab, entry->seqno, entry->expiry_ms,
                              static_cast<uint32_t>(entry->value.size()));
    replies_.append(std::move(entry->value));
}

void Session::on_multi_get(const RequestInfo& info, Bytes body) {
    protocol::MultiGetRequest request;
    if (!decode(info, body, request)) return;
    auto snapshot = find_snapshot(request.snapshot_id);
    if (!snapshot.is_ok()) return refuse(info, snapshot.error());
    ReadOptions options;
    options.snapshot = *snapshot != nullptr ? std::move(*snapshot) : shared_.db.snapshot();
    options.cache_only = true;
    if (request.keys.size() <= kMaxInlineKeys) {
        StoredKeys stored;
        stored.map(keyspace_->space(), request.keys);
        std::string reply;
        const Status status = look_up(shared_.db, request.keys, options, info, now_us_,
                                      max_frame_bytes_, *keyspace_, reply);
        if (status.is_ok()) return replies_.append(std::move(reply));
        if (!status.is(Code::kWouldBlock)) return refuse(info, status);
    }
    options.cache_only = false;
    read_in_pool(info, body.size(),
                 [&shared = shared_, info, options = std::move(options), body = std::string(body),
                  &keyspace = *keyspace_, max_frame_bytes = max_frame_bytes_](std::string& reply) {
                     protocol::MultiGetRequest copy;
                     Status status = protocol::decode(body, copy);
                     const uint64_t now_us = shared.clock.monotonic_us();
                     if (status.is_ok()) {
                         StoredKeys stored;
                         stored.map(keyspace.space(), copy.keys);
                         status = look_up_together(shared.db, copy.keys, options, info, now_us,
                                                   max_frame_bytes, keyspace, reply);
                     }
                     if (!status.is_ok()) append_error(reply, info, now_us, status);
                     return PoolTask::Next::kDone;
                 });
}

void Session::on_count(const RequestInfo& info, Bytes body) {
    protocol::CountRequest request;
    if (!decode(info, body, request)) return;
    auto snapshot = find_snapshot(request.snapshot_id);
    if (!snapshot.is_ok()) return refuse(info, snapshot.error());
    if (const Refusal refusal = check_range(keyspace_->space(), request.range); refusal.refused())
        return refuse(info, refusal);
    ScanOptions options = scan_options(keyspace_->space(), request.range, std::move(*snapshot));
    if (!request.exact) {
        return read_in_pool(
            info, body.size(),
            [&shared = shared_, info, options = std::move(options)](std::string& reply) {
                const uint64_t count = shared.db.approximate_count(options);
                append_answer(reply, info, shared.clock.monotonic_us(),
                              protocol::CountResponse{count, false});
                return PoolTask::Next::kDone;
            });
    }
    options.fill_cache = false;
    options.max_skipped = kSliceSkips;
    read_in_pool(
        info, body.size(),
        [&shared = shared_, info, options = std::move(options),
         iterator = std::shared_ptr<Iterator>(), count = uint64_t{0}](std::string& reply) mutable {
            if (iterator == nullptr) {
                iterator = shared.db.new_iterator(options);
                iterator->seek_to_first();
            } else {
                begin_slice(*iterator);
            }
            for (uint64_t i = 0; i < kCountSlice && iterator->valid(); ++i, ++count)
                iterator->next();
            if (iterator->valid() || iterator->budget_exhausted()) return PoolTask::Next::kAgain;
            const Status status = iterator->status();
            const uint64_t now_us = shared.clock.monotonic_us();
            if (!status.is_ok()) {
                append_error(reply, info, now_us, status);
            } else {
                append_answer(reply, info, now_us, protocol::CountResponse{count, true});
            }
            iterator.reset();
            return PoolTask::Next::kDone;
        });
}

void Session::on_explain(const RequestInfo& info, Bytes body) {
    protocol::ExplainRequest request;
    if (!decode(info, body, request)) return;
    auto snapshot = find_snapshot(request.snapshot_id);
    if (!snapshot.is_ok()) return refuse(info, snapshot.error());
    const auto tell = [&](auto explain) {
        read_in_pool(info, body.size(),
                     [&shared = shared_, info, explain = std::move(explain),
                      max_frame_bytes = max_frame_bytes_](std::string& reply) {
                         const auto told = explain(shared.db);
                         const uint64_t now_us = shared.clock.monotonic_us();
                         if (!told.is_ok()) {
                             append_error(reply, info, now_us, told.error());
                         } else {
                             const std::string text = to_text(*told);
                             append_fitting_answer(reply, info, now_us,
                                                   protocol::ExplainResponse{text},
                                                   max_frame_bytes);
                         }
                         return PoolTask::Next::kDone;
                     });
    };
    if (request.read == protocol::ExplainRequest::Read::kGet) {
        ReadOptions options;
        options.snapshot = std::move(*snapshot);
        std::string scratch;
        return tell([options = std::move(options),
                     key = std::string(keyspace_->space().stored(request.key, scratch))](Db& db) {
            return db.explain_get(key, options);
        });
    }
    if (const Refusal refusal = check_range(keyspace_->space(), request.range); refusal.refused())
        return refuse(info, refusal);
    ScanOptions options = scan_options(keyspace_->space(), request.range, std::move(*snapshot));
    options.max_skipped = kMostExplainedSkips;
    const uint64_t limit = request.limit == 0
                               ? protocol::kDefaultExplainedEntries
                               : std::min(request.limit, protocol::kMostExplainedEntries);
    tell([options = std::move(options), limit](Db& db) { return db.explain_scan(options, limit); });
}

void Session::on_snapshot(const RequestInfo& info, Bytes body) {
    Result<SnapshotTable::Lease> lease = SnapshotTable::Lease{};
    if (info.opcode == Opcode::kSnapshotClose) {
        protocol::SnapshotCloseRequest request;
        if (!decode(info, body, request)) return;
        const bool found = shared_.snapshots.close(request.snapshot_id);
        if (!info.has(protocol::flag::kQuiet)) answer(info, protocol::AckResponse{found});
        return;
    }
    if (info.opcode == Opcode::kSnapshotOpen) {
        protocol::SnapshotOpenRequest request;
        if (!decode(info, body, request)) return;
        lease = shared_.snapshots.open(shared_.db.snapshot(), request.lease_ms, now_us_);
    } else {
        protocol::SnapshotRenewRequest request;
        if (!decode(info, body, request)) return;
        lease = shared_.snapshots.renew(request.snapshot_id, request.lease_ms, now_us_);
    }
    if (lease.is_ok()) {
        return answer(info, protocol::SnapshotResponse{lease->id, lease->seqno, lease->lease_ms});
    }
    if (lease.error().is(Code::kOverloaded)) {
        counters_.add(Counter::kLimitSnapshots);
        shared_.report(Incident::kSnapshots, peer_ + ": " + std::string(lease.error().message()));
    }
    refuse(info, lease.error());
}

}  // namespace kv::server

// The scans of a session: each is a ScanStream that makes one chunk at a time in the read pool, as
// long as its client grants credit and reads what it is sent. A scan that may not go on is parked
// and costs an iterator and its request's strings, no thread and no buffers.
// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "server/session.h"
#include "server/stored_keys.h"

namespace kv::server {

using protocol::WireStatus;

namespace {

constexpr uint64_t kRetryMs = 1000;
// A scan does not run ahead of its client by more than this, whatever its credit.
constexpr size_t kMaxUnreadForScans = 1U << 20;

}  // namespace

/// One chunk of one scan. Cancelled, it comes back without one at the end of its slice.
class ScanTask final : public PoolTask {
  public:
    ScanTask(Session& session, ScanStream& stream) : session_(session), stream_(stream) {}

    Next run() override {
        if (cancelled()) return Next::kDone;
        Clock& clock = session_.shared_.clock;
        MemoryBudget& memory = session_.shared_.memory;
        const uint64_t now_us = clock.monotonic_us();
        if (!stream_.has_begun() && stream_.info().expired(now_us)) {
            chunk_ = stream_.fail(
                {WireStatus::kDeadline, "the deadline passed in the queue of reads"}, now_us);
        } else if (auto chunk = stream_.next_chunk(clock, memory)) {
            chunk_ = *std::move(chunk);
        } else {
            return Next::kAgain;
        }
        charged_bytes_ = static_cast<int64_t>(chunk_.frame.size());
        memory.add(charged_bytes_ - static_cast<int64_t>(chunk_.charged_bytes));
        return Next::kDone;
    }
    void finish() override {
        session_.shared_.memory.add(-charged_bytes_);
        session_.on_scan_chunk(stream_.info().id, std::move(chunk_));
    }

  private:
    Session& session_;
    ScanStream& stream_;  // kept by the session while a chunk is being made
    ScanStream::Chunk chunk_;
    int64_t charged_bytes_ = 0;
};

void Session::on_scan(const RequestInfo& info, Bytes body) {
    protocol::ScanRequest request;
    if (!decode(info, body, request)) return;
    if (no_more_scans_.refused()) return refuse(info, no_more_scans_);
    if (const Refusal refusal = check_range(keyspace_->space(), request.range); refusal.refused())
        return refuse(info, refusal);
    if (scans_.size() >= shared_.config.limits.scans_per_connection) {
        counters_.add(Counter::kLimitScans);
        shared_.report(Incident::kScans, peer_ + ": " + std::to_string(scans_.size()) +
                                             " scans are open (limits.scans_per_connection)");
        return refuse(info, Refusal{WireStatus::kOverloaded,
                                    "too many scans are open on this connection", kRetryMs});
    }
    auto snapshot = find_snapshot(request.snapshot_id);
    if (!snapshot.is_ok()) return refuse(info, snapshot.error());
    // Fixed now, not when the pool gets to it: a fence behind this scan does not wait for it.
    SnapshotPtr at = *snapshot != nullptr ? std::move(*snapshot) : shared_.db.snapshot();
    auto stream =
        ScanStream::create(shared_.db, info, request, std::move(at), max_frame_bytes_, keyspace_);
    if (!stream.is_ok()) return refuse(info, stream.error());
    counters_.add(Counter::kScans);
    held_bytes_ += body.size();
    table_.insert({info, Stage::kScanning, 0, nullptr, body.size()});
    auto [opened, inserted] = scans_.emplace(
        info.id, OpenScan{std::move(*stream), ScanCredit(request.credit_bytes), nullptr, {}, 0});
    continue_scan(info.id, opened->second);
}

void Session::continue_scan(uint64_t id, OpenScan& scan) {
    if (scan.task != nullptr || end_ != End::kOpen) return;
    if (!scan.credit.open() || replies_.bytes() > kMaxUnreadForScans) {
        if (scan.waits_since_us != 0) return;
        scan.waits_since_us = now_us_;
        scan.stream->release_buffers();
        return;
    }
    scan.waits_since_us = 0;
    std::unique_ptr<PoolTask> task = std::make_unique<ScanTask>(*this, *scan.stream);
    PoolTask* const raw = task.get();
    if (!host_.post(task)) {
        counters_.add(Counter::kLimitPool);
        shared_.report(Incident::kReadQueue, "too many reads wait (limits.queued_reads)");
        return end_scan(id,
                        {WireStatus::kOverloaded, "too many reads wait; resume later", kRetryMs});
    }
    scan.task = raw;
    ++in_flight_;
}

void Session::on_scan_chunk(uint64_t id, ScanStream::Chunk chunk) {
    host_.progressed();
    now_us_ = shared_.clock.monotonic_us();
    --in_flight_;
    const auto found = scans_.find(id);
    if (found == scans_.end()) return;
    OpenScan& scan = found->second;
    scan.task = nullptr;
    if (closed_) {
        scans_.erase(found);
        return forget(id);
    }
    if (chunk.no_room) note_no_memory();
    if (!chunk.frame.empty()) counters_.add(Counter::kScanChunks);
    if (chunk.last) {
        if (chunk.error) counters_.add(Counter::kErrors);
        replies_.append(std::move(chunk.frame));
        scans_.erase(found);
        finish(id);
    } else if (scan.stop.refused()) {
        end_scan(id, scan.stop);
    } else {
        replies_.append(std::move(chunk.frame));
        scan.credit.take(chunk.body_bytes);
        continue_scan(id, scan);
    }
    slow_reader_.note(replies_.bytes(), now_us_);
    end_when_done();
}

void Session::on_scan_credit(const RequestInfo& info, Bytes body) {
    protocol::ScanCreditRequest request;
    if (!decode(info, body, request)) return;
    const auto found = scans_.find(request.target_request_id);
    const bool open = found != scans_.end();
    if (!info.has(protocol::flag::kQuiet)) answer(info, protocol::AckResponse{open});
    if (!open) return;
    found->second.credit.grant(request.credit_bytes);
    continue_scan(found->first, found->second);
}

void Session::end_scan(uint64_t id, const Refusal& refusal) {
    const auto found = scans_.find(id);
    if (found == scans_.end()) return;
    if (found->second.task != nullptr) {
        found->second.stop = refusal;  // the task on its way back brings it up
        found->second.task->cancel();
        return;
    }
    const Refusal reason = refusal;  // may live in the scan that goes now
    refuse(found->second.stream->info(), reason);
    scans_.erase(found);
    finish(id);
}

void Session::stop_scans(const Refusal& refusal) {
    no_more_scans_ = refusal;  // one that waits behind a fence begins later
    for (auto it = scans_.begin(); it != scans_.end();) {
        const uint64_t id = it->first;
        ++it;
        end_scan(id, refusal);
    }
}

void Session::check_scan_leases() {
    for (auto it = scans_.begin(); it != scans_.end();) {
        const auto scan = it++;
        const uint64_t since_us = scan->second.waits_since_us;
        const uint64_t lease_us = shared_.config.limits.scan_lease_ms * 1000;
        if (since_us == 0 || now_us_ < since_us + lease_us) continue;
        counters_.add(Counter::kLimitScanLease);
        shared_.report(Incident::kScanLease,
                       peer_ + ": a scan waited too long for credit (limits.scan_lease)");
        // Not `cancelled`, which a client has asked for itself.
        end_scan(scan->first, {WireStatus::kUnavailable,
                               "the scan's lease ended: no credit came for " +
                                   std::to_string(shared_.config.limits.scan_lease_ms) +
                                   " ms (limits.scan_lease); scan on with the last resume token"});
    }
}

}  // namespace kv::server

// Scans: credits, time limits, and going on after a lost connection or a long pause.
// SPDX-License-Identifier: Apache-2.0
#include "api/scan_stream.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace kv::client {

namespace {

// How long to wait before knocking again at a server that is away.
constexpr auto kReconnectPause = std::chrono::milliseconds(50);
// Connections in a row that may be lost before a single new entry came.
constexpr int kMaxFruitlessResumes = 3;

}  // namespace

ScanStream::ScanStream(std::shared_ptr<Session> session, ScanOptions options)
    : session_(std::move(session)),
      options_(std::move(options)),
      snapshot_id_(options_.snapshot == nullptr ? 0 : options_.snapshot->id()) {}

uint64_t ScanStream::deadline_us() const {
    const uint32_t ms =
        options_.timeout_ms != 0 ? options_.timeout_ms : session_->options().operation_timeout_ms;
    return now_us() + uint64_t{ms} * 1000;
}

Status ScanStream::start(uint64_t deadline_us) {
    protocol::ScanRequest scan;
    scan.reverse = options_.reverse;
    scan.keys_only = options_.keys_only;
    scan.limit = options_.limit == 0 ? 0 : options_.limit - delivered_;
    scan.snapshot_id = snapshot_id_;
    scan.credit_bytes = options_.window_bytes;
    scan.range = {options_.lower, options_.upper, options_.prefix};
    scan.resume_token = token_;
    // The server is to begin in time; how long the whole scan takes is the application's choice.
    Request request = session_->request(protocol::Opcode::kScan, scan, options_.timeout_ms);
    KV_RETURN_IF_ERROR(request.error);
    cancellations_seen_ = session_->cancellations();
    std::shared_ptr<Connection> connection;
    while (true) {
        auto opened = session_->connection(deadline_us);
        if (opened.is_ok()) {
            connection = std::move(*opened);
            break;
        }
        const bool away = opened.error().is(Code::kUnavailable) && delivered_ > 0;
        std::unique_lock lock(mutex_);
        if (!away || now_us() >= deadline_us) return opened.error();
        changed_.wait_for(lock, kReconnectPause, [this] { return cancelled_; });
        if (cancelled_) return {Code::kCancelled, "SCAN: cancelled"};
    }
    {
        const std::lock_guard lock(mutex_);
        ended_ = false;
        owed_credit_ = 0;
        connection_ = connection;
        request_id_ = 0;  // the old connection's ids name other calls on this one
    }
    const uint64_t id = connection->submit(protocol::Opcode::kScan, std::move(request.frame),
                                           CallTable::kNever, shared_from_this());
    bool cancelled = false;
    {
        const std::lock_guard lock(mutex_);
        request_id_ = id;
        cancelled = cancelled_;
    }
    // A cancel() from before the id was known could not end the call.
    if (cancelled && id != 0) connection->cancel(id);
    return Status::ok();
}

bool ScanStream::finish(Status status) {
    status_ = std::move(status);
    phase_ = Phase::kFinished;
    return false;
}

bool ScanStream::next() {
    if (phase_ == Phase::kFinished) return false;
    if (phase_ == Phase::kFresh) {
        phase_ = Phase::kRunning;
        Status status = start(deadline_us());
        if (!status.is_ok()) return finish(std::move(status));
    }
    while (index_ == chunk_.entries.size()) {
        if (!next_chunk()) return false;
    }
    const protocol::ScanEntry& from = chunk_.entries[index_++];
    entry_.key = from.key;
    entry_.value = from.value;
    entry_.seqno = from.seqno;
    entry_.expiry_ms = from.expiry_ms;
    ++delivered_;
    return true;
}

bool ScanStream::next_chunk() {
    const uint64_t deadline = deadline_us();
    std::unique_lock lock(mutex_);
    const auto limit = std::chrono::steady_clock::time_point(std::chrono::microseconds(deadline));
    const bool ready = changed_.wait_until(
        lock, limit, [this] { return !chunks_.empty() || ended_ || cancelled_; });
    if (cancelled_) return finish({Code::kCancelled, "SCAN: cancelled"});
    if (!ready) {
        lock.unlock();
        close();
        return finish({Code::kDeadline, "SCAN: the server sent nothing in time"});
    }
    if (!chunks_.empty()) {
        body_ = std::move(chunks_.front());
        chunks_.pop_front();
        const bool last = ended_ && chunks_.empty();
        lock.unlock();
        index_ = 0;
        Status status = protocol::decode(body_, chunk_);
        if (!status.is_ok()) {
            chunk_ = {};
            close();
            return finish(status.with_context("scan answer of the server"));
        }
        if (!chunk_.resume_token.empty()) token_ = chunk_.resume_token;
        if (!chunk_.entries.empty()) fruitless_resumes_ = 0;
        if (!last) grant(body_.size());
        return true;
    }
    const Status end = end_status_;
    lock.unlock();
    return go_on(end, deadline);
}

bool ScanStream::go_on(const Status& end, uint64_t deadline_us) {
    if (end.is_ok()) return finish(Status::ok());
    // The server stops a scan from which nothing was taken for long; it begins another one gladly.
    const bool was_stopped =
        end.is(Code::kCancelled) && session_->cancellations() == cancellations_seen_;
    if (!(end.is(Code::kUnavailable) || was_stopped) || !options_.resume) return finish(end);
    const bool same_state = snapshot_id_ != 0 || token_.empty();
    if (!same_state && was_stopped) {
        return finish({Code::kCancelled, "SCAN: the server stopped it (" +
                                             std::string(end.message()) +
                                             "); take entries sooner, or read at a snapshot, which "
                                             "lets a scan go on"});
    }
    if (!same_state || ++fruitless_resumes_ > kMaxFruitlessResumes) return finish(end);
    if (options_.limit != 0 && delivered_ >= options_.limit) return finish(Status::ok());
    Status status = start(deadline_us);
    return status.is_ok() ? true : finish(std::move(status));
}

void ScanStream::grant(size_t bytes) {
    owed_credit_ += bytes;
    if (owed_credit_ < options_.window_bytes / 2) return;
    std::shared_ptr<Connection> connection;
    uint64_t id = 0;
    {
        const std::lock_guard lock(mutex_);
        if (ended_) return;
        connection = connection_.lock();
        id = request_id_;
    }
    if (connection == nullptr || id == 0) return;
    protocol::Header header = protocol::request_header(protocol::Opcode::kScanCredit, 0);
    header.flags |= protocol::flag::kQuiet;
    std::string frame;
    const auto credit = static_cast<uint32_t>(std::min<size_t>(owed_credit_, UINT32_MAX));
    protocol::append_frame(frame, header, protocol::ScanCreditRequest{id, credit});
    owed_credit_ = 0;
    connection->send_control(std::move(frame));
}

void ScanStream::cancel() {
    {
        const std::lock_guard lock(mutex_);
        cancelled_ = true;
        changed_.notify_all();
    }
    close();
}

void ScanStream::close() {
    std::shared_ptr<Connection> connection;
    uint64_t id = 0;
    {
        const std::lock_guard lock(mutex_);
        if (ended_) return;
        connection = connection_.lock();
        id = request_id_;
    }
    if (connection != nullptr && id != 0) connection->cancel(id);
}

void ScanStream::on_answer(const Status& status, Bytes body, bool more) {
    const std::lock_guard lock(mutex_);
    if (status.is_ok()) chunks_.emplace_back(body);
    if (!more) {
        ended_ = true;
        end_status_ = status;
    }
    changed_.notify_all();
}

}  // namespace kv::client

// The public faces of scans and snapshots.
// SPDX-License-Identifier: Apache-2.0
#include "kv/client_scan.h"

#include "api/scan_stream.h"
#include "session/session.h"

namespace kv::client {

namespace {

class IgnoringSink final : public CallSink {
  public:
    void on_answer(const Status& /*status*/, Bytes /*body*/, bool /*more*/) override {}
};

}  // namespace

Scan::Scan(std::shared_ptr<ScanStream> stream) : stream_(std::move(stream)) {}
Scan::~Scan() {
    if (stream_ != nullptr) stream_->close();
}
Scan::Scan(Scan&&) noexcept = default;
Scan& Scan::operator=(Scan&& other) noexcept {
    if (this != &other) {
        if (stream_ != nullptr) stream_->close();
        stream_ = std::move(other.stream_);
    }
    return *this;
}

bool Scan::next() { return stream_->next(); }
const KeyedEntry& Scan::entry() const { return stream_->entry(); }
Status Scan::status() const { return stream_->status(); }
void Scan::cancel() { stream_->cancel(); }

Snapshot::Snapshot(std::shared_ptr<Session> session, uint64_t id, uint64_t seqno, uint32_t lease_ms)
    : session_(std::move(session)), id_(id), seqno_(seqno), lease_ms_(lease_ms) {}

Snapshot::~Snapshot() {
    if (!open_) return;
    const auto connection = session_->current();
    if (connection == nullptr) return;  // not worth a new connection: the lease runs out
    Request request =
        session_->request(protocol::Opcode::kSnapshotClose, protocol::SnapshotCloseRequest{id_}, 0);
    connection->submit(request.opcode, std::move(request.frame), request.deadline_us,
                       std::make_shared<IgnoringSink>());
}

Status Snapshot::renew() {
    std::string body;
    protocol::SnapshotResponse response;
    return session_->call(session_->request(protocol::Opcode::kSnapshotRenew,
                                            protocol::SnapshotRenewRequest{id_, lease_ms_}, 0),
                          body, response);
}

Status Snapshot::close() {
    if (!open_) return Status::ok();
    open_ = false;
    return session_
        ->call(session_->request(protocol::Opcode::kSnapshotClose,
                                 protocol::SnapshotCloseRequest{id_}, 0))
        .status();
}

}  // namespace kv::client

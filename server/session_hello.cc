// The beginning of a session: HELLO, the limits it settles, and the keyspace it is about. A
// keyspace that has to be made first is made in the read pool, as that waits for the disk.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "protocol/extensions.h"
#include "server/session.h"

namespace kv::server {

using protocol::Opcode;
using protocol::WireStatus;

namespace {

constexpr uint64_t kPoolRetryMs = 50;
// Between the largest batch and the frame that brings it.
constexpr uint32_t kFrameOverheadBytes =
    protocol::kDefaultFrameBytes - protocol::kDefaultBatchBytes;
constexpr uint64_t kFeatures = protocol::feature::kKeyspaces | protocol::feature::kRangeDelete;

static_assert(KeyspaceCatalog::kMaxNameBytes == protocol::kMaxKeyspaceNameBytes);

uint32_t largest_frame(const Options& engine) {
    return std::max(engine.max_batch_bytes, engine.max_value_bytes) + kFrameOverheadBytes;
}

/// The longest key that a client may send.
uint32_t largest_key(const Options& engine, const Keyspace& space) {
    constexpr uint32_t kPrefixBytes = Keyspace::kMaxPrefixBytes;
    if (space.is_default()) return engine.max_key_bytes;
    return engine.max_key_bytes - std::min(engine.max_key_bytes, kPrefixBytes);
}

}  // namespace

/// Makes the keyspace that a HELLO asks for.
class KeyspaceTask final : public PoolTask {
  public:
    KeyspaceTask(Session& session, const RequestInfo& info, const protocol::HelloRequest& hello,
                 Bytes name)
        : session_(session), info_(info), hello_(hello), name_(name) {
        hello_.client_name = hello_.user = hello_.secret = {};  // views that end with the frame
    }
    Next run() override {
        if (!cancelled()) made_ = session_.shared_.keyspaces.create(name_);
        return Next::kDone;
    }
    void finish() override { session_.on_keyspace_made(info_, hello_, std::move(made_)); }

  private:
    Session& session_;
    const RequestInfo info_;
    protocol::HelloRequest hello_;
    const std::string name_;
    Result<KeyspaceCatalog::Created> made_ = Status(Code::kCancelled, "the connection was closed");
};

void Session::on_hello(const RequestInfo& info, const protocol::FrameView& frame) {
    if (info.opcode != Opcode::kHello) {
        return fatal(info, WireStatus::kHelloRequired, "the first request must be HELLO");
    }
    if (refused_) {
        return fatal(info, WireStatus::kTooManyConnections,
                     std::to_string(shared_.config.limits.connections) +
                         " clients are connected (limits.connections)");
    }
    protocol::HelloRequest hello;
    const Status status = protocol::decode(frame.body, hello);
    if (!status.is_ok()) return fatal(info, WireStatus::kBadFrame, status.message());
    if (protocol::choose_version(hello.min_version, hello.max_version) == 0) {
        return fatal(info, WireStatus::kBadVersion,
                     "the client speaks " + std::to_string(hello.min_version) + " to " +
                         std::to_string(hello.max_version) + ", this server " +
                         std::to_string(protocol::kMinVersion) + " to " +
                         std::to_string(protocol::kMaxVersion));
    }
    if (!hello.user.empty() || !hello.secret.empty()) {
        return fatal(info, WireStatus::kAuthFailed,
                     "this server has no users yet: connect without credentials");
    }
    constexpr uint16_t kTag = protocol::extension_tag::kKeyspace;
    const Status known = protocol::refuse_critical_extensions(frame.extensions, kTag);
    if (!known.is_ok()) {
        return refuse(info, Refusal{WireStatus::kUnsupported, std::string(known.message())});
    }
    const auto [value, found] = protocol::find_extension(frame.extensions, kTag);
    if (!found) return finish_hello(info, hello, shared_.keyspaces.default_keyspace());
    choose_keyspace(info, hello, value);
}

void Session::choose_keyspace(const RequestInfo& info, const protocol::HelloRequest& hello,
                              Bytes extension) {
    protocol::KeyspaceWish wish;
    const Status status = protocol::decode(extension, wish);
    if (!status.is_ok()) return fatal(info, WireStatus::kBadFrame, status.message());
    const Status named = KeyspaceCatalog::check_name(wish.name);
    if (!named.is_ok()) return refuse(info, named);
    KeyspacePtr keyspace = shared_.keyspaces.find(wish.name);
    if (keyspace != nullptr) return finish_hello(info, hello, std::move(keyspace));
    if (!wish.create) {
        return refuse(info, Refusal{WireStatus::kUnknownKeyspace,
                                    "there is no keyspace \"" + std::string(wish.name) + "\""});
    }
    std::unique_ptr<PoolTask> task = std::make_unique<KeyspaceTask>(*this, info, hello, wish.name);
    PoolTask* const raw = task.get();
    if (!host_.post(task)) {
        counters_.add(Counter::kLimitPool);
        shared_.report(Incident::kReadQueue, "too many reads wait (limits.queued_reads)");
        return refuse(info, Refusal{WireStatus::kOverloaded, "too many reads wait for the disk",
                                    kPoolRetryMs});
    }
    ++in_flight_;
    table_.insert({info, Stage::kReading, 0, raw, 0});
}

void Session::on_keyspace_made(const RequestInfo& info, const protocol::HelloRequest& hello,
                               Result<KeyspaceCatalog::Created> made) {
    host_.progressed();
    now_us_ = shared_.clock.monotonic_us();
    --in_flight_;
    finish(info.id);
    if (closed_ || end_ != End::kOpen) return;  // HELLO took too long, for one
    if (made.is_ok()) {
        finish_hello(info, hello, std::move(made->keyspace));
    } else {
        refuse_write(info, made.error());
    }
    end_when_done();
}

void Session::finish_hello(const RequestInfo& info, const protocol::HelloRequest& hello,
                           KeyspacePtr keyspace) {
    keyspace_ = std::move(keyspace);
    const Options& engine = shared_.config.engine;
    const uint8_t version = protocol::choose_version(hello.min_version, hello.max_version);
    max_frame_bytes_ = largest_frame(engine);
    if (hello.wanted_frame_bytes != 0) {
        max_frame_bytes_ =
            std::clamp(hello.wanted_frame_bytes, protocol::kPreAuthFrameBytes, max_frame_bytes_);
    }
    max_outstanding_ = shared_.config.limits.outstanding_per_connection;
    if (hello.wanted_outstanding != 0) {
        max_outstanding_ = std::min<size_t>(hello.wanted_outstanding, max_outstanding_);
    }
    parser_.set_limits({max_frame_bytes_, version, false});
    hello_done_ = true;
    host_.hello_finished();

    protocol::HelloResponse response;
    response.version = version;
    response.server_features = kFeatures;
    features_ = kFeatures & hello.features;
    response.agreed_features = features_;
    response.max_key_bytes = largest_key(engine, keyspace_->space());
    response.max_value_bytes = engine.max_value_bytes;
    response.max_frame_bytes = max_frame_bytes_;
    response.max_batch_bytes = engine.max_batch_bytes;
    response.max_outstanding = static_cast<uint32_t>(max_outstanding_);
    response.pre_auth_frame_bytes = static_cast<uint32_t>(shared_.config.limits.hello_frame_bytes);
    response.server_version = server_version();
    response.durable_seqno = shared_.db.durable_seqno();
    answer(info, response);
}

}  // namespace kv::server

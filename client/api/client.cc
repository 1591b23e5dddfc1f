// kv::Client: each operation as one request and the reading of its answer.
// SPDX-License-Identifier: Apache-2.0
#include "kv/client.h"

#include <utility>

#include "api/batch_encoder.h"
#include "api/scan_stream.h"
#include "protocol/messages.h"
#include "session/session.h"

namespace kv {

namespace {

using client::Batch;
using client::BatchEncoder;
using client::Durability;
using client::Entry;
using client::PutOptions;
using client::ReadOptions;
using client::Request;
using client::Session;
using client::WriteOptions;
using client::WriteReceipt;
using protocol::Opcode;

uint64_t snapshot_id(const ReadOptions& options) {
    return options.snapshot == nullptr ? 0 : options.snapshot->id();
}

Durability level(const Session& session, const WriteOptions& options) {
    return options.durability.value_or(session.options().durability);
}

std::optional<Entry> to_entry(const protocol::GetResponse& item) {
    if (!item.found) return std::nullopt;
    return Entry{std::string(item.value), item.seqno, item.expiry_ms};
}

Result<std::optional<Entry>> parse_entry(Bytes body) {
    protocol::GetResponse response;
    KV_RETURN_IF_ERROR(protocol::decode(body, response));
    return to_entry(response);
}

Result<WriteReceipt> parse_receipt(Bytes body) {
    protocol::WriteResponse response;
    Status status = protocol::decode(body, response);
    // The server applied it, but the receipt cannot be read.
    if (!status.is_ok()) return Status(Code::kInDoubt, status.to_string());
    return WriteReceipt{response.first_seqno, response.last_seqno, std::move(response.counters)};
}

Result<WriteReceipt> call_write(Session& session, Request request) {
    KV_ASSIGN_OR_RETURN(const std::string body, session.call(std::move(request)));
    return parse_receipt(body);
}

Request batch_request(const Session& session, const Batch& batch, const WriteOptions& options) {
    return session.request(Opcode::kBatch, BatchEncoder::request(batch), options.timeout_ms,
                           level(session, options));
}

/// Whether there was one of that name before.
Result<bool> change_keyspace(Session& session, Opcode opcode, Bytes name) {
    std::string body;
    protocol::AckResponse response;
    KV_RETURN_IF_ERROR(session.call(session.request(opcode, protocol::KeyspaceNameRequest{name}, 0),
                                    body, response));
    return response.found;
}

Result<std::string> explain(Session& session, const protocol::ExplainRequest& message,
                            const ReadOptions& options) {
    std::string body;
    protocol::ExplainResponse response;
    KV_RETURN_IF_ERROR(session.call(session.request(Opcode::kExplain, message, options.timeout_ms),
                                    body, response));
    return std::string(response.text);
}

// Turns one answer into the argument of an application's callback.
template <class Value>
class CallbackSink final : public client::CallSink {
  public:
    using Callback = std::function<void(Result<Value>)>;
    using Parse = Result<Value> (*)(Bytes body);

    CallbackSink(Parse parse, Callback callback) : parse_(parse), callback_(std::move(callback)) {}
    void on_answer(const Status& status, Bytes body, bool /*more*/) override {
        callback_(status.is_ok() ? parse_(body) : Result<Value>(status));
    }

  private:
    Parse parse_;
    Callback callback_;
};

}  // namespace

Client::Client(std::shared_ptr<client::Session> session) : session_(std::move(session)) {}
Client::~Client() { session_->close(); }

Result<std::unique_ptr<Client>> Client::connect(const ClientOptions& options,
                                                const std::stop_token& stop) {
    auto session = std::make_shared<Session>(options);
    const uint64_t deadline_us = client::now_us() + uint64_t{options.connect_timeout_ms} * 1000;
    auto connection = session->connection(deadline_us, stop);
    if (!connection.is_ok()) return connection.error();
    return std::unique_ptr<Client>(new Client(std::move(session)));
}

Result<std::optional<Entry>> Client::get(Bytes key, const ReadOptions& options) {
    KV_ASSIGN_OR_RETURN(
        const std::string body,
        session_->call(session_->request(
            Opcode::kGet, protocol::GetRequest{snapshot_id(options), key}, options.timeout_ms)));
    return parse_entry(body);
}

Result<std::vector<std::optional<Entry>>> Client::multi_get(const std::vector<Bytes>& keys,
                                                            const ReadOptions& options) {
    std::string body;
    protocol::MultiGetResponse response;
    KV_RETURN_IF_ERROR(session_->call(
        session_->request(Opcode::kMultiGet, protocol::MultiGetRequest{snapshot_id(options), keys},
                          options.timeout_ms),
        body, response));
    if (response.items.size() != keys.size()) {
        return Status(Code::kCorruption, "MULTI_GET: asked for " + std::to_string(keys.size()) +
                                             " keys, got " + std::to_string(response.items.size()) +
                                             " answers");
    }
    std::vector<std::optional<Entry>> entries;
    entries.reserve(keys.size());
    for (const auto& item : response.items) entries.push_back(to_entry(item));
    return entries;
}

Result<WriteReceipt> Client::put(Bytes key, Bytes value, const PutOptions& options) {
    if (options.if_absent) return compare_and_set(key, std::nullopt, value, options);
    return call_write(
        *session_,
        session_->request(Opcode::kPut, protocol::PutRequest{options.expiry_ms, key, value},
                          options.timeout_ms, level(*session_, options)));
}

Result<WriteReceipt> Client::del(Bytes key, const WriteOptions& options) {
    return call_write(*session_, session_->request(Opcode::kDelete, protocol::DeleteRequest{key},
                                                   options.timeout_ms, level(*session_, options)));
}

Result<WriteReceipt> Client::delete_range(const client::KeyRange& range,
                                          const WriteOptions& options) {
    const protocol::DeleteRangeRequest message{{range.lower, range.upper, range.prefix}};
    return call_write(*session_, session_->request(Opcode::kDeleteRange, message,
                                                   options.timeout_ms, level(*session_, options)));
}

Result<int64_t> Client::increment(Bytes key, int64_t by, const WriteOptions& options) {
    KV_ASSIGN_OR_RETURN(
        const WriteReceipt receipt,
        call_write(*session_,
                   session_->request(Opcode::kIncrement, protocol::IncrementRequest{by, key},
                                     options.timeout_ms, level(*session_, options))));
    if (receipt.counters.size() != 1) {
        return Status(Code::kInDoubt, "INCREMENT: the server's answer lacks the new value");
    }
    return receipt.counters.front();
}

Result<WriteReceipt> Client::compare_and_set(Bytes key, std::optional<Bytes> expected, Bytes value,
                                             const PutOptions& options) {
    // The batch copies them.
    const Bytes old = expected.value_or(Bytes());
    KV_RETURN_IF_ERROR(
        client::check_message_bytes(uint64_t{key.size()} + old.size() + value.size()));
    Batch batch;
    if (expected.has_value()) {
        batch.require_value(key, *expected);
    } else {
        batch.require_absent(key);
    }
    batch.put_with_expiry(key, value, options.expiry_ms);
    return write(batch, options);
}

Result<WriteReceipt> Client::write(const Batch& batch, const WriteOptions& options) {
    return call_write(*session_, batch_request(*session_, batch, options));
}

client::Scan Client::scan(const client::ScanOptions& options) {
    return client::Scan(std::make_shared<client::ScanStream>(session_, options));
}

Result<client::Count> Client::count(const client::KeyRange& range, bool exact,
                                    const ReadOptions& options) {
    const protocol::CountRequest message{
        exact, snapshot_id(options), {range.lower, range.upper, range.prefix}};
    std::string body;
    protocol::CountResponse response;
    KV_RETURN_IF_ERROR(session_->call(
        session_->request(Opcode::kCount, message, options.timeout_ms), body, response));
    return client::Count{response.count, response.exact};
}

Result<std::unique_ptr<client::Snapshot>> Client::snapshot(uint32_t lease_ms) {
    std::string body;
    protocol::SnapshotResponse response;
    KV_RETURN_IF_ERROR(session_->call(
        session_->request(Opcode::kSnapshotOpen, protocol::SnapshotOpenRequest{lease_ms}, 0), body,
        response));
    return std::make_unique<client::Snapshot>(session_, response.snapshot_id, response.seqno,
                                              response.lease_ms);
}

Result<client::DurableState> Client::status(uint64_t seqno) {
    std::string body;
    protocol::StatusResponse response;
    KV_RETURN_IF_ERROR(session_->call(
        session_->request(Opcode::kStatus, protocol::StatusRequest{seqno}, 0), body, response));
    return client::DurableState{response.is_durable, response.durable_seqno,
                                response.published_seqno};
}

Result<client::Stats> Client::stats(Bytes prefix) {
    std::string body;
    protocol::StatsResponse response;
    KV_RETURN_IF_ERROR(session_->call(
        session_->request(Opcode::kStats, protocol::StatsRequest{prefix}, 0), body, response));
    client::Stats stats;
    stats.reserve(response.entries.size());
    for (const auto& entry : response.entries) stats.emplace_back(entry.name, entry.value);
    return stats;
}

Result<std::string> Client::explain_get(Bytes key, const ReadOptions& options) {
    using Read = protocol::ExplainRequest::Read;
    return explain(*session_, {Read::kGet, snapshot_id(options), key, 0, {}}, options);
}

Result<std::string> Client::explain_scan(const client::KeyRange& range, uint64_t limit,
                                         const ReadOptions& options) {
    using Read = protocol::ExplainRequest::Read;
    return explain(
        *session_,
        {Read::kScan, snapshot_id(options), {}, limit, {range.lower, range.upper, range.prefix}},
        options);
}

Result<client::CheckpointInfo> Client::checkpoint(Bytes name, uint32_t timeout_ms) {
    std::string body;
    protocol::CheckpointResponse made;
    KV_RETURN_IF_ERROR(session_->call(
        session_->request(Opcode::kCheckpoint, protocol::CheckpointRequest{name}, timeout_ms), body,
        made));
    return client::CheckpointInfo{std::string(made.path), made.seqno,         made.tables,
                                  made.table_bytes,       made.copied_tables, made.log_bytes};
}

Result<std::vector<client::KeyspaceInfo>> Client::keyspaces(Bytes prefix) {
    std::string body;
    protocol::KeyspacesResponse response;
    KV_RETURN_IF_ERROR(
        session_->call(session_->request(Opcode::kKeyspaces, protocol::KeyspacesRequest{prefix}, 0),
                       body, response));
    std::vector<client::KeyspaceInfo> all;
    all.reserve(response.entries.size());
    for (const auto& e : response.entries) {
        all.push_back(
            {std::string(e.name), e.id, e.approximate_keys, e.reads, e.hits, e.writes, e.deletes});
    }
    return all;
}

Result<bool> Client::create_keyspace(Bytes name) {
    KV_ASSIGN_OR_RETURN(const bool found,
                        change_keyspace(*session_, Opcode::kKeyspaceCreate, name));
    return !found;
}

Result<bool> Client::drop_keyspace(Bytes name) {
    return change_keyspace(*session_, Opcode::kKeyspaceDrop, name);
}

Status Client::ping() {
    std::string body;
    protocol::PingMessage response;
    return session_->call(session_->request(Opcode::kPing, protocol::PingMessage{}, 0), body,
                          response);
}

client::ServerInfo Client::server_info() const { return session_->server_info(); }

void Client::submit_get(Bytes key, const ReadOptions& options, GetCallback callback) {
    session_->submit(
        session_->request(Opcode::kGet, protocol::GetRequest{snapshot_id(options), key},
                          options.timeout_ms),
        std::make_shared<CallbackSink<std::optional<Entry>>>(&parse_entry, std::move(callback)));
}

void Client::submit_write(const Batch& batch, const WriteOptions& options, WriteCallback callback) {
    session_->submit(
        batch_request(*session_, batch, options),
        std::make_shared<CallbackSink<WriteReceipt>>(&parse_receipt, std::move(callback)));
}

void Client::cancel_all() { session_->cancel_all(); }

}  // namespace kv

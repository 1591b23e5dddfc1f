// Every body of the wire format as one list of probes: decode bytes, encode the outcome again. The
// unit tests and the fuzzers walk the same list, so a new message is tested as soon as it is here.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "protocol/messages.h"
#include "protocol/resume_token.h"

namespace kv::protocol::testing {

struct BodyProbe {
    std::string_view name;
    /// Decodes `body`; when that works, `encoded` holds the message encoded again.
    Status (*decode_and_encode)(Bytes body, std::string& encoded);
};

template <class Message>
Status decode_and_encode(Bytes body, std::string& encoded) {
    Message message;
    Status status = decode(body, message);
    if (!status.is_ok()) return status;
    encode(message, encoded);
    return status;
}

inline Status decode_and_encode_token(Bytes body, std::string& encoded) {
    ResumeToken token;
    Status status = decode_resume_token(body, token);
    if (status.is_ok()) encoded = encode_resume_token(token);
    return status;
}

inline constexpr BodyProbe kBodyProbes[] = {
    {"hello_request", decode_and_encode<HelloRequest>},
    {"keyspace_wish", decode_and_encode<KeyspaceWish>},
    {"hello_response", decode_and_encode<HelloResponse>},
    {"ping", decode_and_encode<PingMessage>},
    {"cancel_request", decode_and_encode<CancelRequest>},
    {"ack_response", decode_and_encode<AckResponse>},
    {"goaway_push", decode_and_encode<GoawayPush>},
    {"error_response", decode_and_encode<ErrorResponse>},
    {"get_request", decode_and_encode<GetRequest>},
    {"get_response", decode_and_encode<GetResponse>},
    {"multi_get_request", decode_and_encode<MultiGetRequest>},
    {"multi_get_response", decode_and_encode<MultiGetResponse>},
    {"scan_request", decode_and_encode<ScanRequest>},
    {"scan_response", decode_and_encode<ScanChunk>},
    {"scan_credit_request", decode_and_encode<ScanCreditRequest>},
    {"count_request", decode_and_encode<CountRequest>},
    {"count_response", decode_and_encode<CountResponse>},
    {"explain_request", decode_and_encode<ExplainRequest>},
    {"explain_response", decode_and_encode<ExplainResponse>},
    {"snapshot_open_request", decode_and_encode<SnapshotOpenRequest>},
    {"snapshot_renew_request", decode_and_encode<SnapshotRenewRequest>},
    {"snapshot_response", decode_and_encode<SnapshotResponse>},
    {"snapshot_close_request", decode_and_encode<SnapshotCloseRequest>},
    {"put_request", decode_and_encode<PutRequest>},
    {"delete_request", decode_and_encode<DeleteRequest>},
    {"delete_range_request", decode_and_encode<DeleteRangeRequest>},
    {"increment_request", decode_and_encode<IncrementRequest>},
    {"batch_request", decode_and_encode<BatchRequest>},
    {"write_response", decode_and_encode<WriteResponse>},
    {"status_request", decode_and_encode<StatusRequest>},
    {"status_response", decode_and_encode<StatusResponse>},
    {"stats_request", decode_and_encode<StatsRequest>},
    {"stats_response", decode_and_encode<StatsResponse>},
    {"checkpoint_request", decode_and_encode<CheckpointRequest>},
    {"checkpoint_response", decode_and_encode<CheckpointResponse>},
    {"keyspaces_request", decode_and_encode<KeyspacesRequest>},
    {"keyspaces_response", decode_and_encode<KeyspacesResponse>},
    {"keyspace_name_request", decode_and_encode<KeyspaceNameRequest>},
    {"resume_token", decode_and_encode_token},
};

}  // namespace kv::protocol::testing

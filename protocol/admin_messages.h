// Bodies of the messages about the store: STATUS ("is this durable?"), STATS, CHECKPOINT, and the
// listing, creating and dropping of keyspaces.
//
// Byte strings are views into the decoded body (or into the sender's memory when encoding).
// decode() gives kInvalidArgument naming field and offset; encode() appends the body only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kv/bytes.h"
#include "kv/status.h"

namespace kv::protocol {

struct StatusRequest {
    uint64_t seqno = 0;  ///< 0 asks about nothing in particular, and is durable.
    friend bool operator==(const StatusRequest&, const StatusRequest&) = default;
};
struct StatusResponse {
    uint64_t published_seqno = 0;  ///< Newest that reads see.
    uint64_t durable_seqno = 0;    ///< Newest that survives a power failure.
    bool is_durable = false;       ///< Whether the seqno asked about is at or below it.
    friend bool operator==(const StatusResponse&, const StatusResponse&) = default;
};

struct StatsRequest {
    Bytes prefix{};  ///< Only names that start with it; empty: all.
    friend bool operator==(const StatsRequest&, const StatsRequest&) = default;
};
/// Names are dotted lower case ("engine.cache_hits"), values text; sorted by name.
struct StatsEntry {
    Bytes name{};
    Bytes value{};
    friend bool operator==(const StatsEntry&, const StatsEntry&) = default;
};
struct StatsResponse {
    std::vector<StatsEntry> entries{};
    friend bool operator==(const StatsResponse&, const StatsResponse&) = default;
};

struct CheckpointRequest {
    Bytes name{};  ///< Of the directory to be made: letters, digits, and . - _ behind the first.
    friend bool operator==(const CheckpointRequest&, const CheckpointRequest&) = default;
};
struct CheckpointResponse {
    Bytes path{};        ///< On the server's machine.
    uint64_t seqno = 0;  ///< Every write up to here is in it; later ones may be.
    uint64_t tables = 0;
    uint64_t table_bytes = 0;
    uint64_t copied_tables = 0;  ///< The others are hard links.
    uint64_t log_bytes = 0;
    friend bool operator==(const CheckpointResponse&, const CheckpointResponse&) = default;
};

struct KeyspacesRequest {
    Bytes prefix{};  ///< Only names that start with it; empty: all.
    friend bool operator==(const KeyspacesRequest&, const KeyspacesRequest&) = default;
};
/// Counters are since the server's start.
struct KeyspaceEntry {
    uint32_t id = 0;  ///< For people; never given twice.
    Bytes name{};
    uint64_t approximate_keys = 0;
    uint64_t reads = 0;    ///< Keys asked for or sent by scans.
    uint64_t hits = 0;     ///< Those of them that were there.
    uint64_t writes = 0;   ///< Puts and increments.
    uint64_t deletes = 0;  ///< Keys.
    friend bool operator==(const KeyspaceEntry&, const KeyspaceEntry&) = default;
};
struct KeyspacesResponse {
    std::vector<KeyspaceEntry> entries{};  ///< By id.
    friend bool operator==(const KeyspacesResponse&, const KeyspacesResponse&) = default;
};
/// Of KEYSPACE_CREATE and KEYSPACE_DROP. Answered by an AckResponse: whether there was one of that
/// name before.
struct KeyspaceNameRequest {
    Bytes name{};
    friend bool operator==(const KeyspaceNameRequest&, const KeyspaceNameRequest&) = default;
};

Status decode(Bytes body, StatusRequest& out);
Status decode(Bytes body, StatusResponse& out);
Status decode(Bytes body, StatsRequest& out);
Status decode(Bytes body, StatsResponse& out);
Status decode(Bytes body, CheckpointRequest& out);
Status decode(Bytes body, CheckpointResponse& out);
Status decode(Bytes body, KeyspacesRequest& out);
Status decode(Bytes body, KeyspacesResponse& out);
Status decode(Bytes body, KeyspaceNameRequest& out);

void encode(const StatusRequest& message, std::string& out);
void encode(const StatusResponse& message, std::string& out);
void encode(const StatsRequest& message, std::string& out);
void encode(const StatsResponse& message, std::string& out);
void encode(const CheckpointRequest& message, std::string& out);
void encode(const CheckpointResponse& message, std::string& out);
void encode(const KeyspacesRequest& message, std::string& out);
void encode(const KeyspacesResponse& message, std::string& out);
void encode(const KeyspaceNameRequest& message, std::string& out);

}  // namespace kv::protocol

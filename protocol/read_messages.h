// Bodies of the reading operations: GET, MULTI_GET, SCAN with its credits, COUNT, EXPLAIN, and the
// leased snapshots they can read at.
//
// Byte strings are views into the decoded body (or into the sender's memory when encoding). A
// message with lists may be decoded into again and again: the lists keep their memory.
// decode() gives kInvalidArgument naming field and offset; encode() appends the body only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kv/bytes.h"
#include "kv/status.h"

namespace kv::protocol {

struct GetRequest {
    uint64_t snapshot_id = 0;  ///< 0: the newest published state.
    Bytes key{};
    friend bool operator==(const GetRequest&, const GetRequest&) = default;
};

/// The value comes last, so that a server can send it from where it lies: see append_get_head.
struct GetResponse {
    bool found = false;      ///< When false the rest is zero and empty.
    uint64_t seqno = 0;      ///< Of the write that made this entry.
    uint64_t expiry_ms = 0;  ///< Unix milliseconds; 0: never.
    Bytes value{};
    friend bool operator==(const GetResponse&, const GetResponse&) = default;
};
/// Body bytes of a GetResponse before its value.
inline constexpr size_t kGetHeadBytes = 1 + 8 + 8 + 4;
/// Appends a found GetResponse without the value bytes; `value_bytes` of them must follow.
void append_get_head(std::string& out, uint64_t seqno, uint64_t expiry_ms, uint32_t value_bytes);

struct MultiGetRequest {
    uint64_t snapshot_id = 0;
    std::vector<Bytes> keys{};
    friend bool operator==(const MultiGetRequest&, const MultiGetRequest&) = default;
};
/// One item a key, in the order asked, all from one state of the store.
struct MultiGetResponse {
    std::vector<GetResponse> items{};
    friend bool operator==(const MultiGetResponse&, const MultiGetResponse&) = default;
};

/// Keys with lower <= key < upper that start with prefix. An empty bound does not bound.
struct KeyRange {
    Bytes lower{};
    Bytes upper{};
    Bytes prefix{};
    friend bool operator==(const KeyRange&, const KeyRange&) = default;
};

struct ScanRequest {
    bool reverse = false;
    bool keys_only = false;     ///< Values come back empty.
    uint64_t limit = 0;         ///< Entries in all; 0: no limit.
    uint64_t snapshot_id = 0;   ///< 0: the newest published state, kept for the whole scan.
    uint32_t credit_bytes = 0;  ///< 0: kDefaultScanCreditBytes.
    KeyRange range{};
    Bytes resume_token{};  ///< Empty: begin at the range's end; else go on after the token's key.
    friend bool operator==(const ScanRequest&, const ScanRequest&) = default;
};

struct ScanEntry {
    Bytes key{};
    uint64_t seqno = 0;
    uint64_t expiry_ms = 0;
    Bytes value{};
    friend bool operator==(const ScanEntry&, const ScanEntry&) = default;
};
/// Fixed part of an entry inside a chunk: two lengths, seqno, expiry.
inline constexpr size_t kScanEntryOverheadBytes = 4 + 8 + 8 + 4;

/// One answer of a scan; all but the last have the MORE flag.
struct ScanChunk {
    bool exhausted = false;  ///< The range has no more entries. False in a last chunk: the limit.
    std::vector<ScanEntry> entries{};
    Bytes resume_token{};  ///< Where to go on: ResumeToken. Empty only if no entry was ever sent.
    friend bool operator==(const ScanChunk&, const ScanChunk&) = default;
};

/// Lets the scan with this request id send `credit_bytes` more. Answered by an AckResponse.
struct ScanCreditRequest {
    uint64_t target_request_id = 0;
    uint32_t credit_bytes = 0;
    friend bool operator==(const ScanCreditRequest&, const ScanCreditRequest&) = default;
};

struct CountRequest {
    bool exact = false;  ///< True walks the range; false estimates.
    uint64_t snapshot_id = 0;
    KeyRange range{};
    friend bool operator==(const CountRequest&, const CountRequest&) = default;
};
struct CountResponse {
    uint64_t count = 0;
    bool exact = false;
    friend bool operator==(const CountResponse&, const CountResponse&) = default;
};

/// Does a read, and tells how: of a get `key` says which, of a scan the other fields.
struct ExplainRequest {
    enum class Read : uint8_t { kGet = 0, kScan = 1 };
    Read read = Read::kGet;
    uint64_t snapshot_id = 0;
    Bytes key{};
    uint64_t limit = 0;  ///< Entries, at most kMostExplainedEntries; 0: kDefaultExplainedEntries.
    KeyRange range{};
    friend bool operator==(const ExplainRequest&, const ExplainRequest&) = default;
};
/// Lines for a person: what they say may change with any version.
struct ExplainResponse {
    Bytes text{};
    friend bool operator==(const ExplainResponse&, const ExplainResponse&) = default;
};

struct SnapshotOpenRequest {
    uint32_t lease_ms = 0;  ///< 0: the server's default.
    friend bool operator==(const SnapshotOpenRequest&, const SnapshotOpenRequest&) = default;
};
struct SnapshotRenewRequest {
    uint64_t snapshot_id = 0;
    uint32_t lease_ms = 0;
    friend bool operator==(const SnapshotRenewRequest&, const SnapshotRenewRequest&) = default;
};
/// The answer of SNAPSHOT_OPEN and SNAPSHOT_RENEW.
struct SnapshotResponse {
    uint64_t snapshot_id = 0;  ///< Valid on every connection to this server until the lease ends.
    uint64_t seqno = 0;        ///< What it sees.
    uint32_t lease_ms = 0;     ///< What was granted, which may be less than asked for.
    friend bool operator==(const SnapshotResponse&, const SnapshotResponse&) = default;
};
/// Answered by an AckResponse.
struct SnapshotCloseRequest {
    uint64_t snapshot_id = 0;
    friend bool operator==(const SnapshotCloseRequest&, const SnapshotCloseRequest&) = default;
};

Status decode(Bytes body, GetRequest& out);
Status decode(Bytes body, GetResponse& out);
Status decode(Bytes body, MultiGetRequest& out);
Status decode(Bytes body, MultiGetResponse& out);
Status decode(Bytes body, ScanRequest& out);
Status decode(Bytes body, ScanChunk& out);
Status decode(Bytes body, ScanCreditRequest& out);
Status decode(Bytes body, CountRequest& out);
Status decode(Bytes body, CountResponse& out);
Status decode(Bytes body, ExplainRequest& out);
Status decode(Bytes body, ExplainResponse& out);
Status decode(Bytes body, SnapshotOpenRequest& out);
Status decode(Bytes body, SnapshotRenewRequest& out);
Status decode(Bytes body, SnapshotResponse& out);
Status decode(Bytes body, SnapshotCloseRequest& out);

void encode(const GetRequest& message, std::string& out);
void encode(const GetResponse& message, std::string& out);
void encode(const MultiGetRequest& message, std::string& out);
void encode(const MultiGetResponse& message, std::string& out);
void encode(const ScanRequest& message, std::string& out);
void encode(const ScanChunk& message, std::string& out);
void encode(const ScanCreditRequest& message, std::string& out);
void encode(const CountRequest& message, std::string& out);
void encode(const CountResponse& message, std::string& out);
void encode(const ExplainRequest& message, std::string& out);
void encode(const ExplainResponse& message, std::string& out);
void encode(const SnapshotOpenRequest& message, std::string& out);
void encode(const SnapshotRenewRequest& message, std::string& out);
void encode(const SnapshotResponse& message, std::string& out);
void encode(const SnapshotCloseRequest& message, std::string& out);

}  // namespace kv::protocol

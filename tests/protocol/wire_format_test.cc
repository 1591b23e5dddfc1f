// The document and the code say the same: every worked example decodes to the fields its comments
// name and encodes to the same bytes, and the tables equal the lists in the headers.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <set>

#include "protocol/extensions.h"
#include "protocol/frame_parser.h"
#include "tests/protocol/body_probes.h"
#include "tests/protocol/document.h"

namespace kv::protocol {
namespace {

using testing::document_examples;
using testing::document_table;
using testing::example;

FrameView parse(const std::string& bytes) {
    const bool request = static_cast<uint8_t>(bytes.at(4)) == 0xD7;
    FrameParser parser(request ? FrameParser::Side::kServer : FrameParser::Side::kClient);
    const FrameParser::Step step = parser.next(bytes);
    INFO(parser.error_message());
    REQUIRE(step.outcome == FrameParser::Outcome::kFrame);
    REQUIRE(step.consumed == bytes.size());
    return step.frame;
}

// The example called `name` is exactly `header` followed by `message`, in both directions.
template <class Message>
void holds(const std::string& name, const Header& header, const Message& message) {
    INFO("example " << name);
    const FrameView frame = parse(example(name));
    Message decoded;
    const Status status = decode(frame.body, decoded);
    INFO(status.to_string());
    REQUIRE(status.is_ok());
    CHECK(decoded == message);
    std::string encoded;
    append_frame(encoded, header, message);
    CHECK(encoded == example(name));
}

Header with_flags(Header header, uint16_t flags) {
    header.flags = static_cast<uint16_t>(header.flags | flags);
    return header;
}

}  // namespace

TEST_CASE("wire format: the session's examples are what they say") {
    holds("hello_request", request_header(Opcode::kHello, 1, 5000),
          HelloRequest{1, 2, 0, 0, 256, "example/1.0", "", ""});
    HelloResponse hello;
    hello.max_outstanding = 256;
    hello.server_version = "0.1.0";
    hello.node_id = 7;
    hello.durable_seqno = 4700;
    holds("hello_response", response_header(Opcode::kHello, 1, 0, 41), hello);
    holds("ping_request", request_header(Opcode::kPing, 2), PingMessage{"hi"});
    holds("ping_response", response_header(Opcode::kPing, 2, 0, 3), PingMessage{"hi"});
    holds("checked_ping_request", with_flags(request_header(Opcode::kPing, 3), flag::kChecked),
          PingMessage{"hi"});
    holds("cancel_request", request_header(Opcode::kCancel, 5), CancelRequest{9});
    holds("cancel_response", response_header(Opcode::kCancel, 5), AckResponse{true});
    holds("goaway_push", push_header(Opcode::kGoaway),
          GoawayPush{GoawayReason::kShutdown, 31, 10'000, "shutting down"});
}

TEST_CASE("wire format: the example with extensions is what it says") {
    const FrameView frame = parse(example("extended_ping_request"));
    CHECK(frame.header.has(flag::kFence));
    std::string trace;
    for (int i = 0; i < 16; ++i) trace.push_back(static_cast<char>(i));
    const auto [value, found] = find_extension(frame.extensions, extension_tag::kTraceId);
    CHECK(found);
    CHECK(value == trace);
    std::string encoded;
    const size_t start = begin_frame(
        encoded, with_flags(request_header(Opcode::kPing, 4), flag::kExt | flag::kFence));
    append_extensions(encoded, {{extension_tag::kTraceId, trace}});
    encode(PingMessage{}, encoded);
    finish_frame(encoded, start);
    CHECK(encoded == example("extended_ping_request"));
}

TEST_CASE("wire format: the examples of a HELLO with a keyspace are what they say") {
    const FrameView frame = parse(example("hello_keyspace_request"));
    const auto [value, found] = find_extension(frame.extensions, extension_tag::kKeyspace);
    REQUIRE(found);
    CHECK(value == example("keyspace_extension"));
    KeyspaceWish wish;
    REQUIRE(decode(value, wish).is_ok());
    CHECK(wish == KeyspaceWish{true, "orders"});
    CHECK(refuse_critical_extensions(frame.extensions, extension_tag::kKeyspace).is_ok());
    CHECK(refuse_critical_extensions(frame.extensions).is(Code::kUnsupported));
    std::string extension;
    encode(wish, extension);
    std::string encoded;
    const size_t start =
        begin_frame(encoded, with_flags(request_header(Opcode::kHello, 1, 5000), flag::kExt));
    append_extensions(encoded, {{extension_tag::kKeyspace, extension}});
    encode(HelloRequest{1, 1, feature::kKeyspaces, 0, 0, "example/1.0", "", ""}, encoded);
    finish_frame(encoded, start);
    CHECK(encoded == example("hello_keyspace_request"));
}

TEST_CASE("wire format: the read examples are what they say") {
    const GetResponse ada{true, 4703, 0, "Ada"};
    holds("get_request", request_header(Opcode::kGet, 6, 250), GetRequest{0, "user:1"});
    holds("get_response", response_header(Opcode::kGet, 6, 0, 12), ada);
    holds("get_missing_response", response_header(Opcode::kGet, 7, 0, 9), GetResponse{});
    holds("multi_get_request", request_header(Opcode::kMultiGet, 8),
          MultiGetRequest{3, {"user:1", "user:9"}});
    holds("multi_get_response", response_header(Opcode::kMultiGet, 8, 0, 20),
          MultiGetResponse{{ada, GetResponse{}}});
    const std::string& token = example("resume_token");
    holds("scan_request", request_header(Opcode::kScan, 9),
          ScanRequest{false, false, 1000, 0, 262'144, {"user:1", "", "user:"}, ""});
    holds("scan_response", with_flags(response_header(Opcode::kScan, 9, 0, 55), flag::kMore),
          ScanChunk{false,
                    {{"user:1", 4703, 0, "Ada"}, {"user:2", 4704, 1'800'000'000'000, "Grace"}},
                    token});
    holds("scan_last_response", response_header(Opcode::kScan, 9, 0, 80),
          ScanChunk{true, {}, token});
    holds("scan_credit_request", with_flags(request_header(Opcode::kScanCredit, 10), flag::kQuiet),
          ScanCreditRequest{9, 131'072});
    holds("scan_credit_response", response_header(Opcode::kScanCredit, 10), AckResponse{true});
    holds("count_request", request_header(Opcode::kCount, 11),
          CountRequest{true, 0, {"", "", "user:"}});
    holds("count_response", response_header(Opcode::kCount, 11, 0, 60), CountResponse{2, true});
    holds("explain_request", request_header(Opcode::kExplain, 26),
          ExplainRequest{ExplainRequest::Read::kGet, 0, "user:1", 0, {}});
    holds("explain_scan_request", request_header(Opcode::kExplain, 27),
          ExplainRequest{ExplainRequest::Read::kScan, 0, "", 100, {"", "", "user:"}});
    holds("explain_response", response_header(Opcode::kExplain, 26, 0, 40),
          ExplainResponse{"absent\n"});
}

TEST_CASE("wire format: the snapshot and store examples are what they say") {
    holds("snapshot_open_request", request_header(Opcode::kSnapshotOpen, 12),
          SnapshotOpenRequest{60'000});
    holds("snapshot_open_response", response_header(Opcode::kSnapshotOpen, 12),
          SnapshotResponse{3, 4711, 60'000});
    holds("snapshot_renew_request", request_header(Opcode::kSnapshotRenew, 13),
          SnapshotRenewRequest{3, 60'000});
    holds("snapshot_renew_response", response_header(Opcode::kSnapshotRenew, 13),
          SnapshotResponse{3, 4711, 30'000});
    holds("snapshot_close_request", request_header(Opcode::kSnapshotClose, 14),
          SnapshotCloseRequest{3});
    holds("snapshot_close_response", response_header(Opcode::kSnapshotClose, 14),
          AckResponse{true});
    holds("status_request", request_header(Opcode::kStatus, 21), StatusRequest{4715});
    holds("status_response", response_header(Opcode::kStatus, 21),
          StatusResponse{4718, 4714, false});
    holds("stats_request", request_header(Opcode::kStats, 22), StatsRequest{"engine."});
    holds("stats_response", response_header(Opcode::kStats, 22),
          StatsResponse{{{"engine.gets", "1042"}, {"engine.state", "ok"}}});
    holds("keyspaces_request", request_header(Opcode::kKeyspaces, 23), KeyspacesRequest{"ord"});
    holds("keyspaces_response", response_header(Opcode::kKeyspaces, 23, 0, 70),
          KeyspacesResponse{
              {{16, "orders", 1042, 90, 81, 1100, 58}, {18, "orders.old", 7, 0, 0, 0, 0}}});
    holds("keyspace_create_request", request_header(Opcode::kKeyspaceCreate, 24, 5000),
          KeyspaceNameRequest{"orders"});
    holds("keyspace_create_response", response_header(Opcode::kKeyspaceCreate, 24, 0, 210),
          AckResponse{false});
    holds("keyspace_drop_request", request_header(Opcode::kKeyspaceDrop, 25, 5000),
          KeyspaceNameRequest{"orders"});
    holds("keyspace_drop_response", response_header(Opcode::kKeyspaceDrop, 25, 0, 190),
          AckResponse{true});
    holds("checkpoint_request", request_header(Opcode::kCheckpoint, 28, 600'000),
          CheckpointRequest{"monday"});
    holds(
        "checkpoint_response", response_header(Opcode::kCheckpoint, 28, 0, 9000),
        CheckpointResponse{"/var/lib/kvd/checkpoints/monday", 4718, 12, 402'653'184, 0, 1'048'576});
}

TEST_CASE("wire format: the write examples are what they say") {
    holds("put_request", request_header(Opcode::kPut, 15, 5000), PutRequest{0, "user:1", "Ada"});
    holds("put_response", response_header(Opcode::kPut, 15, 0, 130),
          WriteResponse{4712, 4712, Durability::kDisk, {}});
    holds("delete_request",
          request_header(Opcode::kDelete, 16, 0, Durability::kOs, Priority::kHigh),
          DeleteRequest{"user:1"});
    holds("delete_response", response_header(Opcode::kDelete, 16, 0, 140),
          WriteResponse{4713, 4713, Durability::kDisk, {}});
    holds("delete_range_request", request_header(Opcode::kDeleteRange, 26),
          DeleteRangeRequest{{"log:1", "log:7", "log:"}});
    holds("delete_range_response", response_header(Opcode::kDeleteRange, 26, 0, 60),
          WriteResponse{4715, 4715, Durability::kDisk, {}});
    holds("increment_request", request_header(Opcode::kIncrement, 17, 0, Durability::kMemory),
          IncrementRequest{-5, "stock"});
    holds("increment_response", response_header(Opcode::kIncrement, 17, 0, 10),
          WriteResponse{4714, 4714, Durability::kMemory, {37}});
    using Op = BatchOp::Kind;
    using Pre = BatchPrecondition::Kind;
    const BatchRequest batch{{{Pre::kAbsent, "a", "", 0},
                              {Pre::kPresent, "b", "", 0},
                              {Pre::kValueEquals, "c", "old", 0},
                              {Pre::kSeqnoEquals, "d", "", 4703},
                              {Pre::kNotNewer, "e", "", 4711}},
                             {{Op::kPut, "a", "1", 0, 0},
                              {Op::kDelete, "b", "", 0, 0},
                              {Op::kPutWithExpiry, "c", "new", 1'800'000'000'000, 0},
                              {Op::kIncrement, "n", "", 0, 5}}};
    holds("batch_request", with_flags(request_header(Opcode::kBatch, 18, 1000), flag::kFence),
          batch);
    holds("batch_response", response_header(Opcode::kBatch, 18, 0, 155),
          WriteResponse{4715, 4718, Durability::kDisk, {42}});
    holds("conflict_response", response_header(Opcode::kBatch, 19, raw(WireStatus::kConflict), 9),
          ErrorResponse{4715, "key \"a\" exists since seqno 4715"});
    holds("in_doubt_response", response_header(Opcode::kPut, 20, raw(WireStatus::kInDoubt), 900),
          ErrorResponse{0, "fdatasync of 000003.wal failed: Input/output error"});
    std::string answer;
    append_error(answer, Opcode::kBatch, 19,
                 Status(Code::kConflict, "key \"a\" exists since seqno 4715", 4715), 9);
    CHECK(answer == example("conflict_response"));
}

TEST_CASE("wire format: every opcode in use has an example of its request and its answer") {
    for (const auto& row : document_table("opcode")) {
        if (row.at(2) != "served") continue;
        std::string name;
        for (const char c : row.at(1)) name += static_cast<char>(std::tolower(c));
        CHECK(document_examples().count(name + "_request") == 1);
        CHECK(document_examples().count(name + "_response") == 1);
    }
}

TEST_CASE("wire format: the opcode table equals the code") {
    std::vector<std::vector<std::string>> expected;
#define KV_X(number, enumerator, name, state) \
    expected.push_back({#number, name, std::string(#state).substr(1)});
    KV_WIRE_OPCODES(KV_X)
#undef KV_X
    for (auto& row : expected) row[2][0] = static_cast<char>(std::tolower(row[2][0]));
    CHECK(document_table("opcode") == expected);
}

TEST_CASE("wire format: the status table equals the code") {
    const auto rows = document_table("status");
    REQUIRE(rows.size() == status_table().size());
    const auto yes = [](uint16_t status, uint16_t bit) {
        return std::string(has_class(status, bit) ? "yes" : "");
    };
    for (size_t i = 0; i < rows.size(); ++i) {
        const StatusInfo& info = status_table()[i];
        const uint16_t status = raw(info.status);
        INFO(info.name);
        const std::vector<std::string> expected = {rows[i][0],
                                                   std::string(info.name),
                                                   yes(status, status_class::kRetryable),
                                                   yes(status, status_class::kSurelyNotApplied),
                                                   yes(status, status_class::kInDoubt),
                                                   yes(status, status_class::kFatal),
                                                   std::string(info.advice)};
        CHECK(rows[i] == expected);
        CHECK(std::stoi(rows[i][0], nullptr, 16) == status);
    }
}

}  // namespace kv::protocol

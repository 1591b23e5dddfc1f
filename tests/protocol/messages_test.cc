// Every body against damage. The bodies come from the document's examples, so each message is
// covered as soon as it is documented.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/messages.h"

#include <catch2/catch.hpp>
#include <map>

#include "protocol/wire_cursor.h"
#include "tests/protocol/body_probes.h"
#include "tests/protocol/document.h"

namespace kv::protocol {
namespace {

using testing::BodyProbe;
using testing::kBodyProbes;

// The probe's own bodies: what follows the header in the examples whose bodies it can read.
std::vector<std::string> bodies_for(const BodyProbe& probe) {
    std::vector<std::string> bodies;
    for (const auto& [name, bytes] : testing::document_examples()) {
        if (name == "extended_ping_request" || name == "hello_keyspace_request") continue;
        const bool bare = name == "resume_token" || name == "keyspace_extension";
        const std::string body = bare ? bytes : bytes.substr(kHeaderBytes);
        std::string encoded;
        if (probe.decode_and_encode(body, encoded).is_ok()) bodies.push_back(body);
    }
    return bodies;
}

void store32(std::string& bytes, size_t at, uint32_t value) {
    for (size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(value >> (8 * i));
}

template <class Message>
Status try_decode(const std::string& body) {
    Message message;
    return decode(body, message);
}

template <class Message>
std::string encoded(const Message& message) {
    std::string out;
    encode(message, out);
    return out;
}

}  // namespace

TEST_CASE("messages: every decoder has an example and encodes it to the same bytes") {
    for (const BodyProbe& probe : kBodyProbes) {
        INFO(probe.name);
        const auto bodies = bodies_for(probe);
        CHECK_FALSE(bodies.empty());
        for (const std::string& body : bodies) {
            std::string again;
            CHECK(probe.decode_and_encode(body, again).is_ok());
            CHECK(again == body);
        }
    }
}

TEST_CASE("messages: a body cut anywhere is refused, with the reason") {
    for (const BodyProbe& probe : kBodyProbes) {
        for (const std::string& body : bodies_for(probe)) {
            for (size_t size = 0; size < body.size(); ++size) {
                INFO(probe.name << " cut to " << size << " of " << body.size());
                // A copy of exact size, so that a sanitizer sees any read beyond it.
                const std::string cut(body, 0, size);
                std::string ignored;
                const Status status = probe.decode_and_encode(cut, ignored);
                CHECK(status.is(Code::kInvalidArgument));
                CHECK(status.message().substr(0, 10) == "malformed ");
            }
        }
    }
}

TEST_CASE("messages: a byte after the last field is refused") {
    for (const BodyProbe& probe : kBodyProbes) {
        for (const std::string& body : bodies_for(probe)) {
            INFO(probe.name);
            std::string ignored;
            CHECK(probe.decode_and_encode(body + '\0', ignored).is(Code::kInvalidArgument));
        }
    }
}

TEST_CASE("messages: any four bytes made huge never read beyond the body") {
    for (const BodyProbe& probe : kBodyProbes) {
        for (const std::string& body : bodies_for(probe)) {
            for (size_t at = 0; at + 4 <= body.size(); ++at) {
                for (const uint32_t value : {0xFFFFFFFFU, 0x80000000U, 0x00FFFFFFU}) {
                    std::string damaged = body;
                    store32(damaged, at, value);
                    std::string again;
                    const Status status = probe.decode_and_encode(damaged, again);
                    if (status.is_ok()) CHECK(again == damaged);
                }
            }
        }
    }
}

TEST_CASE("messages: the error names message, field and offset") {
    const Status status = try_decode<GetRequest>(std::string(12, '\xFF'));
    CHECK(status.message() ==
          "malformed GET request: key at offset 12 needs 4294967295 bytes, 0 are left");
}

TEST_CASE("messages: a list that claims more items than bytes is refused before memory is taken") {
    std::string body(12, '\0');
    store32(body, 8, kMaxListItems);
    CHECK(try_decode<MultiGetRequest>(body).is(Code::kInvalidArgument));
    body.resize(12 + 4 * size_t{kMaxListItems});
    CHECK(try_decode<MultiGetRequest>(body).is_ok());
    store32(body, 8, kMaxListItems + 1);
    body.resize(body.size() + 4);
    CHECK(try_decode<MultiGetRequest>(body).is(Code::kInvalidArgument));
}

TEST_CASE("messages: an EXPLAIN takes the fields of its own kind of read only") {
    using Read = ExplainRequest::Read;
    const auto explain = [](const ExplainRequest& request) {
        return try_decode<ExplainRequest>(encoded(request));
    };
    CHECK(explain({Read::kGet, 0, "k", 0, {}}).is_ok());
    CHECK(explain({Read::kScan, 0, "", 9, {"a", "b", "c"}}).is_ok());
    CHECK_FALSE(explain({Read::kScan, 0, "k", 9, {}}).is_ok());
    CHECK_FALSE(explain({Read::kGet, 0, "k", 9, {}}).is_ok());
    CHECK_FALSE(explain({Read::kGet, 0, "k", 0, {"", "", "p"}}).is_ok());
    CHECK_FALSE(explain({Read{2}, 0, "", 0, {}}).is_ok());
}

TEST_CASE("messages: values that a kind does not use are refused") {
    using Pre = BatchPrecondition::Kind;
    const auto condition = [](Pre kind, Bytes value, uint64_t seqno) {
        return try_decode<BatchRequest>(encoded(BatchRequest{{{kind, "k", value, seqno}}, {}}));
    };
    CHECK(condition(Pre::kAbsent, "", 0).is_ok());
    CHECK_FALSE(condition(Pre::kAbsent, "", 1).is_ok());
    CHECK_FALSE(condition(Pre::kPresent, "v", 0).is_ok());
    CHECK_FALSE(condition(Pre::kValueEquals, "v", 1).is_ok());
    CHECK(condition(Pre::kValueEquals, "", 0).is_ok());
    CHECK_FALSE(condition(Pre::kSeqnoEquals, "v", 1).is_ok());
    CHECK(condition(Pre::kNotNewer, "", 0).is_ok());
    CHECK_FALSE(condition(Pre{0}, "", 0).is_ok());
    CHECK_FALSE(condition(Pre{6}, "", 0).is_ok());

    const auto op = [](BatchOp::Kind kind, uint64_t expiry_ms) {
        return try_decode<BatchRequest>(encoded(BatchRequest{{}, {{kind, "k", "", expiry_ms, 0}}}));
    };
    CHECK(op(BatchOp::Kind::kPutWithExpiry, 1).is_ok());
    CHECK_FALSE(op(BatchOp::Kind::kPutWithExpiry, 0).is_ok());
    CHECK_FALSE(op(BatchOp::Kind{0}, 0).is_ok());
    CHECK_FALSE(op(BatchOp::Kind{5}, 0).is_ok());

    CHECK_FALSE(try_decode<GetResponse>(encoded(GetResponse{false, 1, 0, ""})).is_ok());
    CHECK_FALSE(try_decode<GetResponse>(encoded(GetResponse{false, 0, 0, "v"})).is_ok());
    CHECK_FALSE(try_decode<AckResponse>("\x02").is_ok());
    CHECK_FALSE(try_decode<HelloRequest>(encoded(HelloRequest{2, 1})).is_ok());
}

TEST_CASE("messages: names and messages for people are bounded") {
    const std::string name(kMaxNameBytes + 1, 'n');
    HelloRequest hello;
    hello.client_name = Bytes(name).substr(1);
    CHECK(try_decode<HelloRequest>(encoded(hello)).is_ok());
    std::string body;
    WireWriter writer(body);
    writer.u64(0);
    writer.bytes(std::string(kMaxMessageBytes + 1, 'm'));
    CHECK_FALSE(try_decode<ErrorResponse>(body).is_ok());
    const std::string space(kMaxKeyspaceNameBytes + 1, 's');
    body.clear();
    writer.boolean(true);
    writer.bytes(space);
    CHECK_FALSE(try_decode<KeyspaceWish>(body).is_ok());
    CHECK(try_decode<KeyspaceWish>(encoded(KeyspaceWish{true, Bytes(space).substr(1)})).is_ok());
    const std::string long_message(5000, 'm');
    CHECK(try_decode<ErrorResponse>(encoded(ErrorResponse{0, long_message})).is_ok());
}

TEST_CASE("messages: a struct decoded into again holds nothing of the message before") {
    BatchRequest batch;
    REQUIRE(decode(encoded(BatchRequest{{{}}, {{}, {}}}), batch).is_ok());
    CHECK(batch.ops.size() == 2);
    REQUIRE(decode(encoded(BatchRequest{}), batch).is_ok());
    CHECK(batch == BatchRequest{});
}

TEST_CASE("messages: a GET head and its value make a GetResponse") {
    std::string out;
    append_get_head(out, 9, 11, 5);
    CHECK(out.size() == kGetHeadBytes);
    out += "value";
    CHECK(out == encoded(GetResponse{true, 9, 11, "value"}));
}

TEST_CASE("messages: the version is the newest that both sides speak") {
    CHECK(choose_version(1, 1) == 1);
    CHECK(choose_version(1, 200) == 1);
    CHECK(choose_version(0, 1) == 1);
    CHECK(choose_version(2, 9) == 0);
    CHECK(choose_version(0, 0) == 0);
}

}  // namespace kv::protocol

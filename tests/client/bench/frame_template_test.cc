// FrameTemplate: copies of a request.
// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/frame_template.h"

#include <catch2/catch.hpp>

#include "bench/traffic/workload.h"
#include "protocol/messages.h"

namespace kv::bench {

TEST_CASE("frame template: a copy is the request it says it is") {
    Workload workload;
    workload.key_bytes = 8;
    workload.value_bytes = 5;
    std::string out;
    FrameTemplate::put(workload).append(77, 123, out);
    FrameTemplate::get(workload).append(78, 9'999'999'999, out);
    protocol::FrameParser parser(protocol::FrameParser::Side::kServer,
                                 {protocol::kDefaultFrameBytes, 1, false});
    const auto put = parser.next(out);
    REQUIRE(put.outcome == protocol::FrameParser::Outcome::kFrame);
    CHECK(put.frame.header.request_id == 77);
    protocol::PutRequest message;
    REQUIRE(protocol::decode(put.frame.body, message).is_ok());
    CHECK(message.key == "00000123");
    CHECK(message.value.size() == 5);
    const auto get = parser.next(Bytes(out).substr(put.consumed));
    REQUIRE(get.outcome == protocol::FrameParser::Outcome::kFrame);
    CHECK(get.frame.header.request_id == 78);
    protocol::GetRequest read;
    REQUIRE(protocol::decode(get.frame.body, read).is_ok());
    CHECK(read.key == "99999999");
}

}  // namespace kv::bench

// Commands from the templates, and replies matched to them by their order.
// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/resp_connection.h"

#include <algorithm>
#include <optional>

namespace kv::bench {

namespace {

// Above every key, which are digits.
constexpr Bytes kScanEnd = ":";

}  // namespace

std::string resp_error_name(Bytes text) {
    const Bytes word = text.substr(0, text.find(' '));
    const bool capitals =
        std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    return std::string(capitals && !word.empty() ? word : "ERR");
}

Answer resp_answer(uint32_t slot, RespReplyParser::Kind kind, Bytes text) {
    Answer answer;
    answer.slot = slot;
    if (kind == RespReplyParser::Kind::kNull) answer.outcome = Answer::Outcome::kMissing;
    if (kind != RespReplyParser::Kind::kError) return answer;
    const std::string name = resp_error_name(text);
    if (name == "BUSY") {
        answer.outcome = Answer::Outcome::kOverloaded;
        return answer;
    }
    answer.outcome = Answer::Outcome::kError;
    answer.error_name = name;
    answer.error = {Code::kUnavailable, "the server answered: " + std::string(text)};
    return answer;
}

RespWire::RespWire(const Workload& workload)
    : workload_(workload),
      get_("GET", workload.key_bytes),
      set_("SET", workload.key_bytes, {value_noise(workload.value_bytes, workload.seed)}) {}

Result<std::unique_ptr<ServerConnection>> RespWire::open() const {
    KV_ASSIGN_OR_RETURN(const client::Address parsed, client::parse_address(workload_.address));
    const uint64_t deadline_us = client::now_us() + kConnectUs;
    KV_ASSIGN_OR_RETURN(client::Socket socket, client::connect_socket(parsed, {deadline_us}));
    auto connection = std::make_unique<RespConnection>(std::move(socket), *this);
    KV_RETURN_IF_ERROR(connection->greet(deadline_us));
    return std::unique_ptr<ServerConnection>(std::move(connection));
}

RespConnection::RespConnection(client::Socket socket, const RespWire& wire)
    : ServerConnection(std::move(socket)), wire_(wire), key_(wire.workload_.key_bytes, '0') {}

Status RespConnection::greet(uint64_t deadline_us) {
    append_resp_command(outgoing_, {"PING"});
    KV_ASSIGN_OR_RETURN(const Answer pong, ask(deadline_us));
    if (!pong.error.is_ok()) return pong.error.with_context("PING");
    if (share_of(wire_.workload_.mix, OpKind::kScan) <= 0) return Status::ok();
    append_resp_command(outgoing_, {"KV.RANGE", "0", kScanEnd, "LIMIT", "1"});
    KV_ASSIGN_OR_RETURN(const Answer range, ask(deadline_us));
    if (range.error.is_ok()) return Status::ok();
    return {Code::kUnsupported, "scans over RESP need the command KV.RANGE, which only kvd has; " +
                                    std::string(range.error.message())};
}

Result<Answer> RespConnection::ask(uint64_t deadline_us) {
    while (true) {
        KV_RETURN_IF_ERROR(exchange(deadline_us));
        KV_ASSIGN_OR_RETURN(auto answer, next_answer(0));
        if (answer) return *std::move(answer);
    }
}

void RespConnection::add(const Operation& operation, uint32_t slot) {
    in_flight_.push_back(slot);
    if (operation.kind == OpKind::kScan) {
        format_key(operation.key_index, key_.size(), key_.data());
        append_resp_command(outgoing_, {"KV.RANGE", key_, kScanEnd, "LIMIT",
                                        std::to_string(operation.scan_entries)});
    } else if (operation.kind == OpKind::kRead) {
        wire_.get_.append(operation.key_index, outgoing_);
    } else {
        wire_.set_.append(operation.key_index, outgoing_);
    }
}

Result<std::optional<Answer>> RespConnection::next_answer(uint32_t slot) {
    const auto step = parser_.next(received_.unread());
    if (step.outcome == RespReplyParser::Outcome::kError) {
        return Status(Code::kUnavailable, parser_.error());
    }
    if (step.outcome == RespReplyParser::Outcome::kNeedMore) {
        needed_bytes_ = step.needed_bytes;
        return std::optional<Answer>();
    }
    Answer answer = resp_answer(slot, step.kind, step.text);
    received_.consume(step.consumed);
    return std::optional(std::move(answer));
}

Status RespConnection::take_answers(std::vector<Answer>& answers) {
    while (!in_flight_.empty()) {
        KV_ASSIGN_OR_RETURN(auto answer, next_answer(in_flight_.front()));
        if (!answer) return Status::ok();
        in_flight_.pop_front();
        answers.push_back(*std::move(answer));
    }
    if (received_.unread().empty()) return Status::ok();
    return {Code::kUnavailable, "a reply to no request"};
}

}  // namespace kv::bench

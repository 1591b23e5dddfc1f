// Two ways to fill a store: batches of the client library, and pipelined SETs.
// SPDX-License-Identifier: Apache-2.0
#include "bench/loader.h"

#include <poll.h>

#include <chrono>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

#include "bench/wire/wire.h"
#include "cli/ordered_batches.h"
#include "kv/client.h"

namespace kv::bench {

namespace {

constexpr uint64_t kOperationTimeoutMs = 60'000;
constexpr auto kPauseWhenRefused = std::chrono::milliseconds(20);
constexpr uint32_t kWindow = 512;

Status load_native(const Workload& workload, const std::atomic<bool>& interrupted) {
    ClientOptions options;
    options.address = workload.address;
    options.client_name = "kvbench";
    options.operation_timeout_ms = kOperationTimeoutMs;
    KV_ASSIGN_OR_RETURN(const auto client, Client::connect(options));
    client::WriteOptions write;
    write.durability = client::Durability::kOs;
    cli::OrderedBatches batches(*client, 16, write, [&] { return interrupted.load(); });
    client::Batch batch;
    std::string key(workload.key_bytes, '0');
    const std::string value = value_noise(workload.value_bytes, workload.seed);
    for (uint64_t i = 0; i < workload.key_count && !interrupted; ++i) {
        format_key(i, key.size(), key.data());
        batch.put(key, value);
        if (batch.count() < 256 && batch.size_bytes() < (256U << 10)) continue;
        KV_RETURN_IF_ERROR(batches.send(std::exchange(batch, {}), i));
    }
    if (!batch.empty()) KV_RETURN_IF_ERROR(batches.send(std::move(batch), workload.key_count));
    return batches.finish();
}

// Sends a write of each key and leaves in `keys` those that were refused for now.
Status write_keys(ServerConnection& connection, std::vector<uint64_t>& keys) {
    const uint64_t deadline_us = client::now_us() + kOperationTimeoutMs * 1000;
    for (uint32_t i = 0; i < keys.size(); ++i) connection.add({OpKind::kWrite, keys[i], 0}, i);
    std::vector<uint64_t> refused;
    std::vector<Answer> answers;
    size_t answered = 0;
    bool all_sent = false;
    while (answered < keys.size()) {
        if (!all_sent) {
            KV_ASSIGN_OR_RETURN(all_sent, connection.send());
        }
        const short events = all_sent ? POLLIN : POLLIN | POLLOUT;
        KV_ASSIGN_OR_RETURN(const bool ready, connection.wait(events, deadline_us));
        if (!ready) return {Code::kDeadline, "no answer in time"};
        answers.clear();
        KV_RETURN_IF_ERROR(connection.receive(answers));
        for (const Answer& answer : answers) {
            if (!answer.error.is_ok()) return answer.error;
            if (answer.outcome == Answer::Outcome::kOverloaded) {
                refused.push_back(keys[answer.slot]);
            }
        }
        answered += answers.size();
    }
    keys = std::move(refused);
    return Status::ok();
}

Status load_resp(const Workload& workload, const std::atomic<bool>& interrupted) {
    const auto wire = Wire::make(workload);
    KV_ASSIGN_OR_RETURN(const auto connection, wire->open());
    for (uint64_t first = 0; first < workload.key_count && !interrupted; first += kWindow) {
        std::vector<uint64_t> keys(std::min<uint64_t>(kWindow, workload.key_count - first));
        std::iota(keys.begin(), keys.end(), first);
        while (true) {
            KV_RETURN_IF_ERROR(write_keys(*connection, keys));
            if (keys.empty() || interrupted) break;
            std::this_thread::sleep_for(kPauseWhenRefused);
        }
    }
    return Status::ok();
}

}  // namespace

Status load_keys(const Workload& workload, const std::atomic<bool>& interrupted) {
    Status status = workload.protocol == Protocol::kResp ? load_resp(workload, interrupted)
                                                         : load_native(workload, interrupted);
    return interrupted ? Status::ok() : status;
}

}  // namespace kv::bench

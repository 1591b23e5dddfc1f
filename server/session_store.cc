// Requests about the store as a whole: STATUS, STATS, CHECKPOINT.
// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "server/session.h"
#include "server/stats_report.h"

namespace kv::server {

void Session::on_status(const RequestInfo& info, Bytes body) {
    protocol::StatusRequest request;
    if (!decode(info, body, request)) return;
    const Seqno durable = shared_.db.durable_seqno();
    answer(info, protocol::StatusResponse{shared_.db.published_seqno(), durable,
                                          request.seqno <= durable});
}

void Session::on_stats(const RequestInfo& info, Bytes body) {
    protocol::StatsRequest request;
    if (!decode(info, body, request)) return;
    read_in_pool(info, body.size(),
                 [&shared = shared_, info, prefix = std::string(request.prefix),
                  max_frame_bytes = max_frame_bytes_](std::string& reply) {
                     const std::vector<Stat> stats =
                         collect_stats(shared, shared.db.stats(), prefix);
                     protocol::StatsResponse response;
                     for (const Stat& stat : stats)
                         response.entries.push_back({stat.name, stat.value});
                     append_fitting_answer(reply, info, shared.clock.monotonic_us(), response,
                                           max_frame_bytes);
                     return PoolTask::Next::kDone;
                 });
}

void Session::on_checkpoint(const RequestInfo& info, Bytes body) {
    protocol::CheckpointRequest request;
    if (!decode(info, body, request)) return;
    read_in_pool(info, body.size(),
                 [&shared = shared_, info, name = std::string(request.name)](std::string& reply) {
                     const auto made = shared.checkpoints.make(name);
                     const uint64_t now_us = shared.clock.monotonic_us();
                     if (!made.is_ok()) {
                         append_error(reply, info, now_us, made.error());
                     } else {
                         const CheckpointInfo& what = made->info;
                         append_answer(reply, info, now_us,
                                       protocol::CheckpointResponse{
                                           made->path, what.seqno, what.tables, what.table_bytes,
                                           what.copied_tables, what.log_bytes});
                     }
                     return PoolTask::Next::kDone;
                 });
}

}  // namespace kv::server

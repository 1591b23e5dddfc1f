// Keyspaces as a client manages them: KEYSPACES, KEYSPACE_CREATE, KEYSPACE_DROP. All of them ask or
// change the store, so they run in the read pool.
// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "server/session.h"

namespace kv::server {

using protocol::Opcode;

void Session::on_keyspaces(const RequestInfo& info, Bytes body) {
    protocol::KeyspacesRequest request;
    if (!decode(info, body, request)) return;
    read_in_pool(
        info, body.size(),
        [&shared = shared_, info, prefix = std::string(request.prefix),
         max_frame_bytes = max_frame_bytes_](std::string& reply) {
            const std::vector<KeyspaceStats> all = shared.keyspaces.list(prefix);
            protocol::KeyspacesResponse response;
            for (const KeyspaceStats& each : all) {
                response.entries.push_back({each.id, each.name, each.approximate_keys, each.reads,
                                            each.hits, each.writes, each.deletes});
            }
            append_fitting_answer(reply, info, shared.clock.monotonic_us(), response,
                                  max_frame_bytes);
            return PoolTask::Next::kDone;
        });
}

void Session::on_change_keyspace(const RequestInfo& info, Bytes body) {
    protocol::KeyspaceNameRequest request;
    if (!decode(info, body, request)) return;
    read_in_pool(info, body.size(),
                 [&shared = shared_, info, name = std::string(request.name)](std::string& reply) {
                     Result<bool> existed = false;
                     if (info.opcode == Opcode::kKeyspaceDrop) {
                         existed = shared.keyspaces.drop(name);
                     } else {
                         auto made = shared.keyspaces.create(name);
                         existed = made.is_ok() ? Result<bool>(!made->is_new)
                                                : Result<bool>(made.error());
                     }
                     const uint64_t now_us = shared.clock.monotonic_us();
                     if (existed.is_ok()) {
                         append_answer(reply, info, now_us, protocol::AckResponse{*existed});
                     } else {
                         const Status& error = existed.error();
                         append_error(reply, info, now_us, protocol::to_wire_of_write(error),
                                      error.message(), error.detail());
                     }
                     return PoolTask::Next::kDone;
                 });
}

}  // namespace kv::server

// The handlers of the commands about the connection and the server, one a row of the table of
// commands: cmd_client_list is CLIENT LIST. Their texts and shapes are those of Redis 7.0.
//
// The words of a command have been counted against its arity before.
// Thread rule: the connection's network thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/commands/control_context.h"

namespace kv::server {

// control_connection.cc
void cmd_ping(ControlContext& context);
void cmd_echo(ControlContext& context);
void cmd_hello(ControlContext& context);
void cmd_auth(ControlContext& context);
void cmd_quit(ControlContext& context);
void cmd_reset(ControlContext& context);
void cmd_select(ControlContext& context);
void cmd_kv_durability(ControlContext& context);

// control_client.cc
void cmd_client_getname(ControlContext& context);
void cmd_client_id(ControlContext& context);
void cmd_client_no_evict(ControlContext& context);
void cmd_client_no_touch(ControlContext& context);
void cmd_client_pause(ControlContext& context);
void cmd_client_reply(ControlContext& context);
void cmd_client_setinfo(ControlContext& context);
void cmd_client_setname(ControlContext& context);
void cmd_client_unpause(ControlContext& context);

// control_client_list.cc
void cmd_client_info(ControlContext& context);
void cmd_client_kill(ControlContext& context);
void cmd_client_list(ControlContext& context);

// control_command.cc
void cmd_command(ControlContext& context);
void cmd_command_count(ControlContext& context);
void cmd_command_docs(ControlContext& context);
void cmd_command_getkeys(ControlContext& context);
void cmd_command_getkeysandflags(ControlContext& context);
void cmd_command_info(ControlContext& context);
void cmd_command_list(ControlContext& context);

// control_config.cc
void cmd_config_get(ControlContext& context);
void cmd_config_resetstat(ControlContext& context);
void cmd_config_rewrite(ControlContext& context);
void cmd_config_set(ControlContext& context);

// control_info.cc
void cmd_info(ControlContext& context);

// control_server.cc
void cmd_bgsave(ControlContext& context);
void cmd_debug(ControlContext& context);
void cmd_function_flush(ControlContext& context);
void cmd_function_list(ControlContext& context);
void cmd_lastsave(ControlContext& context);
void cmd_role(ControlContext& context);
void cmd_save(ControlContext& context);
void cmd_shutdown(ControlContext& context);
void cmd_time(ControlContext& context);
void cmd_wait(ControlContext& context);
void cmd_waitaof(ControlContext& context);

// control_latency.cc
void cmd_latency_doctor(ControlContext& context);
void cmd_latency_graph(ControlContext& context);
void cmd_latency_histogram(ControlContext& context);
void cmd_latency_history(ControlContext& context);
void cmd_latency_latest(ControlContext& context);
void cmd_latency_reset(ControlContext& context);
void cmd_slowlog_get(ControlContext& context);
void cmd_slowlog_len(ControlContext& context);
void cmd_slowlog_reset(ControlContext& context);

// control_memory.cc
void cmd_memory_doctor(ControlContext& context);
void cmd_memory_malloc_stats(ControlContext& context);
void cmd_memory_purge(ControlContext& context);
void cmd_memory_stats(ControlContext& context);

// control_pubsub.cc
void cmd_publish(ControlContext& context);
void cmd_subscribe(ControlContext& context);
void cmd_unsubscribe(ControlContext& context);
void cmd_psubscribe(ControlContext& context);
void cmd_punsubscribe(ControlContext& context);
void cmd_pubsub_channels(ControlContext& context);
void cmd_pubsub_numpat(ControlContext& context);
void cmd_pubsub_numsub(ControlContext& context);
void cmd_pubsub_shardchannels(ControlContext& context);
void cmd_pubsub_shardnumsub(ControlContext& context);

// control_help.cc
void cmd_client_help(ControlContext& context);
void cmd_command_help(ControlContext& context);
void cmd_config_help(ControlContext& context);
void cmd_function_help(ControlContext& context);
void cmd_latency_help(ControlContext& context);
void cmd_memory_help(ControlContext& context);
void cmd_pubsub_help(ControlContext& context);
void cmd_slowlog_help(ControlContext& context);

}  // namespace kv::server

// The handlers of all commands that read or write keys. Each is called with as many words as its
// row in command_table.cc allows, writes exactly one answer and returns ok, or returns what the
// store said (data_context.h). A subcommand's handler sees its parent's name as the first word.
// Thread rule: the thread that runs the command.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/commands/data_context.h"

namespace kv::server {

// set_commands.cc: what writes a value with options, and an expiry beside it.
Status cmd_set(DataContext& context);
Status cmd_setnx(DataContext& context);
Status cmd_setex(DataContext& context);
Status cmd_psetex(DataContext& context);
Status cmd_getex(DataContext& context);

// string_commands.cc: whole values.
Status cmd_get(DataContext& context);
Status cmd_getset(DataContext& context);
Status cmd_getdel(DataContext& context);
Status cmd_mget(DataContext& context);
Status cmd_mset(DataContext& context);
Status cmd_msetnx(DataContext& context);
Status cmd_append(DataContext& context);
Status cmd_strlen(DataContext& context);

// number_commands.cc: values that are numbers.
Status cmd_incr(DataContext& context);
Status cmd_decr(DataContext& context);
Status cmd_incrby(DataContext& context);
Status cmd_decrby(DataContext& context);
Status cmd_incrbyfloat(DataContext& context);

// range_commands.cc: parts of values.
Status cmd_getrange(DataContext& context);
Status cmd_substr(DataContext& context);
Status cmd_setrange(DataContext& context);
// lcs_command.cc. Time is the product of both lengths: for the read pool.
Status cmd_lcs(DataContext& context);

// key_commands.cc: keys, whatever their values.
Status cmd_del(DataContext& context);
Status cmd_unlink(DataContext& context);
Status cmd_exists(DataContext& context);
Status cmd_touch(DataContext& context);
Status cmd_type(DataContext& context);
Status cmd_rename(DataContext& context);
Status cmd_renamenx(DataContext& context);
Status cmd_copy(DataContext& context);

// expiry_commands.cc.
Status cmd_expire(DataContext& context);
Status cmd_pexpire(DataContext& context);
Status cmd_expireat(DataContext& context);
Status cmd_pexpireat(DataContext& context);
Status cmd_ttl(DataContext& context);
Status cmd_pttl(DataContext& context);
Status cmd_expiretime(DataContext& context);
Status cmd_pexpiretime(DataContext& context);
Status cmd_persist(DataContext& context);

// walk_commands.cc: commands that visit keys in order.
Status cmd_keys(DataContext& context);
Status cmd_scan(DataContext& context);

// database_commands.cc: databases as a whole.
Status cmd_randomkey(DataContext& context);
/// An estimate past KeyView::most_counted().
Status cmd_dbsize(DataContext& context);
Status cmd_flushdb(DataContext& context);
Status cmd_flushall(DataContext& context);

// object_commands.cc: what is to be known about a value.
Status cmd_object_encoding(DataContext& context);
Status cmd_object_refcount(DataContext& context);
Status cmd_object_idletime(DataContext& context);
Status cmd_object_freq(DataContext& context);
Status cmd_object_help(DataContext& context);
Status cmd_memory_usage(DataContext& context);

// kv_commands.cc: what an ordered store can do and Redis cannot.
Status cmd_kv_range(DataContext& context);
Status cmd_kv_revrange(DataContext& context);
Status cmd_kv_delrange(DataContext& context);
Status cmd_kv_delprefix(DataContext& context);
/// Asks the store itself and waits for its disk: only where that is allowed, so in the read pool
/// and not inside a transaction.
Status cmd_kv_explain(DataContext& context);

}  // namespace kv::server

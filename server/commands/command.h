// Command: one row of the table of RESP commands: its name and shape, and the function that does
// it. The table (command_table.cc) is what COMMAND, the documentation and the dispatcher read.
// Thread rule: constants.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "server/commands/data_context.h"

namespace kv::server {

class RespSession;
struct ControlContext;

/// A command about the connection or the server, run on the connection's network thread when every
/// earlier command of the connection has been answered. Answers in `context.reply`.
using ControlHandler = void (*)(ControlContext& context);

namespace command_flag {
inline constexpr uint32_t kWrite = 1U << 0;
inline constexpr uint32_t kReadOnly = 1U << 1;
inline constexpr uint32_t kDenyOom = 1U << 2;
inline constexpr uint32_t kAdmin = 1U << 3;
inline constexpr uint32_t kPubsub = 1U << 4;
inline constexpr uint32_t kNoScript = 1U << 5;
inline constexpr uint32_t kLoading = 1U << 6;
inline constexpr uint32_t kStale = 1U << 7;
inline constexpr uint32_t kFast = 1U << 8;
inline constexpr uint32_t kNoAuth = 1U << 9;    ///< Allowed before AUTH.
inline constexpr uint32_t kNoMulti = 1U << 10;  ///< Not inside MULTI.
inline constexpr uint32_t kSkipSlowlog = 1U << 11;
/// Ours, not told to clients: visits many keys, so it runs in the read pool, not on a network
/// thread.
inline constexpr uint32_t kLong = 1U << 16;
/// Ours: a write that looks nothing up before; SET only without NX, XX, GET, KEEPTTL.
inline constexpr uint32_t kBlind = 1U << 17;
/// Ours: a write that adds each of its arguments to a batch once at most, and no stored value.
inline constexpr uint32_t kArgumentsOnly = 1U << 22;
/// Ours: allowed while a RESP2 client is subscribed.
inline constexpr uint32_t kWhileSubscribed = 1U << 18;
/// Ours: done at once inside MULTI instead of being queued (EXEC, DISCARD, WATCH, QUIT, RESET).
inline constexpr uint32_t kNotQueued = 1U << 19;
/// Ours: told with what the store reports (ControlContext::report), which is gathered in the read
/// pool before the command is run.
inline constexpr uint32_t kStoreReport = 1U << 20;
/// Ours: memory that was freed goes back to the system, in the read pool too, before the command is
/// run.
inline constexpr uint32_t kTrimsMemory = 1U << 21;
/// Ours: told with what the allocator reports, which passes through all of its memory and is
/// gathered in the read pool too.
inline constexpr uint32_t kAllocatorReport = 1U << 23;
/// Ours: answers with values of keys, so that nothing but them bounds its answer (values_asked).
inline constexpr uint32_t kAnswersValue = 1U << 24;
/// What makes a command wait for the pool first.
inline constexpr uint32_t kPoolFirst = kStoreReport | kTrimsMemory | kAllocatorReport;
}  // namespace command_flag

struct Command {
    std::string_view name;  ///< Lower case, such as "getrange"; "client|list" for a subcommand.
    int arity = 0;          ///< Words, the name included; negative: at least so many.
    uint32_t flags = 0;
    // Where the keys are: as in COMMAND. 0: none.
    int first_key = 0;
    int last_key = 0;  ///< -1: the last argument.
    int key_step = 0;
    std::string_view group;  ///< "string", "generic", ... as in COMMAND DOCS.
    std::string_view since;  ///< Version of Redis it appeared in; of kvd for KV.*.
    std::string_view summary;
    std::string_view syntax;  ///< Arguments as in the documentation: "key value [NX | XX]".
    // Exactly one of these, or none for a command that only has subcommands.
    DataHandler data = nullptr;
    ControlHandler control = nullptr;

    bool has(uint32_t flag) const { return (flags & flag) != 0; }
    bool takes(size_t words) const {
        return arity >= 0 ? words == static_cast<size_t>(arity)
                          : words >= static_cast<size_t>(-arity);
    }
};

/// All commands without their subcommands, sorted by name.
std::span<const Command> all_commands();
/// Subcommands of "client", "config", ..., sorted; empty when it has none.
std::span<const Command> subcommands_of(std::string_view name);
/// Null when there is none. `name` in any case. Constant time.
const Command* find_command(std::string_view name);
const Command* find_subcommand(const Command& parent, std::string_view name);
/// The words of `args` that are keys. `args` must fit the arity.
std::vector<Bytes> keys_of(const Command& command, const protocol::resp::Args& args);
/// How many stored values the answer may hold. `args` must fit the arity.
size_t values_asked(const Command& command, const protocol::resp::Args& args);

}  // namespace kv::server

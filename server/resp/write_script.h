// WriteScript: consecutive commands of one connection that become one write: what a client has
// pipelined, or a transaction. They run in order in the middle of the commit, so each sees what the
// ones before it wrote and nothing of anybody else comes between; their mutations are one record of
// the log. A transaction that writes nothing need not be there: it reads a snapshot, in the read
// pool if it takes long. What they answer counts as memory of the network (limits.network_memory)
// from then on: a command whose answer finds no room there is refused. Thread rule: filled by the
// connection's thread, then the engine's until the write is answered, then the connection's again.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "kv/keyspace.h"
#include "kv/write_program.h"
#include "server/commands/command.h"
#include "server/resp/keyspace_tally.h"
#include "server/resp/script_words.h"
#include "server/resp/store_view.h"

namespace kv::server {

class ScriptView;
class ScriptWork;

class WriteScript final : public WriteProgram {
  public:
    /// What becomes of commands whose writes do not fit into one batch.
    enum class Kind : uint8_t {
        kPipelined,    ///< One that is too large is refused by itself: see has_room().
        kTransaction,  ///< All of them are refused.
    };
    explicit WriteScript(SharedState& shared, Kind kind = Kind::kPipelined)
        : shared_(shared), kind_(kind) {}
    ~WriteScript() override { charge(0); }
    WriteScript(const WriteScript&) = delete;
    WriteScript& operator=(const WriteScript&) = delete;

    /// Keeps the arguments: those that lie in `blocks` there, the others as copies. A command
    /// without a data handler has no answer here. `version`: of its answer.
    void add(const Command& command, Keyspace space, protocol::resp::Version version,
             const protocol::resp::Args& args, std::vector<protocol::ByteBlock> blocks = {});

    /// Whether the command's writes fit into one batch with those that are here, whatever is
    /// stored. One that does not has to start another script, or it might be refused for its
    /// neighbours.
    bool has_room(const Command& command, const protocol::resp::Args& args) const;

    size_t size() const { return calls_.size(); }
    bool empty() const { return calls_.empty(); }
    const Command& command(size_t index) const { return *calls_[index].command; }
    /// Views that last until the next add().
    protocol::resp::Args args(size_t index) const;
    Keyspace space(size_t index) const { return calls_[index].space; }
    /// Commands that only read.
    size_t reads() const { return reads_; }
    /// Stored values that all answers together may hold.
    size_t values() const { return values_; }
    /// Counts what it read and wrote in the keyspaces. Once, when that has been applied.
    void count_in_keyspaces() const;
    /// Of any of the commands.
    bool has(uint32_t flag) const { return (flags_ & flag) != 0; }
    /// Stored forms of all keys, into `keys` with their memory in `storage`.
    void collect_keys(std::vector<Bytes>& keys, std::vector<std::string>& storage) const;

    Status run(CommitView& view, WriteBatch& batch) override;
    /// Instead of run(), for a script without writes: runs its commands from `next` on, which is
    /// behind the last one afterwards, on the store as of `snapshot`. From 0 on it begins anew.
    /// With Reach::kDisk it pauses behind one that may have taken long, to be called again.
    /// kWouldBlock with Reach::kMemory; any other error refuses all of it.
    Status run_reads(size_t& next, const SnapshotPtr& snapshot, StoreView::Reach reach);
    /// Appends what one command, which only reads, answers outside of a commit. `view` may wait for
    /// the disk.
    void run_alone(size_t index, KeyView& view, protocol::resp::Reply& answer) const;
    size_t held_bytes() const override { return words_.bytes() + calls_.size() * sizeof(Call); }

    // Once the write was answered with ok.
    /// What all commands answered, one after another.
    std::string& answers() { return answers_; }
    Bytes answer(size_t index) const;
    uint64_t took_us(size_t index) const { return calls_[index].took_us; }
    /// A command found a block missing in memory, so that the commit lane had to wait for the disk.
    bool was_cold() const { return was_cold_; }

  private:
    struct Call {
        const Command* command;
        Keyspace space;
        protocol::resp::Version version;
        size_t first_word;
        size_t words;
        size_t answer_end;
        uint64_t took_us;
    };

    void begin_run();
    Status run_call(size_t index, KeyView& view, ScriptView* writes, const ScriptWork* work);
    Status run_one(const Call& call, const protocol::resp::Args& args, KeyView& view,
                   std::string& answer, protocol::resp::ReplyWriter::Apart* apart) const;

    size_t most_written(const Command& command, const protocol::resp::Args& args) const;
    Status check_last(const ScriptView* writes, const ScriptWork* work);
    void charge(size_t bytes);

    SharedState& shared_;
    const Kind kind_;
    ScriptWords words_;  // all arguments, one after another
    std::vector<Call> calls_;
    size_t most_written_ = 0;  // by all of them, in bytes of a batch
    size_t reads_ = 0;
    size_t values_ = 0;
    uint32_t flags_ = 0;
    std::string answers_;
    KeyspaceTally tally_;       // of the last run
    size_t charged_bytes_ = 0;  // of the answers, to the memory of the network
    uint64_t lap_us_ = 0;       // when the last command of a run ended
    bool was_cold_ = false;
};

}  // namespace kv::server

// ScriptView: the data in the middle of a commit: the newest state of the store, and on top of it
// what the commands of the same script have written so far. What becomes of all that is one batch,
// in which a key that was written many times stands once. What the last command wrote can be taken
// back, as it may not fit. Thread rule: the thread that runs the script.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kv/write_batch.h"
#include "kv/write_program.h"
#include "server/commands/key_view.h"
#include "server/resp/keyspace_tally.h"
#include "server/resp/script_words.h"
#include "server/resp/script_work.h"

namespace kv::server {

class ScriptView final : public KeyView {
  public:
    /// `tally` is told what the script does. Values that `words` hold are not copied. What the
    /// script has the store do is held to `work`, if that is not null: when it is over, walks end
    /// and reads fail with its status.
    ScriptView(CommitView& store, KeyspaceTally& tally, const ScriptWords* words = nullptr,
               ScriptWork* work = nullptr)
        : store_(store), tally_(tally), words_(words), work_(work) {}

    Result<std::optional<Entry>> get(const Keyspace& space, Bytes key) override;
    Result<std::optional<EntryHead>> get_head(const Keyspace& space, Bytes key) override;
    /// A view of the script as it stands: it must have gone when the next write is made.
    std::unique_ptr<KeyWalk> walk(const Keyspace& space, const WalkBounds& bounds) override;
    /// Does not know what the script has changed.
    uint64_t approximate_count(const Keyspace& space) override;
    uint64_t most_counted() const override { return kMostCounted; }
    Status allow_work(uint64_t visits) override;
    void put(const Keyspace& space, Bytes key, Bytes value, uint64_t expiry_ms) override;
    void del(const Keyspace& space, Bytes key) override;
    void del_range(const Keyspace& space, Bytes begin, std::optional<Bytes> end) override;
    uint64_t now_ms() const override { return store_.wall_ms(); }

    /// Adds what the script has made of the store.
    void write_to(WriteBatch& batch) const;

    /// What write_to() adds, in mutations and in bytes of a batch.
    struct Extent {
        size_t mutations = 0;
        size_t bytes = 0;
    };
    Extent extent() const { return {changes_.size() + emptied_.size(), batch_bytes_}; }
    /// What was written since the last of these calls stays, or was never written.
    void keep_last();
    void drop_last();

    /// What the script has made of a key.
    struct Change {
        bool deleted = true;
        uint64_t expiry_ms = 0;
        Bytes in_words;   // the value, if it is there: data() is not null then
        std::string own;  // else this is it
        Bytes value() const { return in_words.data() != nullptr ? in_words : Bytes(own); }
    };
    /// By stored key.
    using Changes = std::map<std::string, Change, std::less<>>;
    /// [begin, end) of stored keys that the script has emptied; they neither meet nor touch.
    using Emptied = std::map<std::string, std::string, std::less<>>;

  private:
    // A walk over so many takes some milliseconds.
    static constexpr uint64_t kMostCounted = 100'000;

    struct Undo {
        Changes::iterator at;
        std::optional<Change> before;  // nullopt: there was no change
    };
    struct UndoEmptied {
        std::string begin;
        std::vector<Emptied::value_type> before;  // what that range was put together of
    };
    const Change* own_state(Bytes stored) const;
    void change(Bytes stored, Change to);
    void replace(Changes::iterator at, Change to);
    void note_live(Changes::iterator at);
    void empty(std::string first, std::string last);

    CommitView& store_;
    KeyspaceTally& tally_;
    const ScriptWords* const words_;
    ScriptWork* const work_;  // null: there is no limit
    Changes changes_;
    Emptied emptied_;
    // Keys of changes that delete nothing, once a range was emptied: many ranges over many changes
    // must not go through all of them each time.
    std::optional<std::set<Bytes>> live_;
    size_t batch_bytes_ = 0;
    std::string scratch_;

    // The state at the last keep_last() or drop_last().
    std::vector<Undo> undo_;
    std::vector<UndoEmptied> undo_emptied_;
    size_t kept_bytes_ = 0;
};

}  // namespace kv::server

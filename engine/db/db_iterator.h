// DbIterator: the user's walk over a pinned view: of each user key the newest version at the
// snapshot, if it is live and no range delete hides it.
//
// Going forward the source stands on the entry shown. Going backward it stands just before all
// versions of the key shown, since the newest version of a key is met last: the key is kept as a
// copy, the value where the source's last move left it. What is dead is passed over in three ways:
// one by one; as far as a range delete reaches, in sources that are older than it; and as far as a
// run that an earlier walk has learnt (db/hidden_runs.h). Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "db/hidden_runs.h"
#include "db/read_view.h"
#include "db/store_context.h"
#include "iterator/internal_iterator.h"
#include "iterator/key_copy.h"
#include "iterator/range_cover.h"
#include "kv/db.h"

namespace kv::db {

/// What a walk goes over.
struct WalkSource {
    std::unique_ptr<InternalIterator> entries;
    std::vector<RangeTombstoneSetPtr> range_deletes;
    /// Not ok when the range deletes could not be read: then nothing may be shown.
    Status status;
    /// Of the view's tables; null when the walk does not see all of them and so can learn nothing.
    HiddenRuns* runs = nullptr;
};

class DbIterator final : public Iterator {
  public:
    /// `snapshot` is held as long as the iterator lives; `view` keeps the source's memory.
    /// `context` hears at the end of a walk that failed.
    DbIterator(StoreContext& context, ViewLease view, WalkSource source, SnapshotPtr snapshot,
               Seqno seqno, uint64_t now_ms, const ScanOptions& options);
    ~DbIterator() override;

    bool valid() const override { return valid_; }
    Status status() const override { return status_.is_ok() ? source_->status() : status_; }
    void seek_to_first() override;
    void seek_to_last() override;
    void seek(Bytes key) override;
    void seek_for_prev(Bytes key) override;
    void next() override;
    void prev() override;
    Bytes key() const override { return forward_ ? user_key_of(at_.key) : key_.bytes(); }
    Bytes value() const override;
    Seqno seqno() const override { return seqno_of_entry_; }
    uint64_t expiry_ms() const override { return expiry_ms_; }
    bool budget_exhausted() const override { return exhausted_; }
    uint64_t skipped() const override { return skipped_; }
    Bytes resume_key() const override { return exhausted_ ? Bytes(resume_key_) : Bytes(); }

  private:
    enum class Sight : uint8_t { kHidden, kDead, kLive };
    /// A bound of the walk.
    struct Bound {
        std::string key;
        uint64_t prefix = 0;
        bool is_set = false;

        void set(std::string bound);
        /// Whether `user_key` sorts before it.
        bool is_above(Bytes user_key) const;
    };
    /// Dead keys passed without a live one between them.
    struct Run {
        uint64_t keys = 0;
        uint64_t expiry_ms = 0;
        std::string first;
        KeyCopy last;
    };

    bool begin_seek();
    Sight look(const InternalEntry& entry, uint64_t& expiry_ms);
    Sight look_closer(const InternalEntry& entry, uint64_t& expiry_ms);
    void show(uint64_t expiry_ms);
    void find_forward(bool skip_current);
    void find_backward();
    void walk_forward(bool skip_current);
    bool walk_backward();
    void keep_value();
    void leave_version(uint32_t& versions, uint64_t trailer);
    bool stop_at_budget(Bytes user_key);
    void count_dead(Bytes user_key, uint64_t expiry_ms);
    void skip_dead(Bytes user_key);
    void learn_run();
    bool is_covered(Bytes user_key);
    void source_seek(Bytes user_key, uint64_t trailer);
    void source_seek_for_prev(Bytes user_key, uint64_t trailer);

    const ViewLease view_;
    const std::unique_ptr<InternalIterator> source_;
    HiddenRuns* const runs_;
    StoreContext& context_;
    const SnapshotPtr snapshot_;
    const Seqno snapshot_seqno_;
    const uint64_t snapshot_trailer_;  // no entry with a smaller one is visible
    const uint64_t now_ms_;
    const uint64_t max_skipped_;
    const Status source_status_;
    RangeCover cover_;
    Bound lower_;  // inclusive; the prefix is worked in
    Bound upper_;  // exclusive

    InternalEntry at_;           // where source_ stands
    bool source_valid_ = false;  // whether it stands anywhere
    bool valid_ = false;
    bool forward_ = true;
    bool exhausted_ = false;
    Seqno seqno_of_entry_ = 0;
    uint64_t expiry_ms_ = 0;
    KeyCopy key_;  // backward: the entry shown; forward: the key to skip
    // Backward: the entry shown, internal form; a copy when the source has moved more than once.
    Bytes value_;
    std::string value_copy_;
    uint64_t skipped_ = 0;  // entries passed over since the last seek
    Run run_;
    std::string resume_key_;
    KeyCopy target_;  // of a seek, internal form
    Status status_;
};

}  // namespace kv::db

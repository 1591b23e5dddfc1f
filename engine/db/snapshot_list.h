// SnapshotList: the snapshots that are open, so that compaction keeps what they see.
// Thread rule: any thread. The list outlives the store for as long as a snapshot holds it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "kv/db.h"

namespace kv::db {

class SnapshotList : public std::enable_shared_from_this<SnapshotList> {
  public:
    /// Takes a snapshot at the seqno that `read_seqno()` returns under the list's lock, so that no
    /// compaction can start between reading the seqno and registering it.
    template <class ReadSeqno>
    SnapshotPtr take(ReadSeqno&& read_seqno) {
        std::lock_guard lock(mutex_);
        const Seqno seqno = read_seqno();
        seqnos_.insert(seqno);
        return std::make_shared<Handle>(shared_from_this(), seqno);
    }

    /// All open seqnos, ascending, each once; `published` is read under the same lock.
    template <class ReadSeqno>
    std::vector<Seqno> list_with(ReadSeqno&& read_seqno, Seqno& published) const {
        std::lock_guard lock(mutex_);
        published = read_seqno();
        std::vector<Seqno> seqnos;
        for (const Seqno seqno : seqnos_) {
            if (seqnos.empty() || seqnos.back() != seqno) seqnos.push_back(seqno);
        }
        return seqnos;
    }

    /// `callback` is called, under the list's lock, whenever a snapshot goes that was the oldest:
    /// what only it could see may be forgotten. Null, before the store goes: no call follows.
    void on_oldest_released(std::function<void()> callback) {
        std::lock_guard lock(mutex_);
        on_oldest_released_ = std::move(callback);
    }

    size_t size() const {
        std::lock_guard lock(mutex_);
        return seqnos_.size();
    }

  private:
    class Handle final : public Snapshot {
      public:
        Handle(std::shared_ptr<SnapshotList> list, Seqno seqno)
            : list_(std::move(list)), seqno_(seqno) {}
        ~Handle() override { list_->release(seqno_); }
        Seqno seqno() const override { return seqno_; }

      private:
        const std::shared_ptr<SnapshotList> list_;
        const Seqno seqno_;
    };

    void release(Seqno seqno) {
        std::lock_guard lock(mutex_);
        seqnos_.erase(seqnos_.find(seqno));
        const bool was_oldest = seqnos_.empty() || *seqnos_.begin() > seqno;
        if (was_oldest && on_oldest_released_ != nullptr) on_oldest_released_();
    }

    mutable std::mutex mutex_;
    // Guarded by mutex_.
    std::multiset<Seqno> seqnos_;
    std::function<void()> on_oldest_released_;
};

}  // namespace kv::db

// AnswerLine: the commands of one connection that have been begun and whose answers have not left,
// in order. An answer that comes early waits here for the ones before it.
// Thread rule: the connection's network thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "kv/assert.h"
#include "protocol/resp/reply.h"
#include "server/resp/write_script.h"

namespace kv::server {

class AnswerLine {
  public:
    /// What is written at once: a script, or so many SETs that answer OK.
    struct Write {
        std::unique_ptr<WriteScript> script;
        uint32_t sets = 0;
        uint32_t keyspace = 0;     ///< Of these SETs.
        uint64_t took_us = 0;      ///< Of these SETs together, until they were submitted.
        bool transaction = false;  ///< The script's answers are EXEC's.
        /// The script only reads, and this: what is written are preconditions.
        SnapshotPtr snapshot;
    };
    struct Place {
        enum class Kind : uint8_t { kAnswered, kRead, kWrite };
        Kind kind = Kind::kAnswered;
        bool silent = false;  ///< The client does not want the answer.
        size_t bytes = 0;     ///< Held in memory on its behalf.
        size_t values = 0;    ///< That the answer of a write may hold.
        protocol::resp::Reply answer;
        Write write;
    };

    /// Takes the next place. The id is good until the place is popped.
    uint64_t add(Place place) {
        count(place, +1);
        places_.push_back(std::move(place));
        return first_id_ + places_.size() - 1;
    }
    Place& at(uint64_t id) {
        KV_ASSERT(id >= first_id_ && id - first_id_ < places_.size());
        return places_[static_cast<size_t>(id - first_id_)];
    }
    void answer(uint64_t id, protocol::resp::Reply answer) {
        Place& place = at(id);
        count(place, -1);
        place.kind = Place::Kind::kAnswered;
        place.answer = std::move(answer);
        place.bytes = place.answer.bytes();
        place.write = {};
        count(place, +1);
    }
    /// The write is over, but its answer is still to be made from what the pool reads.
    void leave_reads(uint64_t id) {
        Place& place = at(id);
        count(place, -1);
        place.kind = Place::Kind::kRead;
        count(place, +1);
    }

    bool empty() const { return places_.empty(); }
    size_t size() const { return places_.size(); }
    /// Places not answered yet.
    size_t reads() const { return reads_; }
    size_t writes() const { return writes_; }
    /// That writes not answered yet may answer with.
    size_t values() const { return values_; }
    size_t held_bytes() const { return held_bytes_; }

    /// The first place, if it is answered.
    Place* ready() {
        return places_.empty() || places_.front().kind != Place::Kind::kAnswered ? nullptr
                                                                                 : &places_.front();
    }
    void pop() {
        count(places_.front(), -1);
        places_.pop_front();
        ++first_id_;
    }

  private:
    void count(const Place& place, int by) {
        const auto step = static_cast<size_t>(by);  // wraps round for -1
        if (place.kind == Place::Kind::kRead) reads_ += step;
        if (place.kind == Place::Kind::kWrite) {
            writes_ += step;
            values_ += place.values * step;
        }
        held_bytes_ += place.bytes * step;
    }

    std::deque<Place> places_;
    uint64_t first_id_ = 1;
    size_t reads_ = 0;
    size_t writes_ = 0;
    size_t values_ = 0;
    size_t held_bytes_ = 0;
};

}  // namespace kv::server

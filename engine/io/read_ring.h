// ReadRing: an io_uring for reads, owned by one thread.
//
// It only starts reads and waits for them. What ends in anything but all the bytes asked for (the
// end of the file, an interruption, an error, a kernel that did not take the request) is left to
// the caller to finish with read_at, so that short reads are completed and errors are worded in one
// place.
// Thread rule: made, used and destroyed by one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <liburing.h>

#include <memory>
#include <span>

#include "kv/file_system.h"

namespace kv::io {

class ReadRing {
  public:
    /// Reads under way at once: enough for a disk's queue, 12 KiB of memory a thread.
    static constexpr unsigned kDepth = 128;

    /// Null when the kernel refuses, or many threads have one; `forever`: it will always be so.
    static std::unique_ptr<ReadRing> create(bool& forever);
    ~ReadRing();
    ReadRing(const ReadRing&) = delete;
    ReadRing& operator=(const ReadRing&) = delete;

    /// At most kDepth requests, whose `got` is 0. Sets it to what arrived, and returns when nothing
    /// is under way any more. False: the ring is of no further use.
    bool read(std::span<ReadRequest> requests);

  private:
    explicit ReadRing(const io_uring& ring) : ring_(ring) {}
    unsigned prepare(std::span<ReadRequest> requests);
    unsigned reap(std::span<ReadRequest> requests);

    io_uring ring_;
};

}  // namespace kv::io

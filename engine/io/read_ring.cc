// Reading through io_uring.
// SPDX-License-Identifier: Apache-2.0
#include "io/read_ring.h"

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "io/posix_file.h"
#include "kv/assert.h"

namespace kv::io {

namespace {

// A request names its length in 32 bits; what is beyond is read afterwards.
constexpr size_t kLargestReadBytes = 1U << 30;

// Each ring takes a descriptor; threads beyond (about) so many do without.
constexpr unsigned kMostRings = 128;
// Changed behind the mapping of a ring and before its unmapping, so the order of two owners of the
// same address is one that a race detector sees too: liburing maps past the C library.
std::atomic<unsigned> live_rings{0};

/// Whether io_uring_enter may be called again after this error.
bool is_passing(int error_number) {
    return error_number == EINTR || error_number == EAGAIN || error_number == EBUSY;
}

}  // namespace

std::unique_ptr<ReadRing> ReadRing::create(bool& forever) {
    if (live_rings.load(std::memory_order_relaxed) >= kMostRings) return nullptr;
    io_uring ring;
    const int result = io_uring_queue_init(kDepth, &ring, 0);
    if (result == 0) {
        live_rings.fetch_add(1, std::memory_order_acq_rel);
        return std::unique_ptr<ReadRing>(new ReadRing(ring));
    }
    // Too many descriptors or too little memory may pass; a kernel or a container that knows no
    // io_uring, or forbids it, will not change its mind.
    forever = result != -EMFILE && result != -ENFILE && result != -ENOMEM;
    return nullptr;
}

ReadRing::~ReadRing() {
    live_rings.fetch_sub(1, std::memory_order_acq_rel);
    io_uring_queue_exit(&ring_);
}

/// How many there are to submit.
unsigned ReadRing::prepare(std::span<ReadRequest> requests) {
    unsigned count = 0;
    for (size_t i = 0; i < requests.size(); ++i) {
        const ReadRequest& request = requests[i];
        // The largest offset would mean "where the file stands".
        if (!is_addressable(request.offset, request.length)) continue;
        const auto& file = static_cast<const PosixRandomAccessFile&>(*request.file);
        io_uring_sqe* entry = io_uring_get_sqe(&ring_);
        KV_ASSERT(entry != nullptr);  // the ring is empty between calls
        const auto length = static_cast<unsigned>(std::min(request.length, kLargestReadBytes));
        io_uring_prep_read(entry, file.descriptor(), request.scratch, length, request.offset);
        entry->user_data = i;
        ++count;
    }
    return count;
}

/// Takes the completions that are there; how many.
unsigned ReadRing::reap(std::span<ReadRequest> requests) {
    io_uring_cqe* entry = nullptr;
    unsigned head = 0, count = 0;
    io_uring_for_each_cqe(&ring_, head, entry) {
        ++count;
        if (entry->res > 0) requests[entry->user_data].got = static_cast<size_t>(entry->res);
    }
    io_uring_cq_advance(&ring_, count);
    return count;
}

bool ReadRing::read(std::span<ReadRequest> requests) {
    const unsigned wanted = prepare(requests);
    unsigned submitted = 0, completed = 0;
    bool refused = false;
    while (completed < (refused ? submitted : wanted)) {
        if (refused) {
            io_uring_cqe* entry = nullptr;
            const int result = io_uring_wait_cqe(&ring_, &entry);
            // The kernel may still write into the buffers, so there is no way back without it.
            KV_ASSERT(result == 0 || is_passing(-result));
        } else {
            const int result = io_uring_submit_and_wait(&ring_, wanted - completed);
            if (result >= 0)
                submitted += static_cast<unsigned>(result);
            else if (result != -EINTR)
                refused = true;
        }
        completed += reap(requests);
    }
    return !refused;
}

}  // namespace kv::io

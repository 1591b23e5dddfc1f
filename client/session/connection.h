// Connection: one TCP connection to a server, after its handshake, shared by many callers.
//
// Callers queue requests and whoever finds the socket free sends for all (so small requests of many
// threads leave in one system call). One reader thread takes in the answers, runs the callers'
// sinks, enforces their time limits, and sends on when the socket was full. A Connection that was
// lost, drained or given up by the server stays so: the session opens another one.
// Thread rule: every method may be called from any thread, the destructor not from a sink.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "kv/client.h"
#include "protocol/frame_parser.h"
#include "protocol/receive_buffer.h"
#include "session/call_table.h"
#include "session/socket.h"

namespace kv::client {

class Connection {
  public:
    /// Connects and shakes hands. Errors as Client::connect.
    static Result<std::unique_ptr<Connection>> open(const ClientOptions& options,
                                                    const Patience& patience);
    ~Connection();
    /// Ends what is outstanding, as if the connection were lost, and joins the reader thread. One
    /// thread only, and not from a sink.
    void close();

    /// Queues and sends a complete request frame; its id is filled in. The sink learns of every
    /// outcome, errors included, possibly before this returns. Returns the request's id.
    uint64_t submit(protocol::Opcode opcode, std::string frame, uint64_t deadline_us,
                    std::shared_ptr<CallSink> sink);
    /// Sends a QUIET frame, which nobody answers, ahead of queued calls.
    void send_control(std::string frame);
    /// Ends a call, or all, for the callers and tells the server to stop. Writes already sent are
    /// left to it: they are in doubt.
    void cancel(uint64_t id);
    void cancel_all();

    /// May take new calls: neither lost, nor drained or given up by the server.
    bool usable() const { return usable_.load(std::memory_order_acquire); }
    /// Every call has ended and no sink runs any more: destroying it waits for nobody. A connection
    /// that is not usable gets there by itself.
    bool has_ended() const { return ended_.load(std::memory_order_acquire); }
    const ServerInfo& server_info() const { return server_info_; }
    /// Frames above this are refused by the server, fatally for the connection.
    uint32_t max_frame_bytes() const { return parser_.limits().max_frame_bytes; }

  private:
    Connection(Socket socket, int wake_fd);

    bool is_reader_thread() const { return std::this_thread::get_id() == reader_.get_id(); }
    Status shake_hands(const ClientOptions& options, const Patience& patience);
    Status take_hello(const protocol::FrameView& frame, const ClientOptions& options);
    void start_reader();

    void read_loop();
    Status read_once();
    // Those that have arrived whole.
    Status take_frames();
    Status dispatch(const protocol::FrameView& frame);
    Status take_push(const protocol::FrameView& frame);
    // The server reads nothing more; it may yet answer what it had accepted.
    void take_fatal(const Status& why);
    void lose(const Status& why);
    // Why submit() refuses. Requires mutex_, and that usable() is false.
    Status refusal() const;
    // Runs what is due and says what to poll for; not ok when there is nothing more to do.
    Status prepare_poll(short& events, int& timeout_ms);
    // Requires mutex_.
    int poll_timeout_ms(uint64_t now) const;
    // Sends until nothing is left or the socket is full. Requires `lock` on mutex_.
    void flush(std::unique_lock<std::mutex>& lock);
    // For what these left running at the server. Requires mutex_ not to be held.
    void send_cancels(const std::vector<Completion>& ended);
    void wake();

    // Set once, before the reader thread starts.
    Socket socket_;
    Socket wake_;  // an eventfd
    ServerInfo server_info_;
    std::thread reader_;

    std::atomic<bool> usable_{true};
    std::atomic<bool> ended_{false};

    // Reader thread only, once it runs.
    protocol::ReceiveBuffer received_;
    protocol::FrameParser parser_;
    size_t needed_bytes_ = 0;

    // Whoever has set sending_.
    std::string outgoing_;
    size_t outgoing_sent_ = 0;

    mutable std::mutex mutex_;
    // Guarded by mutex_.
    CallTable calls_;
    Status lost_;     // why, once the connection is gone
    Status leaving_;  // why the server takes no new calls, once it has said so
    uint64_t gives_up_us_ = CallTable::kNever;  // when to stop waiting for it after a fatal answer
    bool sending_ = false;      // someone is inside flush, or waits for the socket to drain
    bool socket_full_ = false;  // the reader thread is to go on with flush
    bool closing_ = false;
    uint64_t reader_wakes_us_ = CallTable::kNever;  // when the reader looks at deadlines next
};

}  // namespace kv::client

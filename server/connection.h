// Connection: the socket around a WireSession. Reads whatever is there, lets the session work off
// every complete frame, sends all answers of one event with one system call, and waits for the
// socket only after it refused to take more. Thread rule: its network thread. It lives until the
// socket is closed and the engine and the read pool have given back everything that belongs to it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "protocol/receive_buffer.h"
#include "server/counters.h"
#include "server/shared_state.h"
#include "server/wire_session.h"

namespace kv::server {

class NetworkThread;

/// An accepted socket with what is known of its peer.
struct Arrival {
    boost::asio::ip::tcp::socket socket;
    std::string address;  ///< Numeric, without port.
    std::string peer;     ///< "ADDR:PORT", for the log.
    std::string local;    ///< "ADDR:PORT" that it was accepted at.
    bool refused = false;
    WireProtocol protocol = WireProtocol::kNative;
};

class Connection final : public SessionHost {
  public:
    Connection(NetworkThread& thread, SharedState& shared, size_t thread_index, Arrival arrival);
    ~Connection() override;

    void start();
    void on_written(std::unique_ptr<WriteRequest> request, uint64_t now_us);
    void on_tick(uint64_t now_us);
    void on_mail(uint64_t now_us);
    void drain(uint64_t now_us);
    /// Works off input, sends answers, asks for read_on(), closes: whatever the state asks for.
    void settle();
    /// Waits for more from the peer, unless there is a reason not to.
    void read_on();
    /// Closes the socket at once.
    void close();
    /// Nothing refers to it any more.
    bool is_gone() const;

    // SessionHost.
    void submit(std::unique_ptr<WriteRequest> request) override;
    bool post(std::unique_ptr<PoolTask>& task) override;
    void progressed() override;
    void hello_finished() override;

    // The network thread's marks.
    bool queued_for_settling = false;
    bool queued_for_reading = false;

  private:
    std::unique_ptr<WireSession> make_session(Arrival& arrival, int fd, size_t thread_index);
    bool wants_to_read() const;
    void start_read();
    void on_read(const boost::system::error_code& error, size_t count);
    /// Lets the session work off what has arrived, each piece once.
    void offer_input(uint64_t now_us);
    /// Sends until done or refused. False: the connection was closed.
    bool flush();
    void wait_until_writable();
    /// All answers left: waits for requests in flight, then says so to the peer and lingers.
    void end();
    /// After anything that changes what the connection holds. A change of less than `least_bytes`
    /// may wait for the next time.
    void account_memory(int64_t least_bytes = 1);
    /// Keeps the thread's Activity up to date.
    void count_activity();

    NetworkThread& thread_;
    SharedState& shared_;
    Counters& counters_;
    boost::asio::ip::tcp::socket socket_;
    const std::string address_;
    const std::unique_ptr<WireSession> session_;
    protocol::ReceiveBuffer input_;
    bool fresh_ = false;  // input_ may hold what the session has not been offered
    bool reading_ = false;
    bool writing_ = false;  // waiting for the socket to take more
    bool closed_ = false;
    bool lingering_ = false;
    uint64_t close_at_us_ = 0;  // 0: not ending
    uint64_t last_input_us_ = 0;
    size_t writes_in_flight_ = 0;
    bool active_ = false;  // something came of late
    bool reads_ = false;   // and what came last was not writes alone
    bool counted_active_ = false;
    bool counted_waiting_ = false;
    bool counted_writing_ = false;
    bool counted_reading_ = false;
    int64_t accounted_bytes_ = 0;
};

}  // namespace kv::server

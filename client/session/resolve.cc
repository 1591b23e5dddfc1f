// Names by way of getaddrinfo.
// SPDX-License-Identifier: Apache-2.0
#include "session/resolve.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "session/signals_blocked.h"

namespace kv::client {

namespace {

AddressList no_addresses() { return {nullptr, ::freeaddrinfo}; }

/// One look-up, owned by who waits for it and by the thread that makes it.
struct Lookup {
    std::string host;
    std::string port;
    Socket done;  // an eventfd; what is below is complete once it is readable
    int error = 0;
    AddressList found = no_addresses();

    void run(int flags) {
        addrinfo hints{};
        hints.ai_family = AF_UNSPEC;
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = flags;
        addrinfo* list = nullptr;
        error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &list);
        found.reset(list);
    }
    void announce() const {
        const uint64_t one = 1;
        (void)!::write(done.fd(), &one, sizeof one);  // a fresh counter has room
    }
    void await() const {
        uint64_t count;
        (void)!::read(done.fd(), &count, sizeof count);
    }
};

/// False when there is no thread to be had.
bool run_beside(const std::shared_ptr<Lookup>& lookup) {
    const SignalsBlocked signals_blocked;
    try {
        std::thread([lookup] {
            lookup->run(0);
            lookup->announce();
        }).detach();
        return true;
    } catch (const std::system_error&) {
        return false;
    }
}

}  // namespace

Result<AddressList> resolve(const Address& address, const Patience& patience) {
    const std::string what = "looking up host '" + address.host + "'";
    const auto lookup = std::make_shared<Lookup>();
    lookup->host = address.host;
    lookup->port = std::to_string(address.port);
    // Numbers need no look-up.
    lookup->run(AI_NUMERICHOST);
    if (lookup->error == EAI_NONAME) {
        lookup->done = Socket(::eventfd(0, EFD_CLOEXEC));
        if (lookup->done.fd() < 0)
            return Status(Code::kUnavailable, what + ": " + std::strerror(errno));
        if (run_beside(lookup)) {
            auto ready = lookup->done.wait(POLLIN, patience);
            if (!ready.is_ok()) return ready.error().with_context(what);
            if (!*ready) return Status(Code::kDeadline, what + ": no answer in time");
            lookup->await();
        } else {
            lookup->run(0);
        }
    }
    if (lookup->error != 0) {
        return Status(Code::kUnavailable, what + ": " + ::gai_strerror(lookup->error));
    }
    return std::move(lookup->found);
}

}  // namespace kv::client

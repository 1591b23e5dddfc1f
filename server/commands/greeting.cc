// See greeting.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands/greeting.h"

#include "server/commands/control_words.h"

namespace kv::server {

using protocol::resp::Version;

Greeting read_greeting(const protocol::resp::Args& args) {
    Greeting greeting;
    if (args.size() == 1) return greeting;
    const auto number = parse_integer(args[1]);
    if (!number) {
        greeting.error = "ERR Protocol version is not an integer or out of range";
    } else if (*number != 2 && *number != 3) {
        greeting.error = "NOPROTO unsupported protocol version";
    }
    // Options take effect one after another, as with Redis, also those before a wrong one.
    for (size_t i = 2; i < args.size() && greeting.error.empty(); ++i) {
        const size_t more = args.size() - 1 - i;
        if (word_is(args[i], "auth") && more >= 2) {
            if (args[i + 1] != "default") greeting.error = kWrongPassword;
            i += 2;
        } else if (word_is(args[i], "setname") && more >= 1) {
            const Bytes name = args[++i];
            greeting.error = name_error("Client names", name);
            if (greeting.error.empty()) greeting.name = name;
        } else {
            greeting.error = "ERR Syntax error in HELLO option '" +
                             std::string(args[i].substr(0, args[i].find('\0'))) + "'";
        }
    }
    if (greeting.error.empty()) greeting.version = *number == 3 ? Version::k3 : Version::k2;
    return greeting;
}

}  // namespace kv::server

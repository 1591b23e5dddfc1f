// An application that talks to the kvd at the address on its command line.
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "kv/client.h"

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    kv::ClientOptions options;
    options.address = argv[1];
    auto client = kv::Client::connect(options);
    if (!client.has_value()) {
        std::fprintf(stderr, "%s\n", client.error().to_string().c_str());
        return 1;
    }
    if (!(*client)->put("greeting", "hello over the network").has_value()) return 1;
    const auto entry = (*client)->get("greeting");
    if (!entry.has_value() || !entry->has_value()) return 1;
    std::printf("%s\n", (*entry)->value.c_str());
    return 0;
}

// A tour of the client library: client_tour [HOST:PORT]. Prints what it does; exit code 1 and the
// error if something is not as it should be.
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>

#include "kv/client.h"
#include "kv/client_pipeline.h"

namespace {

kv::Status tour(const std::string& address) {
    kv::ClientOptions options;
    options.address = address;
    options.client_name = "tour";
    KV_ASSIGN_OR_RETURN(const auto client, kv::Client::connect(options));

    // One key. The put returns when the value is on stable storage.
    KV_ASSIGN_OR_RETURN(const auto receipt, client->put("user:1", "Ada"));
    KV_ASSIGN_OR_RETURN(const auto entry, client->get("user:1"));
    if (!entry) return kv::Status::not_found("user:1");
    std::printf("user:1 is %s, written at seqno %llu\n", entry->value.c_str(),
                static_cast<unsigned long long>(receipt.last_seqno));

    // Several changes together, only if user:1 is still what was read.
    kv::client::Batch batch;
    batch.require_seqno("user:1", entry->seqno);
    batch.put("user:1", "Ada Lovelace");
    batch.put("user:2", "Charles Babbage");
    batch.increment("users", 2);
    KV_ASSIGN_OR_RETURN(const auto applied, client->write(batch));
    std::printf("users: %lld\n", static_cast<long long>(applied.counters.at(0)));

    // The same batch again does not apply: user:1 has changed.
    const auto again = client->write(batch);
    if (again.is_ok() || !again.error().is(kv::Code::kConflict)) {
        return {kv::Code::kCorruption, "the second write should have been a conflict"};
    }

    // Many writes in flight.
    kv::client::Pipeline pipeline(*client, 16);
    for (int i = 0; i < 100; ++i) {
        batch.clear();
        batch.put("event:" + std::to_string(1000 + i), "something happened");
        KV_RETURN_IF_ERROR(pipeline.write(batch));
    }
    KV_RETURN_IF_ERROR(pipeline.drain());

    // A scan streams; it shows one moment of the store.
    kv::client::ScanOptions range;
    range.prefix = "event:";
    range.reverse = true;
    range.limit = 3;
    kv::client::Scan scan = client->scan(range);
    for (const kv::client::KeyedEntry& found : scan) std::printf("%s\n", found.key.c_str());
    return scan.status();
}

}  // namespace

int main(int argc, char** argv) {
    const kv::Status status = tour(argc > 1 ? argv[1] : "127.0.0.1:7480");
    if (status.is_ok()) return 0;
    std::fprintf(stderr, "error: %s\n", status.to_string().c_str());
    return 1;
}

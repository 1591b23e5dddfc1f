// How often a GET allocates, from its bytes in the receive buffer to its answer in the reply queue;
// how often a large argument is copied, from its block to the batch.
// An executable of its own, as it replaces operator new.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <new>
#include <string>

#include "kv/clock.h"
#include "kv/write_program.h"
#include "server/resp/resp_session.h"
#include "server/resp/script_view.h"
#include "server/shared_state.h"
#include "support/temp_dir.h"

namespace {

// Of this thread only: the store's own threads may do what they like.
thread_local size_t allocations = 0;
thread_local size_t large_allocations = 0;  // of them, as large as kLargeBytes
constexpr size_t kLargeBytes = 512U << 10;

void* allocate(size_t size, size_t alignment) {
    ++allocations;
    if (size >= kLargeBytes) ++large_allocations;
    const size_t rounded = (size + alignment - 1) / alignment * alignment;
    if (void* const memory = std::aligned_alloc(alignment, std::max(rounded, alignment))) {
        return memory;
    }
    std::abort();
}

}  // namespace

// Not inlined: g++ would take free() for a mistake where it sees both sides.
[[gnu::noinline]] void* operator new(size_t size) {
    return allocate(size, alignof(std::max_align_t));
}
[[gnu::noinline]] void* operator new(size_t size, std::align_val_t alignment) {
    return allocate(size, static_cast<size_t>(alignment));
}
// Without these two AddressSanitizer's own would stand beside the operators here.
[[gnu::noinline]] void* operator new(size_t size, const std::nothrow_t&) noexcept {
    return operator new(size);
}
[[gnu::noinline]] void* operator new(size_t size, std::align_val_t alignment,
                                     const std::nothrow_t&) noexcept {
    return operator new(size, alignment);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, size_t, std::align_val_t) noexcept {
    std::free(memory);
}

namespace kv::server {
namespace {

constexpr size_t kKeys = 1000;
constexpr size_t kGets = 10'000;

std::string key_of(size_t number) { return "key:" + std::to_string(100'000 + number); }
std::string short_key_of(size_t number) { return "sht:" + std::to_string(100'000 + number); }
const std::string kValue(100, 'v');
const std::string kShortValue(15, 'v');  // needs no memory of its own in a std::string

/// A session over a real store. Nothing that it is asked for leaves memory.
class Fixture : public SessionHost, public MailCarrier {
  public:
    Fixture() {
        config.read_threads = 1;
        auto opened = Db::open(Options{}, dir_.file("db"));
        REQUIRE(opened.is_ok());
        db = std::move(*opened);
        for (size_t i = 0; i < kKeys; ++i) {
            WriteBatch batch;
            batch.put(key_of(i), kValue);
            batch.put(short_key_of(i), kShortValue);
            REQUIRE(db->write(std::move(batch), Durability::kMemory).status.is_ok());
        }
        shared_ = std::make_unique<SharedState>(*db, config, system_clock(), 1);
        shared_->slow_log.set_slower_than_us(-1);  // a busy machine must not fill it
        auto client = std::make_shared<ClientHandle>(
            1, "10.0.0.1:5000", "10.0.0.9:7481", 10, system_clock().monotonic_us(), *this,
            shared_->memory, config.limits.unread_reply_bytes);
        session_ = std::make_unique<RespSession>(*this, *shared_, shared_->counters[0],
                                                 shared_->command_stats[0], client, false);
        session_->on_start();
    }
    ~Fixture() override { session_->close(); }

    std::unique_ptr<Db> db;
    config::Config config;

    /// kGets GETs in inputs of `pipeline` each, which must divide that.
    size_t allocations_of_gets(size_t pipeline, bool short_values) {
        std::string requests;
        for (size_t i = 0; i < kGets; ++i) {
            const size_t number = i * 7 % kKeys;
            requests += "*2\r\n$3\r\nGET\r\n$10\r\n" +
                        (short_values ? short_key_of(number) : key_of(number)) + "\r\n";
        }
        const size_t step = requests.size() / kGets * pipeline;
        size_t answered = 0;
        const size_t before = allocations;
        for (size_t at = 0; at < requests.size(); at += step) {
            const std::span<char> room = input_.writable(session_->needed_bytes());
            std::copy_n(requests.data() + at, step, room.data());
            input_.commit(step);
            session_->on_input(input_, system_clock().monotonic_us());
            answered += session_->replies().bytes();
            session_->replies().consume(session_->replies().bytes());
            session_->on_replies_sent(system_clock().monotonic_us());
        }
        const size_t count = allocations - before;
        const std::string answer = short_values ? "$15\r\n" + kShortValue : "$100\r\n" + kValue;
        REQUIRE(answered == kGets * (answer.size() + 2));
        return count;
    }
    size_t posted = 0;

    std::vector<std::unique_ptr<WriteRequest>> submitted;

    void send(Bytes bytes) {
        while (!bytes.empty()) {
            const std::span<char> room = input_.writable(session_->needed_bytes());
            const size_t size = std::min(room.size(), bytes.size());
            std::copy_n(bytes.data(), size, room.data());
            input_.commit(size);
            session_->on_input(input_, system_clock().monotonic_us());
            bytes.remove_prefix(size);
        }
    }

    void submit(std::unique_ptr<WriteRequest> request) override {
        submitted.push_back(std::move(request));
    }
    bool post(std::unique_ptr<PoolTask>&) override {
        ++posted;
        return false;
    }
    void progressed() override {}
    void hello_finished() override {}
    void on_mail(std::shared_ptr<ClientHandle>) override {}

  private:
    test::TempDir dir_;
    std::unique_ptr<SharedState> shared_;
    std::unique_ptr<RespSession> session_;
    protocol::ReceiveBuffer input_;
};

/// A walk over nothing.
class EmptyIterator final : public Iterator {
  public:
    bool valid() const override { return false; }
    Status status() const override { return Status::ok(); }
    void seek_to_first() override {}
    void seek_to_last() override {}
    void seek(Bytes) override {}
    void seek_for_prev(Bytes) override {}
    void next() override {}
    void prev() override {}
    Bytes key() const override { return {}; }
    Bytes value() const override { return {}; }
    Seqno seqno() const override { return 0; }
    uint64_t expiry_ms() const override { return 0; }
    uint64_t skipped() const override { return 0; }
};

class EmptyStore final : public CommitView {
  public:
    Result<std::optional<Entry>> get(Bytes) override { return std::optional<Entry>(); }
    Result<std::optional<EntryHead>> get_head(Bytes) override { return std::optional<EntryHead>(); }
    std::unique_ptr<Iterator> new_iterator(const ScanOptions&) override {
        return std::make_unique<EmptyIterator>();
    }
    uint64_t approximate_count(const ScanOptions&) override { return 0; }
    bool may_block() const override { return true; }
    uint64_t wall_ms() const override { return 1; }
};

}  // namespace

TEST_CASE_METHOD(Fixture,
                 "allocations: a large argument of a script is copied into the batch only") {
    const auto words = [](std::initializer_list<Bytes> list) {
        std::string text = "*" + std::to_string(list.size()) + "\r\n";
        for (const Bytes word : list)
            text += "$" + std::to_string(word.size()) + "\r\n" + std::string(word) + "\r\n";
        return text;
    };
    const std::string value(1U << 20, 'v');
    const std::string set = words({"SET", "k", value});
    const std::string stream =
        GENERATE_COPY(words({"MSET", "a", "1", "k", value}), words({"SET", "k", value, "NX"}),
                      words({"SETEX", "k", "100", value}), words({"GETSET", "k", value}),
                      words({"MULTI"}) + set + words({"EXEC"}));
    const size_t before = large_allocations;
    send(stream);
    REQUIRE(submitted.size() == 1);
    CHECK(large_allocations == before);  // what it was received into is a block of malloc's
    REQUIRE(submitted[0]->program != nullptr);
    CHECK(submitted[0]->program->held_bytes() > value.size());
    EmptyStore store;
    WriteBatch batch;
    REQUIRE(submitted[0]->program->run(store, batch).is_ok());
    CHECK(large_allocations == before + 1);
    CHECK(batch.count() >= 1);
    CHECK(batch.encoded().find(value) != Bytes::npos);
}

TEST_CASE("allocations: a walk in the middle of a script copies none of its writes") {
    EmptyStore store;
    KeyspaceTally tally;
    ScriptView view(store, tally);
    const std::string value(kLargeBytes, 'v');
    for (const Bytes key : {"a", "b", "c"}) view.put(Keyspace(0), key, value, 0);
    const size_t before = large_allocations;
    WalkBounds bounds;
    bounds.reverse = GENERATE(false, true);
    size_t bytes = 0;
    for (const auto walk = view.walk(Keyspace(0), bounds); walk->valid(); walk->next())
        bytes += walk->value().size();
    CHECK(bytes == 3 * kLargeBytes);
    CHECK(large_allocations == before);
}

TEST_CASE_METHOD(Fixture, "allocations: a GET in steady state makes none") {
    const bool flushed = GENERATE(false, true);
    const size_t pipeline = GENERATE(size_t{1}, size_t{16}, size_t{200});
    if (flushed) {
        REQUIRE(db->flush().is_ok());
        for (size_t i = 0; i < kKeys; ++i) {  // into memory
            REQUIRE(db->get(key_of(i), {}).is_ok());
            REQUIRE(db->get(short_key_of(i), {}).is_ok());
        }
    }
    (void)allocations_of_gets(pipeline, false);
    const size_t count = allocations_of_gets(pipeline, false);
    const size_t short_count = allocations_of_gets(pipeline, true);
    std::cout << "allocations of " << kGets << " GETs, " << pipeline << " an input, "
              << (flushed ? "from a table in memory: " : "from the memtable: ") << count
              << " of 100 bytes, " << short_count << " of 15 bytes\n";
    CHECK(posted == 0);
    CHECK(submitted.empty());
    CHECK(count == 0);
    CHECK(short_count == 0);
}

}  // namespace kv::server

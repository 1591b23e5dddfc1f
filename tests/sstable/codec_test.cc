// Codecs: what is packed comes back, what does not shrink is left alone, damaged bytes are noticed;
// and tables give the same answers whatever their codec, block size and restart interval.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/codec.h"

#include "sstable/table_fixture.h"

using namespace kv;
using namespace kv::test;
using namespace kv::sstable;

namespace {

constexpr Codec kCodecs[] = {Codec::kNone, Codec::kLz4, Codec::kZstd};
constexpr Codec kRealCodecs[] = {Codec::kLz4, Codec::kZstd};

std::string compressible(Random& random, size_t size) {
    std::string text;
    while (text.size() < size) text += "word" + std::to_string(random.below(50)) + " ";
    text.resize(size);
    return text;
}

/// Exactly the bytes on the heap, so that a sanitizer sees one too many.
std::string unpack(Codec codec, Bytes stored, const char*& problem) {
    size_t size = 0;
    problem = content_size(codec, stored, size);
    if (problem != nullptr) return "";
    const std::unique_ptr<char[]> out(new char[size]);
    problem = decompress(codec, stored, out.get(), size);
    return problem == nullptr ? std::string(out.get(), size) : "";
}

/// Entries whose values compress well, badly and not at all.
EntryList mixed_entries(Random& random, size_t count) {
    EntryList entries = random_entries(random, count, 60);
    for (auto& [key, value] : entries) {
        if (trailer_kind(trailer_of(key)) == Kind::kPut && random.below(2) == 0)
            value = compressible(random, random.below(400));
    }
    return entries;
}

}  // namespace

TEST_CASE("codec: content comes back from every codec") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (const Codec codec : kRealCodecs) {
        BlockCompressor compressor(codec);
        for (const size_t size : std::initializer_list<size_t>{250, 4096, 65'536, 1'000'000}) {
            const std::string content = compressible(random, size);
            std::string stored;
            REQUIRE(compressor.compress(content, stored) == codec);
            CHECK(stored.size() <= content.size() - content.size() / 8);
            const char* problem = nullptr;
            CHECK(unpack(codec, stored, problem) == content);
            CHECK(problem == nullptr);
        }
    }
}

TEST_CASE("codec: what does not shrink by an eighth is stored as it is") {
    Random random(7);
    std::string stored;
    for (const Codec codec : kCodecs) {
        BlockCompressor compressor(codec);
        for (const size_t size : std::initializer_list<size_t>{0, 1, 4, 5, 30, 5000})
            CHECK(compressor.compress(random_bytes(random, size), stored) == Codec::kNone);
    }
    CHECK(BlockCompressor(Codec::kNone).compress(std::string(5000, 'a'), stored) == Codec::kNone);
}

TEST_CASE("codec: damaged bytes never unpack outside of their size") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (const Codec codec : kRealCodecs) {
        BlockCompressor compressor(codec);
        std::string good;
        REQUIRE(compressor.compress(compressible(random, 3000), good) == codec);
        const char* problem = nullptr;
        for (size_t size = 0; size < good.size(); ++size) {
            unpack(codec, Bytes(good).substr(0, size), problem);
            REQUIRE(problem != nullptr);
        }
        for (int round = 0; round < 2000; ++round) {
            std::string bad = good;
            char& byte = bad[4 + random.below(bad.size() - 4)];
            byte = static_cast<char>(byte ^ (1 << random.below(8)));
            unpack(codec, bad, problem);
        }
        for (const uint32_t size : {0U, 2999U, 3001U, 300U << 20, UINT32_MAX}) {
            std::string bad = good;
            store_fixed32(bad.data(), size);
            CHECK(unpack(codec, bad, problem).empty());
            CHECK(problem != nullptr);
        }
    }
}

TEST_CASE("codec: every codec, block size and restart interval gives the same answers") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    const EntryList entries = mixed_entries(random, 1500);
    for (const Codec codec : kCodecs)
        for (const uint32_t block_size : {256U, 4096U, 65'536U})
            for (const uint32_t interval : {1U, 7U, 16U, 128U}) {
                CAPTURE(codec_name(codec), block_size, interval);
                TableFixture f;
                TableOptions options;
                options.codec = codec;
                options.block_size_bytes = block_size;
                options.restart_interval = interval;
                const TableProperties built = f.build(entries, options);
                CHECK(built.codec == codec);
                CHECK((built.data_bytes < built.content_bytes) == (codec != Codec::kNone));
                const auto table = f.open();
                REQUIRE(table->verify().to_string() == "ok");
                const ReadMode modes[] = {{}, {false, false, 3000}};
                for (const ReadMode& mode : modes)
                    walk_randomly(*table->new_iterator(mode), entries, random, 150);
                for (int i = 0; i < 200; ++i)
                    require_get(*table, entries, random_key(random), random.below(1600));
                for (size_t i = 0; i < entries.size(); i += 7)
                    require_get(*table, entries, user_key_of(entries[i].first),
                                trailer_seqno(trailer_of(entries[i].first)));
            }
}

TEST_CASE("codec: names are those of the option and the tools") {
    CHECK(codec_name(Codec::kNone) == "none");
    CHECK(codec_name(Codec::kLz4) == "lz4");
    CHECK(codec_name(Codec::kZstd) == "zstd");
}

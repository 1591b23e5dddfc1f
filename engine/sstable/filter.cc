// The blocked Bloom filter: one line a key, up to seven bits of it.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/filter.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/coding.h"
#include "kv/assert.h"

namespace kv::sstable {

namespace {

constexpr size_t kLineBytes = kFilterLineBytes;
constexpr uint32_t kLineBits = kLineBytes * 8;
constexpr size_t kTailBytes = kFilterTailBytes;
constexpr size_t kPartitionedBytes = kTailBytes + 4;
// Kinds: stored on disk, never renumber.
constexpr uint8_t kBlockedBloom = 1;
constexpr uint8_t kPartitionedBloom = 2;
// A probe takes 9 bits of one 64-bit product, so seven is what it feeds. Enough: the best count for
// 10 bits a key, and more bits still lower the rate of false positives.
constexpr uint32_t kMostProbes = 7;

uint32_t line_of(uint64_t hash, uint32_t lines) {
    return static_cast<uint32_t>((hash >> 32) * lines >> 32);
}
/// Consumed 9 bits at a time, from the low end.
uint64_t probe_bits(uint64_t hash) { return hash * 0x9E3779B97F4A7C15ULL; }

bool line_may_contain(const char* line, uint64_t hash, uint32_t probes) {
    uint64_t rest = probe_bits(hash);
    for (uint32_t i = 0; i < probes; ++i, rest >>= 9)
        if ((load_fixed64(line + rest % kLineBits / 64 * 8) >> rest % 64 & 1) == 0) return false;
    return true;
}

}  // namespace

struct alignas(kLineBytes) Filter::Line {
    char bytes[kLineBytes];
};

void Filter::Free::operator()(Line* lines) const {
    ::operator delete (lines, std::align_val_t{alignof(Line)});
}

void FilterBuilder::add(uint64_t user_key_hash) {
    constexpr size_t kChunkHashes = 8192;
    if (chunks_.empty() || chunks_.back().size() == kChunkHashes) {
        chunks_.emplace_back().reserve(kChunkHashes);
    }
    chunks_.back().push_back(user_key_hash);
}

std::string FilterBuilder::finish(uint32_t bits_per_key) const {
    uint64_t hashes = 0;
    for (const auto& chunk : chunks_) hashes += chunk.size();
    const uint64_t bits = std::max<uint64_t>(hashes * bits_per_key, 1);
    const uint64_t line_count = (bits + kLineBits - 1) / kLineBits;
    KV_ASSERT(line_count < UINT32_MAX / kLineBytes);  // keys of one table: far below
    const auto lines = static_cast<uint32_t>(line_count);
    const uint32_t probes = std::clamp<uint32_t>((bits_per_key * 69 + 50) / 100, 1, kMostProbes);

    std::string content;
    content.reserve(size_t{lines} * kLineBytes + kFilterTailBytes);
    content.resize(size_t{lines} * kLineBytes);
    for (const auto& chunk : chunks_) {
        for (const uint64_t hash : chunk) {
            char* line = content.data() + size_t{line_of(hash, lines)} * kLineBytes;
            uint64_t rest = probe_bits(hash);
            for (uint32_t i = 0; i < probes; ++i, rest >>= 9) {
                const uint64_t bit = rest % kLineBits;
                line[bit / 8] = static_cast<char>(line[bit / 8] | 1 << bit % 8);
            }
        }
    }
    content.push_back(static_cast<char>(kBlockedBloom));
    content.push_back(static_cast<char>(probes));
    content.append(2, '\0');
    put_fixed32(content, lines);
    return content;
}

std::string partitioned_filter(Bytes tail, uint32_t piece_lines) {
    std::string content(tail);
    content[0] = static_cast<char>(kPartitionedBloom);
    put_fixed32(content, piece_lines);
    return content;
}

Status Filter::load(Bytes content) {
    if (content.size() < kTailBytes) return Status::corruption("filter: too short");
    const bool partitioned =
        content.size() == kPartitionedBytes && content[0] == static_cast<char>(kPartitionedBloom);
    const char* tail = partitioned ? content.data() : content.data() + content.size() - kTailBytes;
    if (!partitioned && tail[0] != kBlockedBloom)
        return Status(Code::kUnsupported, "filter of kind " +
                                              std::to_string(static_cast<uint8_t>(tail[0])) +
                                              ", this kvd knows kinds up to 2; use a newer kvd");
    const auto probes = static_cast<uint8_t>(tail[1]);
    const uint32_t lines = load_fixed32(tail + 4);
    const uint32_t piece_lines = partitioned ? load_fixed32(tail + 8) : 0;
    const bool fits = partitioned ? piece_lines != 0
                                  : uint64_t{lines} * kLineBytes + kTailBytes == content.size();
    if (probes == 0 || probes > kMostProbes || lines == 0 || !fits)
        return Status::corruption("filter: " + std::to_string(lines) + " lines and " +
                                  std::to_string(probes) + " probes do not fit " +
                                  std::to_string(content.size()) + " bytes");
    lines_ = lines;
    probes_ = probes;
    piece_lines_ = piece_lines;
    if (partitioned) return Status::ok();
    void* memory = ::operator new (size_t{lines} * sizeof(Line), std::align_val_t{alignof(Line)});
    bits_.reset(static_cast<Line*>(memory));
    std::memcpy(memory, content.data(), size_t{lines} * kLineBytes);
    return Status::ok();
}

bool Filter::may_contain(uint64_t user_key_hash) const {
    if (lines_ == 0) return true;
    const Line& line = bits_[line_of(user_key_hash, lines_)];
    return line_may_contain(line.bytes, user_key_hash, probes_);
}

size_t Filter::pieces() const {
    return is_partitioned() ? (size_t{lines_} + piece_lines_ - 1) / piece_lines_ : 0;
}

BlockHandle Filter::piece(size_t index, uint64_t begin) const {
    const uint64_t first_line = uint64_t{index} * piece_lines_;
    return {begin + first_line * kLineBytes + index * kBlockTrailerBytes,
            std::min<uint64_t>(piece_lines_, lines_ - first_line) * kLineBytes};
}

size_t Filter::piece_of(uint64_t user_key_hash) const {
    return line_of(user_key_hash, lines_) / piece_lines_;
}

bool Filter::piece_may_contain(Bytes content, uint64_t user_key_hash) const {
    const size_t offset = size_t{line_of(user_key_hash, lines_) % piece_lines_} * kLineBytes;
    KV_ASSERT(offset + kLineBytes <= content.size());
    return line_may_contain(content.data() + offset, user_key_hash, probes_);
}

void Filter::prefetch(Bytes content, uint64_t user_key_hash) const {
    const uint32_t line = line_of(user_key_hash, lines_);
    if (is_partitioned())
        __builtin_prefetch(content.data() + size_t{line % piece_lines_} * kLineBytes);
    else
        __builtin_prefetch(&bits_[line]);
}

std::string Filter::whole(Bytes lines) const {
    std::string content(lines);
    content.push_back(static_cast<char>(kBlockedBloom));
    content.push_back(static_cast<char>(probes_));
    content.append(2, '\0');
    put_fixed32(content, lines_);
    return content;
}

}  // namespace kv::sstable

// The keys and values of `kvtool bench`, made as db_bench makes them: a key is its number in
// big-endian padded with '0', a value a slice of a repeating, half-compressible buffer.
// Thread rule: one object a thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/random.h"
#include "kv/bytes.h"

namespace kv::tools {

/// Key number `index` in `key`: its low bytes, most significant first, then '0' up to `size`.
inline void make_bench_key(uint64_t index, uint32_t size, std::string& key) {
    const uint32_t digits = std::min<uint32_t>(size, 8);
    if (key.size() != size) key.assign(size, '0');
    char bytes[8];
    for (uint32_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(index >> (56 - 8 * i) & 0xFF);
    std::memcpy(key.data(), bytes + 8 - digits, digits);
}

/// Slices of a buffer in which each piece of 100 bytes repeats after `compression_ratio` of it.
class ValueSource {
  public:
    ValueSource(uint32_t value_size, double compression_ratio)
        : value_size_(value_size), data_(make_data(value_size, compression_ratio)) {}

    /// Valid as long as this object.
    Bytes next() {
        if (position_ + value_size_ > data_.size()) position_ = 0;
        const Bytes value(data_.data() + position_, value_size_);
        position_ += value_size_;
        return value;
    }

  private:
    static std::string make_data(uint32_t value_size, double compression_ratio) {
        constexpr size_t kPieceBytes = 100;
        const double wanted = static_cast<double>(kPieceBytes) * compression_ratio;
        const size_t raw = std::clamp<size_t>(static_cast<size_t>(wanted), 1, kPieceBytes);
        Random random(301);
        std::string data;
        while (data.size() < std::max<size_t>(1 << 20, value_size)) {
            const size_t piece = data.size();
            for (size_t i = 0; i < raw; ++i) {
                data.push_back(static_cast<char>(' ' + random.below(95)));
            }
            for (size_t i = raw; i < kPieceBytes; ++i) data.push_back(data[piece + i - raw]);
        }
        return data;
    }

    uint32_t value_size_;
    std::string data_;
    size_t position_ = 0;
};

}  // namespace kv::tools

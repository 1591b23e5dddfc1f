// Compression of data blocks. A compressed block is stored as `uncompressed size u32 | the codec's
// bytes`; one that does not shrink by an eighth is stored as it is.
// Thread rule: a BlockCompressor belongs to one thread at a time; the functions to any.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "kv/bytes.h"
#include "sstable/table_options.h"

namespace kv::sstable {

class BlockCompressor {
  public:
    explicit BlockCompressor(Codec codec);
    ~BlockCompressor();

    /// Fills `out` with the stored form of `content` and returns its codec; kNone, and `out` not
    /// meaningful, when it is to be stored as it is.
    Codec compress(Bytes content, std::string& out);

  private:
    struct ZstdState;
    const Codec codec_;
    std::unique_ptr<ZstdState> zstd_;
};

/// True for the codecs this version reads.
constexpr bool is_known_codec(uint8_t codec) { return codec <= static_cast<uint8_t>(Codec::kZstd); }

/// The size of the content that a block of this codec holds; what is wrong with it, or null.
/// Bounded, so that damaged bytes cannot ask for any amount of memory. Requires a known codec.
const char* content_size(Codec codec, Bytes stored, size_t& size);
/// Writes exactly `size` bytes to `out`; what is wrong with the block, or null.
const char* decompress(Codec codec, Bytes stored, char* out, size_t size);

}  // namespace kv::sstable

// What is stored of a data block's content. A compressed block is `uncompressed size u32 | the
// codec's bytes`; one that does not shrink by an eighth is stored as it is. A padded block is
// `content | zero bytes | padding u8`, which counts the zeros and itself.
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
    /// Requires a codec that may be asked for: not kPadded.
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

/// Above what any block can hold: a largest entry behind a largest block.
inline constexpr uint32_t kMostContentBytes = 256U << 20;
/// The most padding that one byte can count.
inline constexpr size_t kMostPaddingBytes = 255;
/// Fills `out` with `content` as a padded block. Requires 1 <= padding <= kMostPaddingBytes.
void pad_content(Bytes content, size_t padding, std::string& out);

/// True for the codecs this version reads.
constexpr bool is_known_codec(uint8_t codec) {
    return codec <= static_cast<uint8_t>(Codec::kPadded);
}
/// Whether the content has to be made from what is stored, rather than being the front of it.
constexpr bool is_compressed(Codec codec) { return codec == Codec::kLz4 || codec == Codec::kZstd; }

/// The size of the content that a block of this codec holds; what is wrong with the block, or null.
/// Bounded, so that damaged bytes cannot ask for any amount of memory. Requires a known codec.
const char* content_size(Codec codec, Bytes stored, size_t& size);
/// Writes exactly `size` bytes to `out`; what is wrong with the block, or null.
const char* decompress(Codec codec, Bytes stored, char* out, size_t size);

}  // namespace kv::sstable

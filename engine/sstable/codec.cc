// LZ4, Zstandard and padding behind one face.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/codec.h"

#include <lz4.h>
#include <zstd.h>

#include <cstring>

#include "base/coding.h"
#include "kv/assert.h"

namespace kv {

std::string_view codec_name(Codec codec) {
    switch (codec) {
        case Codec::kNone:
            return "none";
        case Codec::kLz4:
            return "lz4";
        case Codec::kZstd:
            return "zstd";
        case Codec::kPadded:
            return "padded";
    }
    return "unknown";
}

}  // namespace kv

namespace kv::sstable {

namespace {

constexpr size_t kSizeBytes = 4;
constexpr int kZstdLevel = 3;  // the library's default: a third smaller than LZ4 at half its speed
/// LZ4 cannot do better than one byte for 255.
constexpr uint64_t kLz4MostGain = 255;

struct FreeContext {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

size_t zstd_decompress(Bytes packed, char* out, size_t size) {
    // Making a context costs more than a block; a thread keeps one.
    thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
    KV_ASSERT(context != nullptr);
    return ZSTD_decompressDCtx(context.get(), out, size, packed.data(), packed.size());
}

}  // namespace

struct BlockCompressor::ZstdState {
    ZstdState() : context(ZSTD_createCCtx()) { KV_ASSERT(context != nullptr); }
    ~ZstdState() { ZSTD_freeCCtx(context); }
    ZstdState(const ZstdState&) = delete;
    ZstdState& operator=(const ZstdState&) = delete;
    ZSTD_CCtx* const context;
};

BlockCompressor::BlockCompressor(Codec codec) : codec_(codec) {
    KV_ASSERT(codec == Codec::kNone || is_compressed(codec));
    if (codec == Codec::kZstd) zstd_ = std::make_unique<ZstdState>();
}

BlockCompressor::~BlockCompressor() = default;

Codec BlockCompressor::compress(Bytes content, std::string& out) {
    if (codec_ == Codec::kNone || content.size() > kMostContentBytes) return Codec::kNone;
    const size_t most =
        content.size() - content.size() / 8;  // what is worth storing, size included
    if (most <= kSizeBytes) return Codec::kNone;
    out.resize(most);
    store_fixed32(out.data(), static_cast<uint32_t>(content.size()));
    char* const packed = out.data() + kSizeBytes;
    const size_t room = most - kSizeBytes;
    size_t packed_bytes = 0;
    if (codec_ == Codec::kLz4) {
        const int written = LZ4_compress_default(
            content.data(), packed, static_cast<int>(content.size()), static_cast<int>(room));
        packed_bytes = written > 0 ? static_cast<size_t>(written) : 0;
    } else {
        const size_t written = ZSTD_compressCCtx(zstd_->context, packed, room, content.data(),
                                                 content.size(), kZstdLevel);
        packed_bytes = ZSTD_isError(written) ? 0 : written;
    }
    if (packed_bytes == 0) return Codec::kNone;
    out.resize(kSizeBytes + packed_bytes);
    return codec_;
}

void pad_content(Bytes content, size_t padding, std::string& out) {
    KV_ASSERT(padding >= 1 && padding <= kMostPaddingBytes);
    out.assign(content);
    out.append(padding - 1, '\0');
    out.push_back(static_cast<char>(padding));
}

const char* content_size(Codec codec, Bytes stored, size_t& size) {
    size = stored.size();
    if (codec == Codec::kNone) return nullptr;
    if (codec == Codec::kPadded) {
        const size_t padding = stored.empty() ? 0 : static_cast<uint8_t>(stored.back());
        if (padding == 0 || padding >= size) return "a block's padding does not fit into it";
        size -= padding;
        return nullptr;
    }
    if (stored.size() <= kSizeBytes) return "a compressed block is too short for its size";
    size = load_fixed32(stored.data());
    const uint64_t packed = stored.size() - kSizeBytes;
    if (size == 0 || size > kMostContentBytes ||
        (codec == Codec::kLz4 && size > packed * kLz4MostGain))
        return "a compressed block names an impossible size";
    return nullptr;
}

const char* decompress(Codec codec, Bytes stored, char* out, size_t size) {
    if (!is_compressed(codec)) {
        std::memcpy(out, stored.data(), size);
        return nullptr;
    }
    const Bytes packed = stored.substr(kSizeBytes);
    bool whole = false;
    if (codec == Codec::kLz4) {
        const int written = LZ4_decompress_safe(packed.data(), out, static_cast<int>(packed.size()),
                                                static_cast<int>(size));
        whole = written >= 0 && static_cast<size_t>(written) == size;
    } else {
        whole = zstd_decompress(packed, out, size) == size;
    }
    return whole ? nullptr : "a compressed block does not unpack to its size";
}

}  // namespace kv::sstable

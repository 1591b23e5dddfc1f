// BodyDecoder and BodyEncoder: the same calls read or write a body, so each message lists its
// fields once, in a function template fields(io, message), and the two directions cannot differ.
// Private to protocol/*_messages.cc.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "protocol/wire_cursor.h"

namespace kv::protocol {

class BodyDecoder {
  public:
    static constexpr bool kDecodes = true;
    explicit BodyDecoder(Bytes body) : in_(body) {}

    void u8(const char* field, uint8_t& value) { value = in_.u8(field); }
    void u32(const char* field, uint32_t& value) { value = in_.u32(field); }
    void u64(const char* field, uint64_t& value) { value = in_.u64(field); }
    void i64(const char* field, int64_t& value) { value = in_.i64(field); }
    void boolean(const char* field, bool& value) { value = in_.boolean(field); }
    void bytes(const char* field, Bytes& value, uint32_t max_bytes = UINT32_MAX) {
        value = in_.bytes(field, max_bytes);
    }
    /// An enumeration on one byte with no holes between `first` and `last`.
    template <class E>
    void enumerator(const char* field, E& value, E first, E last) {
        value = static_cast<E>(in_.u8(field));
        if (value < first || value > last) in_.reject(field, "has an unknown number");
    }
    /// `min_item_bytes`: the fewest bytes an item takes.
    template <class T, class Item>
    void list(const char* field, std::vector<T>& items, uint32_t min_item_bytes, Item&& item) {
        items.clear();
        const uint32_t count = in_.count(field, min_item_bytes);
        items.reserve(count);
        for (uint32_t i = 0; i < count && in_.ok(); ++i) item(items.emplace_back());
    }
    /// A rule between fields.
    void require(bool holds, const char* field, const char* rule) {
        if (!holds) in_.reject(field, rule);
    }
    Status finish(std::string_view message) const { return in_.finish(message); }

  private:
    WireReader in_;
};

class BodyEncoder {
  public:
    static constexpr bool kDecodes = false;
    explicit BodyEncoder(std::string& out) : out_(out) {}

    void u8(const char*, uint8_t value) { out_.u8(value); }
    void u32(const char*, uint32_t value) { out_.u32(value); }
    void u64(const char*, uint64_t value) { out_.u64(value); }
    void i64(const char*, int64_t value) { out_.i64(value); }
    void boolean(const char*, bool value) { out_.boolean(value); }
    void bytes(const char*, Bytes value, uint32_t max_bytes = UINT32_MAX) {
        out_.bytes(value.substr(0, max_bytes));
    }
    template <class E>
    void enumerator(const char*, E value, E, E) {
        out_.u8(static_cast<uint8_t>(value));
    }
    template <class T, class Item>
    void list(const char*, const std::vector<T>& items, uint32_t, Item&& item) {
        out_.u32(static_cast<uint32_t>(items.size()));
        for (const T& each : items) item(each);
    }
    void require(bool, const char*, const char*) {}

  private:
    WireWriter out_;
};

/// T when decoding, const T when encoding.
template <class Io, class T>
using Field = std::conditional_t<Io::kDecodes, T, const T>;

}  // namespace kv::protocol

/// Defines decode() and encode() of `Message` from its fields().
#define KV_WIRE_BODY(Message, name)                         \
    Status decode(Bytes body, Message& out) {               \
        BodyDecoder io(body);                               \
        fields(io, out);                                    \
        return io.finish(name);                             \
    }                                                       \
    void encode(const Message& message, std::string& out) { \
        BodyEncoder io(out);                                \
        fields(io, message);                                \
    }

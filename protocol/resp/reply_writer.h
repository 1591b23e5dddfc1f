// ReplyWriter: RESP answers appended to a string, in the version that the client has chosen. What
// version 2 cannot say is said as Redis says it there: a map as a flat array, a double as a bulk
// string, null as "$-1". Large strings may be kept apart from the text (reply.h).
// Thread rule: one thread at a time. Allocates nothing beyond the string's own growth.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "kv/bytes.h"
#include "protocol/resp/reply.h"

namespace kv::protocol::resp {

/// Versions of the protocol that a client can choose in HELLO.
enum class Version : uint8_t { k2 = 2, k3 = 3 };

class ReplyWriter {
  public:
    using Apart = std::vector<Reply::Apart>;

    /// `apart`, where there is one, gets the large strings, with their places in `out`.
    ReplyWriter(std::string& out, Version version, Apart* apart = nullptr)
        : out_(out), apart_(apart), version_(version) {}

    Version version() const { return version_; }
    std::string& out() { return out_; }

    void ok() { simple("OK"); }
    /// "+text". Without line ends.
    void simple(std::string_view text);
    /// "-text", its code included: "ERR syntax error". Line ends become spaces.
    void error(std::string_view text);
    void integer(int64_t value);
    void bulk(Bytes bytes);
    /// The same, and the memory of a large string is taken: it is empty then.
    void take_bulk(std::string& bytes);
    /// Answers that are encoded already; their memory may be taken likewise.
    void take_encoded(std::string& bytes);
    /// The same as bulk() with its digits.
    void bulk_integer(int64_t value);
    /// "$N" and its line end; N bytes and a line end must follow.
    void bulk_header(size_t bytes);
    /// No value: "$-1" or "_".
    void null();
    /// No array: "*-1" or "_".
    void null_array();
    void array(size_t items);
    /// `pairs` keys, each followed by its value.
    void map(size_t pairs);
    void set(size_t items);
    /// Out of band in version 3, an array in version 2.
    void push(size_t items);
    /// "#t", or 1 in version 2.
    void boolean(bool value);
    /// ",1.5", or a bulk string in version 2.
    void number(double value);
    /// Text with a format of three letters, such as "txt".
    void verbatim(std::string_view format, Bytes text);

  private:
    bool take_apart(std::string& bytes);
    void line(char kind, std::string_view text);
    void count(char kind, int64_t value);

    std::string& out_;
    Apart* const apart_;
    const Version version_;
};

}  // namespace kv::protocol::resp

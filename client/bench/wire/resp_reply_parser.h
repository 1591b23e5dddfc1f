// RespReplyParser: replies of the Redis protocol, version 2, out of a stream of bytes. It holds no
// bytes, only how far it has got in the first unread reply. Of an array it tells that it is
// complete, not what it holds: a load generator only wants to know how a request ended.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "kv/bytes.h"

namespace kv::bench {

class RespReplyParser {
  public:
    enum class Kind : uint8_t { kSimple, kError, kInteger, kBulk, kNull, kArray };
    enum class Outcome : uint8_t {
        kReply,     ///< kind and text tell.
        kNeedMore,  ///< Come again with at least needed_bytes of unread input (0: just more).
        kError,     ///< error() tells; the stream cannot be understood any further.
    };
    struct Step {
        Outcome outcome = Outcome::kNeedMore;
        Kind kind = Kind::kNull;
        Bytes text{};         ///< The bytes of a bulk string, the line of all but an array.
        size_t consumed = 0;  ///< To be consumed before the next call; 0 but for kReply.
        size_t needed_bytes = 0;
    };

    /// Looks at the first reply of `unread`, which begins where the last reply ended. The text is a
    /// view into it.
    Step next(Bytes unread);
    const std::string& error() const { return error_; }

  private:
    struct Line {
        char kind;
        Bytes text;
        size_t end;  // behind its line end
    };
    enum class Progress : uint8_t { kValue, kNeedMore, kError };
    Progress take_value(Bytes unread);
    Progress take_bulk(Bytes unread, const Line& line);
    Progress take_array(const Line& line);
    Progress fail(std::string text);
    void finish_value(Kind kind, size_t text_begin, size_t text_bytes, size_t end);

    size_t position_ = 0;  // of the first byte not understood
    uint64_t left_ = 1;    // values still to come until the reply is complete
    bool begun_ = false;   // the reply's own kind and text are known
    Kind kind_ = Kind::kNull;
    size_t text_begin_ = 0;
    size_t text_bytes_ = 0;
    size_t needed_bytes_ = 0;
    std::string error_;
};

}  // namespace kv::bench

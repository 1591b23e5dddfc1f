// RequestParser: RESP requests out of a stream of bytes: arrays of bulk strings, and inline
// commands as people type them. It knows how far it has got in the first unread request, so that a
// request that arrives in a thousand pieces is looked at once. It holds no bytes, unless an
// argument is so large that it is to be received into a block of its own: then it keeps those of
// the whole request. The rules, the limits and the error texts are Redis's: protocol/docs/resp.md.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kv/bytes.h"
#include "protocol/byte_block.h"
#include "protocol/resp/args.h"

namespace kv::protocol::resp {

class RequestParser {
  public:
    struct Limits {
        /// More break the protocol.
        size_t arguments = 1U << 20;
        /// A longer argument breaks the protocol.
        size_t argument_bytes = 512U << 20;
        /// A longer argument, or arguments that come to more, are passed over as they arrive: the
        /// command is answered with an error and the connection goes on. As the server sets it for
        /// the default sizes of values and batches.
        size_t kept_bytes = 66U << 20;
        /// Of an inline command, and of a line that announces a number.
        size_t inline_bytes = 64U << 10;
        /// Until then an array may have kUnauthenticatedArguments of kUnauthenticatedBytes each.
        bool authenticated = true;
    };
    static constexpr size_t kUnauthenticatedArguments = 10;
    static constexpr size_t kUnauthenticatedBytes = 16'384;
    /// Of the name that is kept of a command that is passed over.
    static constexpr size_t kKeptNameBytes = 128;
    /// A longer argument is received into a block, unless all of it is there already.
    static constexpr size_t kBlockBytes = 32U << 10;

    enum class Outcome : uint8_t {
        kCommand,   ///< args() holds it.
        kTooLarge,  ///< A command whose arguments were not kept; args() holds its name at most.
        kNothing,   ///< Something that asks for no answer, such as an empty line: go on.
        kNeedMore,  ///< Come again with at least needed_bytes of unread input (0: just more).
        kError,     ///< error() tells; the stream cannot be understood any further.
    };
    struct Step {
        Outcome outcome = Outcome::kNeedMore;
        /// To be consumed before the next call, whatever the outcome; views in args() stay good as
        /// long as those bytes do, or in the parser until release(). Not 0 for kNeedMore when input
        /// is being passed over or kept in the parser.
        size_t consumed = 0;
        /// kNeedMore in front of a large argument: receive so many bytes into a block and hand that
        /// to add_block() before the next call. More than is unread. 0: no.
        size_t block_bytes = 0;
        /// kNeedMore in the middle of an argument that is kept: where it ends, counted from behind
        /// `consumed`. Never more than has been announced, and checked, of this argument.
        size_t needed_bytes = 0;
    };

    /// Holds for every line that has not been read yet. A caller that reads ahead of the commands
    /// it runs must stop behind one that may authenticate: what follows is judged by the new
    /// limits.
    void set_limits(const Limits& limits) { limits_ = limits; }
    const Limits& limits() const { return limits_; }

    /// Looks at the first request of `unread`, which begins where the last step's `consumed` ended.
    /// After kError every call gives the same error.
    Step next(Bytes unread);
    /// The whole block that the last step asked for.
    void add_block(ByteBlock block);
    /// The command of the last step cannot be run yet: the next step is the same again. Nothing of
    /// it must have been consumed.
    void put_back(const Step& step) {
        if (keeps_) again_ = step;
    }
    /// Gives the blocks of the last command's large arguments away, for the views of them in args()
    /// to last. In the order of the arguments; empty when there are none.
    std::vector<ByteBlock> take_blocks();
    /// The command of the last step is done with: gives the memory of its large arguments back.
    void release() {
        if (keeps_ && left_ == 0) forget_last();
    }
    /// Views into the `unread` of the last step. Inline arguments with quotes, and the name of a
    /// command that was passed over, live in the parser until the next call. Empty unless the last
    /// outcome was kCommand or kTooLarge.
    const Args& args() const { return args_; }
    /// As Redis sends it, without "-ERR ": "Protocol error: invalid multibulk length".
    const std::string& error() const { return error_; }
    /// Bytes of arguments that are kept here.
    size_t kept_bytes() const { return keeps_ ? static_cast<size_t>(held_) : 0; }
    /// Held besides the caller's input. Follows what has arrived, never what was announced.
    size_t memory_bytes() const {
        return args_.capacity() * sizeof(Bytes) + parts_.capacity() * sizeof(Part) +
               own_words_.capacity() + kept_bytes();
    }

    /// The same beyond what is kept from one request to the next anyway, which is part of the price
    /// of a connection.
    size_t held_bytes() const {
        return memory_bytes() > kIdleBytes ? memory_bytes() : kept_bytes();
    }

  private:
    // Memory that is kept from one command to the next; more is given back.
    static constexpr size_t kIdleArguments = 1024;
    static constexpr size_t kIdleWordBytes = 4096;
    static constexpr size_t kIdleBytes = kIdleArguments * sizeof(Bytes) * 2 + kIdleWordBytes;

    enum class Line : uint8_t { kWhole, kPart, kTooLong };
    struct Part {
        size_t offset;  // in the input, or in own_words_; kInBlock: all of the next block
        size_t size;
    };
    static constexpr size_t kInBlock = SIZE_MAX;

    void forget_last();
    Line find_line(Bytes unread, char last, size_t& size);
    Line read_number(Bytes unread, std::optional<int64_t>& number);
    Step parse_inline(Bytes unread);
    Step parse_count(Bytes unread);
    Step parse_arguments(Bytes unread);
    /// Reads the length of the next argument. True: go on; else `step` is the answer.
    bool parse_length(Bytes unread, Step& step);
    /// Reads the rest of the argument as far as it is there. True: it has ended.
    bool take_argument(Bytes unread);
    void begin_passing_over(Bytes unread);
    bool wants_block(Bytes unread) const;
    Step begin_block(Bytes unread);
    void stop_keeping();
    Step wait();
    Step fail(std::string_view text);
    Step finish(Bytes unread);

    Limits limits_;
    Args args_;
    std::string error_;
    std::string own_words_;  // arguments that are no views of the input

    size_t position_ = 0;  // in the unread input: of the line or argument that is being read
    size_t searched_ = 0;  // bytes of that line that hold no line end

    // The array that is being read.
    std::vector<Part> parts_;    // its arguments so far
    size_t left_ = 0;            // arguments still to come; 0: no array has begun
    uint64_t kept_ = 0;          // bytes of all arguments so far
    uint64_t rest_ = 0;          // of this argument and its line end; 0: its length comes first
    bool passing_over_ = false;  // nothing is kept, and bytes are consumed as they come
    bool name_kept_ = false;     // of what is passed over, in own_words_
    bool keeps_ = false;         // its arguments are in own_words_ and blocks_
    bool block_done_ = false;    // a block has come and was not looked behind
    std::vector<ByteBlock> blocks_;
    uint64_t held_ = 0;  // bytes of these
    Step again_;         // kCommand: what was put back
};

}  // namespace kv::protocol::resp

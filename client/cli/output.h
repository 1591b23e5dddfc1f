// Output: how kvcli shows keys, values and results. It knows the format asked for, whether a person
// is looking, and pages long answers for that person.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "kv/bytes.h"
#include "kv/client_types.h"

namespace kv::cli {

enum class Format : uint8_t {
    kText,  ///< Escaped where a line holds several fields; a lone value as it is.
    kRaw,   ///< Bytes as they are.
    kHex,
    kJson,  ///< One JSON object a line, as import reads it.
};

class Output {
  public:
    /// `out` stays the caller's. Pages only when `out` and the standard input are terminals.
    explicit Output(std::FILE* out);

    Format format() const { return format_; }
    void set_format(Format format) { format_ = format; }
    bool is_terminal() const { return terminal_; }
    /// A terminal, and NO_COLOR is not set.
    bool has_colour() const { return colour_; }

    /// A result for people; `json` is what --json shows instead.
    void result(std::string_view text, std::string_view json);
    void line(std::string_view text);
    /// The one value of `get`.
    void value(Bytes key, const client::Entry& entry, bool newline);
    /// One entry of a listing.
    void entry(const client::KeyedEntry& entry, bool keys_only);

    /// What follows is no listing, until begin_listing(): it is not paged.
    void begin_command();
    /// Starts counting lines for the pager anew.
    void begin_listing();
    /// False once the person has asked for no more; commands stop then.
    bool wants_more() const { return wants_more_; }
    /// Hands everything to the operating system. False when it did not take all of it.
    bool flush();

  private:
    std::string shown(Bytes bytes) const;
    void write(std::string_view text);
    void end_line();
    void ask_for_more();

    std::FILE* out_;
    bool terminal_;
    bool pages_;
    bool colour_;
    Format format_ = Format::kText;
    size_t lines_until_prompt_ = 0;
    bool wants_more_ = true;
};

/// Rows and columns of the terminal on `fd`; 24 x 80 when it has no size.
struct TerminalSize {
    size_t rows = 24;
    size_t columns = 80;
};
TerminalSize terminal_size(int fd);

}  // namespace kv::cli

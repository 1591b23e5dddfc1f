// The fields of a KeyRange, in the reading and the writing messages that name one. See
// body_codec.h. Private to protocol/*_messages.cc. Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "protocol/body_codec.h"
#include "protocol/read_messages.h"

namespace kv::protocol {

template <class Io>
void fields(Io& io, Field<Io, KeyRange>& m) {
    io.bytes("lower", m.lower);
    io.bytes("upper", m.upper);
    io.bytes("prefix", m.prefix);
}

}  // namespace kv::protocol

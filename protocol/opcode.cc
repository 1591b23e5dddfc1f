// Opcode names and states, from the one list in opcode.h.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/opcode.h"

namespace kv::protocol {

OpcodeState opcode_state(Opcode opcode) {
    switch (opcode) {
#define KV_X(number, enumerator, name, state) \
    case Opcode::enumerator:                  \
        return OpcodeState::state;
        KV_WIRE_OPCODES(KV_X)
#undef KV_X
    }
    return OpcodeState::kUnknown;
}

std::string_view opcode_name(Opcode opcode) {
    switch (opcode) {
#define KV_X(number, enumerator, name, state) \
    case Opcode::enumerator:                  \
        return name;
        KV_WIRE_OPCODES(KV_X)
#undef KV_X
    }
    return "UNKNOWN";
}

}  // namespace kv::protocol

// Building the two request templates.
// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/frame_template.h"

#include <cstring>

#include "kv/assert.h"
#include "protocol/messages.h"

namespace kv::bench {

namespace {

// Found again in the encoded frame, to learn where the id lies.
constexpr uint64_t kPlaceholderId = 0xF1E2D3C4B5A69788ULL;

std::string placeholder_key(const Workload& workload) {
    return std::string(workload.key_bytes, '\x01');
}

}  // namespace

FrameTemplate::FrameTemplate(std::string frame, const std::string& placeholder)
    : frame_(std::move(frame)),
      id_offset_(frame_.find(
          Bytes(reinterpret_cast<const char*>(&kPlaceholderId), sizeof kPlaceholderId))),
      key_offset_(frame_.rfind(placeholder)),
      key_bytes_(placeholder.size()) {
    KV_ASSERT(id_offset_ < protocol::kHeaderBytes);
    KV_ASSERT(key_offset_ != std::string::npos && key_offset_ >= protocol::kHeaderBytes);
}

FrameTemplate FrameTemplate::get(const Workload& workload) {
    const std::string key = placeholder_key(workload);
    std::string frame;
    protocol::append_frame(frame, protocol::request_header(protocol::Opcode::kGet, kPlaceholderId),
                           protocol::GetRequest{0, key});
    return {std::move(frame), key};
}

FrameTemplate FrameTemplate::put(const Workload& workload) {
    const std::string key = placeholder_key(workload);
    const std::string value = value_noise(workload.value_bytes, workload.seed);
    std::string frame;
    protocol::append_frame(
        frame,
        protocol::request_header(protocol::Opcode::kPut, kPlaceholderId, 0, workload.durability),
        protocol::PutRequest{0, key, value});
    return {std::move(frame), key};
}

void FrameTemplate::append(uint64_t request_id, uint64_t key_index, std::string& out) const {
    const size_t start = out.size();
    out.append(frame_);
    std::memcpy(out.data() + start + id_offset_, &request_id, sizeof request_id);
    format_key(key_index, key_bytes_, out.data() + start + key_offset_);
}

}  // namespace kv::bench

// Reading and writing the import and export files.
// SPDX-License-Identifier: Apache-2.0
#include "cli/record_format.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "cli/escape.h"

namespace kv::cli {

namespace {

using Json = nlohmann::json;

// A binary length above this is a damaged file, not a huge entry: the server takes no more.
constexpr uint32_t kMaxFieldBytes = 1U << 30;

template <class Number>
void append_number(std::string& out, Number number) {
    out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void put_field(Json& object, const std::string& name, Bytes bytes) {
    if (is_valid_utf8(bytes)) {
        object[name] = std::string(bytes);
    } else {
        object[name + "_base64"] = to_base64(bytes);
    }
}

Status take_field(const Json& object, const std::string& name, std::string& out) {
    const auto plain = object.find(name);
    const auto encoded = object.find(name + "_base64");
    if ((plain == object.end()) == (encoded == object.end())) {
        return Status::invalid_argument("expected either \"" + name + "\" or \"" + name +
                                        "_base64\", found " +
                                        (plain == object.end() ? "neither" : "both"));
    }
    const Json& field = plain != object.end() ? *plain : *encoded;
    if (!field.is_string()) {
        return Status::invalid_argument("\"" + name + "\" must be a string, found " +
                                        field.type_name());
    }
    out = field.get<std::string>();
    if (plain != object.end()) return Status::ok();
    auto bytes = from_base64(out);
    if (!bytes.is_ok()) return bytes.error().with_context(name + "_base64");
    out = std::move(*bytes);
    return Status::ok();
}

class JsonLineReader final : public RecordReader {
  public:
    explicit JsonLineReader(std::FILE* in) : in_(in) {}
    ~JsonLineReader() override { std::free(line_); }

    Result<bool> next(Record& record) override {
        while (true) {
            errno = 0;
            const ssize_t length = ::getline(&line_, &capacity_, in_);
            if (length < 0) {
                if (std::ferror(in_) == 0) return false;
                return Status::io_error(std::string("reading the input: ") + std::strerror(errno));
            }
            ++position_;
            bytes_read_ += static_cast<uint64_t>(length);
            const std::string_view line(line_, static_cast<size_t>(length));
            if (line.find_first_not_of(" \t\r\n") == std::string_view::npos) continue;
            Status status = decode_json_line(line, record);
            if (!status.is_ok()) return status.with_context("line " + std::to_string(position_));
            return true;
        }
    }

  private:
    std::FILE* in_;
    char* line_ = nullptr;  // getline's own, freed in the destructor
    size_t capacity_ = 0;
};

class BinaryReader final : public RecordReader {
  public:
    explicit BinaryReader(std::FILE* in) : in_(in) {}

    Result<bool> next(Record& record) override {
        if (done_) return false;
        if (bytes_read_ == 0) KV_RETURN_IF_ERROR(read_magic());
        uint32_t key_length = 0;
        KV_RETURN_IF_ERROR(read(&key_length, sizeof key_length, "a key length"));
        if (key_length == kBinaryEndMark) return finish();
        ++position_;
        KV_RETURN_IF_ERROR(read_field(key_length, "key", record.key));
        uint32_t value_length = 0;
        KV_RETURN_IF_ERROR(read(&value_length, sizeof value_length, "a value length"));
        KV_RETURN_IF_ERROR(read_field(value_length, "value", record.value));
        KV_RETURN_IF_ERROR(read(&record.expiry_ms, sizeof record.expiry_ms, "an expiry"));
        return true;
    }

  private:
    Status bad(const std::string& what) const {
        return Status::invalid_argument("record " + std::to_string(position_) + ", byte " +
                                        std::to_string(bytes_read_) + ": " + what);
    }

    Status read(void* out, size_t length, const char* what) {
        if (length == 0) return Status::ok();
        errno = 0;
        const size_t got = std::fread(out, 1, length, in_);
        if (got != length && std::ferror(in_) != 0) {
            return Status::io_error(std::string("reading the input: ") + std::strerror(errno));
        }
        if (got != length) {
            return bad(std::string("the file ends inside ") + what + "; it is cut short");
        }
        bytes_read_ += length;
        return Status::ok();
    }

    Status read_field(uint32_t length, const char* name, std::string& out) {
        if (length > kMaxFieldBytes) {
            return bad(std::string(name) + " of " + std::to_string(length) +
                       " bytes; expected at most " + std::to_string(kMaxFieldBytes));
        }
        out.resize(length);
        return read(out.data(), length, name);
    }

    Status read_magic() {
        std::string magic(kBinaryMagic.size(), '\0');
        KV_RETURN_IF_ERROR(read(magic.data(), magic.size(), "the header"));
        if (magic == kBinaryMagic) return Status::ok();
        return Status::invalid_argument("the input starts with '" + encode_escapes(magic) +
                                        "', expected '" + std::string(kBinaryMagic) +
                                        "'; is it JSON lines? Then leave out --format binary");
    }

    Result<bool> finish() {
        uint64_t count = 0;
        KV_RETURN_IF_ERROR(read(&count, sizeof count, "the closing count"));
        done_ = true;
        if (count == position_) return false;
        return bad("the file says it holds " + std::to_string(count) + " records, found " +
                   std::to_string(position_));
    }

    std::FILE* in_;
    bool done_ = false;
};

}  // namespace

std::optional<FileFormat> parse_file_format(std::string_view name) {
    if (name == "jsonl") return FileFormat::kJsonLines;
    if (name == "binary") return FileFormat::kBinary;
    return std::nullopt;
}

std::unique_ptr<RecordReader> make_record_reader(FileFormat format, std::FILE* in) {
    if (format == FileFormat::kBinary) return std::make_unique<BinaryReader>(in);
    return std::make_unique<JsonLineReader>(in);
}

std::string encode_json_line(Bytes key, Bytes value, uint64_t expiry_ms) {
    Json object = Json::object();
    put_field(object, "key", key);
    put_field(object, "value", value);
    if (expiry_ms != 0) object["expiry_ms"] = expiry_ms;
    return object.dump();
}

std::string encode_json_key(Bytes key) {
    Json object = Json::object();
    put_field(object, "key", key);
    return object.dump();
}

Status decode_json_line(std::string_view line, Record& record) {
    const Json object = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (object.is_discarded()) {
        return Status::invalid_argument(
            "not valid JSON; expected {\"key\":\"...\",\"value\":\"...\"}");
    }
    if (!object.is_object()) {
        return Status::invalid_argument(std::string("expected a JSON object, found ") +
                                        object.type_name());
    }
    KV_RETURN_IF_ERROR(take_field(object, "key", record.key));
    KV_RETURN_IF_ERROR(take_field(object, "value", record.value));
    record.expiry_ms = 0;
    if (const auto expiry = object.find("expiry_ms"); expiry != object.end()) {
        if (!expiry->is_number_unsigned()) {
            return Status::invalid_argument("\"expiry_ms\" must be a whole number, not negative");
        }
        record.expiry_ms = expiry->get<uint64_t>();
    }
    return Status::ok();
}

std::string encode_header(FileFormat format) {
    return format == FileFormat::kBinary ? std::string(kBinaryMagic) : std::string();
}

void append_record(FileFormat format, Bytes key, Bytes value, uint64_t expiry_ms,
                   std::string& out) {
    if (format == FileFormat::kJsonLines) {
        out += encode_json_line(key, value, expiry_ms);
        out += '\n';
        return;
    }
    append_number(out, static_cast<uint32_t>(key.size()));
    out += key;
    append_number(out, static_cast<uint32_t>(value.size()));
    out += value;
    append_number(out, expiry_ms);
}

std::string encode_trailer(FileFormat format, uint64_t record_count) {
    std::string out;
    if (format == FileFormat::kJsonLines) return out;
    append_number(out, kBinaryEndMark);
    append_number(out, record_count);
    return out;
}

}  // namespace kv::cli

// Import and export files: what is written reads back, what is damaged is named.
// SPDX-License-Identifier: Apache-2.0
#include "cli/record_format.h"

#include <catch2/catch.hpp>
#include <vector>

#include "cli/progress.h"

namespace kv::cli {

namespace {

struct Stream {
    explicit Stream(std::string bytes)
        : text(std::move(bytes)), file(::fmemopen(text.data(), text.size() + 1, "r")) {
        // fmemopen reads the terminating zero too, unless told the true size.
        std::fclose(file);
        file =
            text.empty() ? std::fopen("/dev/null", "r") : ::fmemopen(text.data(), text.size(), "r");
    }
    ~Stream() { std::fclose(file); }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    std::string text;
    std::FILE* file;
};

const std::vector<Record> kRecords = {{"plain", "value", 0},
                                      {"caf\xC3\xA9", "line\nend \"quoted\" \\", 0},
                                      {std::string("\x00\xFF", 2), std::string("\xC3", 1), 0},
                                      {"ttl", "", 1'700'000'000'000},
                                      {"", "empty key", 0}};

std::string written(FileFormat format) {
    std::string out = encode_header(format);
    for (const Record& record : kRecords) {
        append_record(format, record.key, record.value, record.expiry_ms, out);
    }
    return out + encode_trailer(format, kRecords.size());
}

// The error of reading everything; ok at a clean end.
Status read_all(FileFormat format, const std::string& bytes) {
    Stream stream(bytes);
    const auto reader = make_record_reader(format, stream.file);
    Record record;
    while (true) {
        const auto more = reader->next(record);
        if (!more.is_ok()) return more.error();
        if (!*more) return Status::ok();
    }
}

bool mentions(const Status& status, std::string_view words) {
    return status.message().find(words) != std::string_view::npos;
}

}  // namespace

TEST_CASE("record format: what is written reads back, in both formats") {
    for (const FileFormat format : {FileFormat::kJsonLines, FileFormat::kBinary}) {
        Stream stream(written(format));
        const auto reader = make_record_reader(format, stream.file);
        Record record;
        for (size_t i = 0; i < kRecords.size(); ++i) {
            const auto more = reader->next(record);
            REQUIRE(more.is_ok());
            REQUIRE(*more);
            CHECK(record.key == kRecords[i].key);
            CHECK(record.value == kRecords[i].value);
            CHECK(record.expiry_ms == kRecords[i].expiry_ms);
            CHECK(reader->position() == i + 1);
        }
        CHECK(reader->next(record).value() == false);
        CHECK(reader->bytes_read() == stream.text.size());
    }
}

TEST_CASE("record format: JSON lines look as documented") {
    CHECK(encode_json_line("a", "b", 0) == R"({"key":"a","value":"b"})");
    CHECK(encode_json_line("\xFF", "b", 5) == R"({"expiry_ms":5,"key_base64":"/w==","value":"b"})");
    CHECK(encode_json_key("a") == R"({"key":"a"})");
}

TEST_CASE("record format: the binary format looks as documented") {
    std::string out = encode_header(FileFormat::kBinary);
    append_record(FileFormat::kBinary, "k", "vv", 3, out);
    out += encode_trailer(FileFormat::kBinary, 1);
    const std::string expected = std::string("KVDDUMP1") + std::string("\1\0\0\0k", 5) +
                                 std::string("\2\0\0\0vv", 6) + std::string("\3\0\0\0\0\0\0\0", 8) +
                                 std::string(4, '\xFF') + std::string("\1\0\0\0\0\0\0\0", 8);
    CHECK(out == expected);
}

TEST_CASE("record format: blank lines are skipped and counted") {
    Stream stream("\n  \n{\"key\":\"a\",\"value\":\"b\"}\n\n");
    const auto reader = make_record_reader(FileFormat::kJsonLines, stream.file);
    Record record;
    CHECK(reader->next(record).value());
    CHECK(reader->position() == 3);
    CHECK_FALSE(reader->next(record).value());
}

TEST_CASE("record format: a bad JSON line is named with its number and its trouble") {
    const auto check = [](const std::string& line, const char* words) {
        const Status status =
            read_all(FileFormat::kJsonLines, "{\"key\":\"a\",\"value\":\"b\"}\n" + line + "\n");
        INFO(line);
        CHECK(status.is(Code::kInvalidArgument));
        CHECK(mentions(status, "line 2"));
        CHECK(mentions(status, words));
    };
    check("{", "not valid JSON");
    check("{\"key\":\"\xFF\",\"value\":\"\"}", "not valid JSON");
    check("[]", "object");
    check("{\"key\":\"a\"}", "value");
    check("{\"key\":1,\"value\":\"\"}", "string");
    check("{\"key\":\"a\",\"key_base64\":\"YQ==\",\"value\":\"\"}", "both");
    check("{\"key_base64\":\"!\",\"value\":\"\"}", "base64");
    check("{\"key\":\"a\",\"value\":\"\",\"expiry_ms\":-1}", "expiry_ms");
}

TEST_CASE("record format: a binary file cut anywhere is refused") {
    const std::string whole = written(FileFormat::kBinary);
    CHECK(read_all(FileFormat::kBinary, whole).is_ok());
    for (size_t length = 0; length < whole.size(); ++length) {
        INFO(length);
        CHECK(read_all(FileFormat::kBinary, whole.substr(0, length)).is(Code::kInvalidArgument));
    }
}

TEST_CASE("record format: a binary file with a wrong header, length or count is refused") {
    CHECK(mentions(read_all(FileFormat::kBinary, "{\"key\":\"a\"}"), "JSON lines?"));
    std::string huge = std::string(kBinaryMagic) + std::string("\xFE\xFF\xFF\xFF", 4);
    CHECK(mentions(read_all(FileFormat::kBinary, huge), "key of"));
    std::string wrong = std::string(kBinaryMagic) + encode_trailer(FileFormat::kBinary, 9);
    CHECK(mentions(read_all(FileFormat::kBinary, wrong), "9 records"));
}

TEST_CASE("progress: sizes, times and lines as people read them") {
    CHECK(format_bytes(980) == "980 bytes");
    CHECK(format_bytes(12'500'000) == "12.5 MB");
    CHECK(format_seconds(9.2) == "9 s");
    CHECK(format_seconds(125) == "2:05");
    CHECK(format_seconds(3723) == "1:02:03");
    const ProgressState state{63'000, 50'100'000, 2.0, 50, 200};
    CHECK(summary_line("imported", state) ==
          "imported 63,000 entries, 50.1 MB in 2.0 s (31,500 entries/s)");
    CHECK(progress_text(state) == "63,000 entries  50.1 MB  31,500/s");
    const std::string bar = progress_bar(state, 80);
    CHECK(bar.size() <= 80);
    CHECK(bar.find("25%") != std::string::npos);
    CHECK(bar.find("6 s left") != std::string::npos);
    CHECK(progress_bar(state, 10).size() <= 10);
}

}  // namespace kv::cli

// The `import` command: a file's entries as atomic batches, many in flight.
//
// Batches are applied in the order of the file; while the server is overloaded, the import waits.
// After a failure the command names the first line that is not known to be stored, which is what
// --continue-from takes.
// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "cli/command.h"
#include "cli/ordered_batches.h"
#include "cli/progress.h"
#include "cli/record_format.h"

namespace kv::cli {

namespace {

constexpr uint64_t kBatchEntries = 256;
constexpr size_t kBatchBytes = 256U << 10;
constexpr uint64_t kDepth = 16;
// What an entry takes beside its key and value, rounded up.
constexpr size_t kEntryOverheadBytes = 32;

struct ImportOptions {
    FileFormat format = FileFormat::kJsonLines;
    uint64_t continue_from = 1;
    uint64_t batch_entries = kBatchEntries;
    uint64_t depth = kDepth;
    client::WriteOptions write;
    bool quiet = false;
};

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

Result<ImportOptions> import_options(const Arguments& arguments) {
    ImportOptions options;
    const std::string format = arguments.value("--format").value_or("jsonl");
    const auto parsed = parse_file_format(format);
    if (!parsed) {
        return Status::invalid_argument("--format '" + format + "'; expected jsonl or binary");
    }
    options.format = *parsed;
    KV_ASSIGN_OR_RETURN(options.continue_from, arguments.number("--continue-from", 1));
    KV_ASSIGN_OR_RETURN(options.batch_entries, arguments.number("--batch", kBatchEntries));
    KV_ASSIGN_OR_RETURN(options.depth, arguments.number("--depth", kDepth));
    KV_ASSIGN_OR_RETURN(options.write, write_options(arguments));
    options.quiet = arguments.has("--quiet");
    if (options.batch_entries == 0 || options.depth == 0) {
        return Status::invalid_argument("--batch and --depth must be at least 1");
    }
    return options;
}

Result<File> open_input(const std::string& path) {
    if (path == "-") return File(stdin, [](std::FILE*) { return 0; });
    File file(std::fopen(path.c_str(), "rbe"), std::fclose);
    if (file == nullptr) return Status::io_error("opening " + path + ": " + std::strerror(errno));
    return file;
}

uint64_t size_of(std::FILE* file) {
    struct stat info {};
    if (::fstat(::fileno(file), &info) != 0 || !S_ISREG(info.st_mode)) return 0;
    return static_cast<uint64_t>(info.st_size);
}

class Importer {
  public:
    Importer(Context& context, const ImportOptions& options, std::FILE* in)
        : context_(context),
          options_(options),
          reader_(make_record_reader(options.format, in)),
          progress_("imported", size_of(in), options.quiet),
          batches_(*context.client, options.depth, options.write,
                   [&context] { return context.interrupt.triggered(); }) {}

    CommandResult run() {
        Status bad_input;
        Status status = read_all(bad_input);
        const Status finished = batches_.finish();
        if (status.is_ok()) status = finished;
        progress_.update(entries_, bytes_, reader_->bytes_read());
        if (status.is_ok() && bad_input.is_ok() && !context_.interrupt.triggered()) {
            progress_.finish();
            return done();
        }
        progress_.clear();
        const Status cause = !status.is_ok()      ? status
                             : !bad_input.is_ok() ? bad_input
                                                  : Status(Code::kCancelled, "import: cancelled");
        const Status error(cause.code(), std::string(cause.message()) + "; " + stored_text(),
                           cause.detail());
        if (!status.is_ok() || bad_input.is_ok()) return failed(error);
        return file_error(error);
    }

  private:
    // Sends everything. Trouble of the input goes to `bad_input`, what was good before it is sent.
    Status read_all(Status& bad_input) {
        client::Batch batch;
        uint64_t first = 0;  // position of the batch's first record
        const size_t limit =
            std::min<size_t>(kBatchBytes, context_.client->server_info().max_batch_bytes);
        Record record;
        while (!context_.interrupt.triggered()) {
            auto more = reader_->next(record);
            if (!more.is_ok()) bad_input = more.error();
            if (!more.is_ok() || !*more) break;
            if (reader_->position() < options_.continue_from) continue;
            const size_t entry_bytes =
                record.key.size() + record.value.size() + kEntryOverheadBytes;
            if (!batch.empty() && batch.size_bytes() + entry_bytes > limit) {
                KV_RETURN_IF_ERROR(send(batch, first));
            }
            if (batch.empty()) first = reader_->position();
            batch.put_with_expiry(record.key, record.value, record.expiry_ms);
            ++entries_;
            bytes_ += record.key.size() + record.value.size();
            if (batch.count() >= options_.batch_entries || batch.size_bytes() >= limit) {
                KV_RETURN_IF_ERROR(send(batch, first));
                progress_.update(entries_, bytes_, reader_->bytes_read());
            }
        }
        return batch.empty() ? Status::ok() : send(batch, first);
    }

    Status send(client::Batch& batch, uint64_t first) {
        return batches_.send(std::exchange(batch, {}), first);
    }

    std::string stored_text() {
        const uint64_t position = std::max(reader_->position(), options_.continue_from);
        const uint64_t next = batches_.first_open().value_or(position);
        return std::string("everything before ") +
               (options_.format == FileFormat::kJsonLines ? "line " : "record ") +
               std::to_string(next) + " is stored, go on with --continue-from " +
               std::to_string(next);
    }

    Context& context_;
    const ImportOptions& options_;
    std::unique_ptr<RecordReader> reader_;
    Progress progress_;
    uint64_t entries_ = 0;
    uint64_t bytes_ = 0;
    OrderedBatches batches_;
};

}  // namespace

CommandResult run_import(Context& context, const Arguments& arguments) {
    auto options = import_options(arguments);
    if (!options.is_ok()) return usage_error(options.error());
    auto file = open_input(arguments.words[0]);
    if (!file.is_ok()) return file_error(file.error());
    return Importer(context, *options, file->get()).run();
}

}  // namespace kv::cli

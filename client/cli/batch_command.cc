// The `batch` command and its lines.
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/batch_lines.h"
#include "cli/command.h"
#include "cli/escape.h"

namespace kv::cli {

namespace {

constexpr const char* kPrompt = "batch> ";

Status add_line(const std::string& line, Escapes escapes, client::Batch& batch) {
    KV_ASSIGN_OR_RETURN(const std::vector<Word> words, split_words(line, escapes));
    if (words.empty()) return Status::ok();
    return add_batch_line(words, batch);
}

bool is_lone(const Result<std::vector<Word>>& words, std::string_view text) {
    return words.is_ok() && words->size() == 1 && words->front().text == text;
}

// Lines up to `end`: those behind a wrong one belong to the batch too, and must not be taken for
// commands. The program's only command may do without the `end`; elsewhere an input that ends
// before it has lost something.
Status read_lines(Context& context, client::Batch& batch) {
    Status first_error;
    for (int number = 1;; ++number) {
        auto line = context.read_line(kPrompt);
        if (!line.is_ok()) return line.error().with_context("batch; nothing was sent");
        if (!line->has_value()) {
            if (context.one_shot || !first_error.is_ok()) return first_error;
            return Status::io_error("batch: the input ended before `end`, behind line " +
                                    std::to_string(number - 1) + "; nothing was sent");
        }
        auto words = split_words(**line);
        if (is_lone(words, "end")) return first_error;
        if (is_lone(words, "abort")) {
            return {Code::kCancelled, "batch given up; nothing was sent"};
        }
        if (words.is_ok() && words->empty()) continue;
        Status status = words.is_ok() ? add_batch_line(*words, batch) : words.error();
        if (status.is_ok() || !first_error.is_ok()) continue;
        first_error = status.with_context("line " + std::to_string(number));
        if (context.one_shot) continue;
        std::fprintf(stderr, "line %d is wrong, nothing will be sent; `end` says why\n", number);
    }
}

}  // namespace

Status add_batch_line(const std::vector<Word>& words, client::Batch& batch) {
    const std::string& verb = words.front().text;
    KV_ASSIGN_OR_RETURN(
        const Arguments arguments,
        parse_arguments(std::vector<Word>(words.begin() + 1, words.end()), {{"--ttl", true}}));
    const auto& args = arguments.words;
    const auto wrong = [&](const char* expected) {
        return Status::invalid_argument(verb + " takes " + expected + " in a batch");
    };
    if (arguments.has("--ttl") && verb != "put") return wrong("no --ttl");
    if (verb == "put") {
        if (args.size() != 2) return wrong("KEY VALUE");
        KV_ASSIGN_OR_RETURN(const uint64_t expiry_ms, expiry_from_ttl(arguments));
        batch.put_with_expiry(args[0], args[1], expiry_ms);
    } else if (verb == "del") {
        if (args.size() != 1) return wrong("KEY");
        batch.del(args[0]);
    } else if (verb == "incr") {
        if (args.empty() || args.size() > 2) return wrong("KEY [BY]");
        int64_t by = 1;
        if (args.size() == 2) {
            KV_ASSIGN_OR_RETURN(by, parse_int64(args[1]));
        }
        batch.increment(args[0], by);
    } else if (verb == "require") {
        if (args.size() != 2) return wrong("KEY VALUE");
        batch.require_value(args[0], args[1]);
    } else if (verb == "require-absent" || verb == "require-present") {
        if (args.size() != 1) return wrong("KEY");
        if (verb == "require-absent") {
            batch.require_absent(args[0]);
        } else {
            batch.require_present(args[0]);
        }
    } else {
        return Status::invalid_argument("'" + encode_escapes(verb) +
                                        "' is not for a batch; known: put, del, incr, require, "
                                        "require-absent, require-present, end, abort");
    }
    return Status::ok();
}

void drop_batch_lines(Context& context, const std::vector<Word>& words) {
    if (context.one_shot) return;
    for (const Word& word : words) {
        client::Batch line;
        if (add_line(word.text, Escapes::kReplaced, line).is_ok() && !line.empty()) return;
    }
    std::fputs("this batch is wrong, nothing of it will be sent; `end` says why\n", stderr);
    while (true) {
        const auto line = context.read_line(kPrompt);
        if (!line.is_ok() || !line->has_value()) return;
        const auto read = split_words(**line);
        if (is_lone(read, "end") || is_lone(read, "abort")) return;
    }
}

CommandResult run_batch(Context& context, const Arguments& arguments) {
    auto options = write_options(arguments);
    if (!options.is_ok()) {
        if (arguments.words.empty()) drop_batch_lines(context, {});
        return usage_error(options.error());
    }
    client::Batch batch;
    Status status;
    if (arguments.words.empty()) {
        status = read_lines(context, batch);
    } else {
        const bool is_raw = context.one_shot && context.out.format() == Format::kRaw;
        const Escapes escapes = is_raw ? Escapes::kKept : Escapes::kReplaced;
        for (const std::string& line : arguments.words) {
            status = add_line(line, escapes, batch);
            if (!status.is_ok()) break;
        }
    }
    // A press while no read waited for a line shows only here.
    if (status.is_ok() && context.interrupt.triggered()) {
        status = Status(Code::kCancelled, "batch: interrupted; nothing was sent");
    }
    if (status.is(Code::kCancelled)) return failed(std::move(status));
    if (status.is(Code::kIoError)) return file_error(std::move(status));
    if (!status.is_ok()) return usage_error(std::move(status));
    if (batch.empty()) return usage_error("an empty batch; nothing was sent");
    auto receipt = context.client->write(batch, *options);
    if (!receipt.is_ok()) return failed(receipt.error());
    std::string text =
        "ok, " + std::to_string(batch.count()) + (batch.count() == 1 ? " change" : " changes");
    for (const int64_t counter : receipt->counters) text += "\n" + std::to_string(counter);
    context.out.result(text, nlohmann::json{{"ok", true},
                                            {"changes", batch.count()},
                                            {"seqno", receipt->last_seqno},
                                            {"counters", receipt->counters}}
                                 .dump());
    return done();
}

}  // namespace kv::cli

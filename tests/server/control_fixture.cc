// See control_fixture.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/control_fixture.h"

#include <utility>

namespace kv::server {

ControlFixture::Client& ControlFixture::client(size_t number) {
    while (clients_.size() < number) {
        auto added = std::make_unique<Client>();
        const std::string port = std::to_string(50'001 + clients_.size());
        added->handle = std::make_shared<ClientHandle>(
            shared().clients.next_id(), "10.0.0.1:" + port, "10.0.0.9:7481",
            static_cast<int>(10 + clients_.size()), clock.monotonic_us(), carrier, shared().memory,
            config.limits.unread_reply_bytes);
        added->session.client = added->handle.get();
        shared().clients.add(added->handle);
        clients_.push_back(std::move(added));
    }
    return *clients_[number - 1];
}

std::string ControlFixture::answer(const std::vector<std::string>& words, size_t number) {
    Client& asking = client(number);
    const protocol::resp::Args args(words.begin(), words.end());
    const Command* command = find_command(args[0]);
    REQUIRE(command != nullptr);
    if (has_subcommands(*command) && args.size() > 1) command = find_subcommand(*command, args[1]);
    REQUIRE(command != nullptr);
    if (!command->takes(args.size())) return "wrong number of words";
    REQUIRE(command->control != nullptr);
    asking.handle->last_command = command;
    std::string out;
    const StoreReport report = gather_report(db, true);
    ControlContext context{args,
                           asking.handle,
                           asking.session,
                           shared(),
                           out,
                           {out, static_cast<Version>(asking.handle->resp_version.load())},
                           clock.monotonic_us(),
                           &report};
    command->control(context);
    return std::exchange(asking.session.sent, {}) + out;
}

std::string ControlFixture::mail(size_t number) {
    std::string text;
    for (const Mail& mail : client(number).handle->take_mail()) {
        switch (mail.kind) {
            case Mail::Kind::kMessage:
                text += with_bars(text_of(mail));
                break;
            case Mail::Kind::kTooMuch:
                text += "TOO MUCH";
                break;
            case Mail::Kind::kNoRoom:
                text += "NO ROOM";
                break;
            case Mail::Kind::kKill:
                text += "KILL";
                break;
            case Mail::Kind::kWake:
                text += "WAKE";
                break;
        }
    }
    return text;
}

std::vector<std::string> ControlFixture::words_of(std::string_view line) {
    std::vector<std::string> words;
    while (true) {
        const size_t end = std::min(line.find(' '), line.size());
        std::string word(line.substr(0, end));
        if (word == "\"\"") word.clear();
        std::replace(word.begin(), word.end(), '_', ' ');
        words.push_back(std::move(word));
        if (end == line.size()) return words;
        line.remove_prefix(end + 1);
    }
}

std::string ControlFixture::with_bars(std::string_view answer) {
    std::string text;
    for (size_t i = 0; i < answer.size(); ++i) {
        if (answer.substr(i, 2) == "\r\n") {
            text += '|';
            ++i;
        } else {
            text += answer[i];
        }
    }
    return text;
}

std::string ControlFixture::body_of(const std::string& answer) {
    const size_t first = answer.find("\r\n") + 2;
    REQUIRE((answer.front() == '$' || answer.front() == '='));
    return answer.substr(first, answer.size() - first - 2);
}

}  // namespace kv::server

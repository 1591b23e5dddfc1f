// The session: libedit for the line, the runner for the rest.
// SPDX-License-Identifier: Apache-2.0
#include "cli/repl.h"

#include <histedit.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>

namespace kv::cli {

namespace {

constexpr int kHistoryLines = 10'000;
constexpr const char* kPrompt = "kv> ";

// What the prompt callback of libedit shows; it takes no argument of ours.
const char* current_prompt = kPrompt;
char* prompt_of(EditLine* /*editor*/) { return const_cast<char*>(current_prompt); }

std::string history_path() {
    const char* home = std::getenv("HOME");
    return home == nullptr || *home == '\0' ? "" : std::string(home) + "/.kvcli_history";
}

// SIGINT stays blocked at the prompt except inside the ppoll below, so that no press falls between
// a look and a wait; libedit's own reader would also swallow the first one.
class SigintBlocked {
  public:
    SigintBlocked() {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        pthread_sigmask(SIG_BLOCK, &set, &old_);
    }
    ~SigintBlocked() { pthread_sigmask(SIG_SETMASK, &old_, nullptr); }
    SigintBlocked(const SigintBlocked&) = delete;
    SigintBlocked& operator=(const SigintBlocked&) = delete;

  private:
    sigset_t old_;
};

// Waits for a byte of standard input. False, with errno EINTR, at Ctrl-C.
bool wait_for_input() {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    sigdelset(&mask, SIGINT);
    pollfd entry{STDIN_FILENO, POLLIN, 0};
    return ::ppoll(&entry, 1, nullptr, &mask) >= 0;
}

// Bytes that are no character in the locale are dropped, and so is NUL: Linux makes it of a Ctrl-D
// that was typed before the line was being read, and libedit would take the next key literally.
int read_character(EditLine* /*editor*/, wchar_t* out) {
    constexpr auto kNoCharacter = static_cast<size_t>(-1);
    std::mbstate_t state{};
    while (true) {
        if (!wait_for_input()) return -1;
        char byte = 0;
        const ssize_t got = ::read(STDIN_FILENO, &byte, 1);
        if (got <= 0) return static_cast<int>(got);
        const bool is_within = std::mbsinit(&state) == 0;
        size_t length = std::mbrtowc(out, &byte, 1, &state);
        if (length == kNoCharacter && is_within) {
            // It may be the bytes before it that are none.
            state = {};
            length = std::mbrtowc(out, &byte, 1, &state);
        }
        if (length == 1) return 1;
        if (length == kNoCharacter) state = {};
    }
}

std::string common_prefix(const std::vector<std::string>& words) {
    std::string prefix = words.front();
    for (const std::string& word : words) {
        const auto end = std::mismatch(prefix.begin(), prefix.end(), word.begin(), word.end());
        prefix.erase(end.first, prefix.end());
    }
    return prefix;
}

unsigned char complete(EditLine* editor, int /*key*/) {
    const LineInfo* info = el_line(editor);
    const std::string_view line(info->buffer, static_cast<size_t>(info->cursor - info->buffer));
    const std::vector<std::string> offers = completions(line);
    if (offers.empty()) return CC_REFRESH_BEEP;
    const size_t start =
        line.find_last_of(' ') == std::string_view::npos ? 0 : line.find_last_of(' ') + 1;
    std::string insert = common_prefix(offers).substr(line.size() - start);
    if (offers.size() == 1) insert += ' ';
    if (!insert.empty()) return el_insertstr(editor, insert.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
    std::fputc('\n', stdout);
    for (const std::string& offer : offers) std::printf("%s  ", offer.c_str());
    std::fputc('\n', stdout);
    return CC_REDISPLAY;
}

// One libedit editor with its history, read at the start and written at the end.
class LineEditor {
  public:
    LineEditor()
        : path_(history_path()),
          history_(history_init()),
          editor_(el_init("kvcli", stdin, stdout, stderr)) {
        HistEvent event;
        history(history_, &event, H_SETSIZE, kHistoryLines);
        history(history_, &event, H_SETUNIQUE, 1);
        if (!path_.empty()) history(history_, &event, H_LOAD, path_.c_str());
        el_set(editor_, EL_PROMPT, prompt_of);
        el_set(editor_, EL_EDITOR, "emacs");
        el_set(editor_, EL_SIGNAL, 0);
        // Ctrl-C leaves what was typed before it to be read: were it dropped between the look and
        // the read of read_character(), that would wait with SIGINT blocked.
        el_set(editor_, EL_SETTY, "-d", "+noflsh", nullptr);
        el_set(editor_, EL_GETCFN, read_character);
        el_set(editor_, EL_HIST, history, history_);
        el_set(editor_, EL_ADDFN, "kv-complete", "complete commands and options", complete);
        el_set(editor_, EL_BIND, "\t", "kv-complete", nullptr);
        el_set(editor_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
        el_source(editor_, nullptr);
    }
    ~LineEditor() {
        save();
        el_end(editor_);
        history_end(history_);
    }
    LineEditor(const LineEditor&) = delete;
    LineEditor& operator=(const LineEditor&) = delete;

    /// nullopt at Ctrl-D, kCancelled at Ctrl-C.
    InputLine read(const char* prompt) {
        current_prompt = prompt;
        const SigintBlocked blocked;
        int length = 0;
        errno = 0;
        const char* text = el_gets(editor_, &length);
        if (text == nullptr || length <= 0) {
            if (errno != EINTR) return std::optional<std::string>();
            std::fputs("^C\n", stdout);
            el_reset(editor_);
            return Status(Code::kCancelled, "interrupted");
        }
        std::string line(text, static_cast<size_t>(length));
        while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
        if (belongs_in_history(line)) {
            HistEvent event;
            history(history_, &event, H_ENTER, line.c_str());
        }
        return std::optional<std::string>(std::move(line));
    }

  private:
    void save() {
        if (path_.empty()) return;
        HistEvent event;
        // Keys and values are nobody else's business, not even for a moment.
        const mode_t old = ::umask(S_IRWXG | S_IRWXO);
        history(history_, &event, H_SAVE, path_.c_str());
        ::umask(old);
        ::chmod(path_.c_str(), S_IRUSR | S_IWUSR);
    }

    const std::string path_;
    History* history_;
    EditLine* editor_;
};

std::string greeting(const Context& context) {
    const client::ServerInfo info = context.client->server_info();
    return "kvd " + info.version + " at " + context.client_options.address +
           ". `help` explains the commands, Ctrl-D leaves.";
}

// Lines that steer the session itself. False: not one of them.
bool steer(const std::string& line, Runner& runner, bool& leave) {
    if (line == ":quit" || line == "quit" || line == "exit") {
        leave = true;
        return true;
    }
    if (line == ":timing") {
        runner.set_timing(!runner.timing());
        std::printf("timing is %s\n", runner.timing() ? "on" : "off");
        return true;
    }
    if (line.empty() || line.front() != ':') return false;
    std::printf("no such session command: %s; known: :timing :quit\n", line.c_str());
    return true;
}

}  // namespace

std::vector<std::string> completions(std::string_view line) {
    std::vector<std::string> offers;
    const size_t blank = line.find_last_of(' ');
    const std::string_view word = blank == std::string_view::npos ? line : line.substr(blank + 1);
    const size_t first_end = line.find(' ');
    if (first_end == std::string_view::npos || line.substr(0, first_end) == "help") {
        for (const Command& command : all_commands()) {
            if (command.name.starts_with(word)) offers.emplace_back(command.name);
        }
        return offers;
    }
    const Command* command = find_command(line.substr(0, first_end));
    if (command == nullptr || !word.starts_with("-")) return offers;
    for (const OptionSpec& option : command->options) {
        if (option.name.starts_with(word)) offers.emplace_back(option.name);
    }
    return offers;
}

ExitCode run_session(Context& context, Runner& runner) {
    std::setlocale(LC_CTYPE, "");
    if (const ExitCode code = runner.connect(); code != ExitCode::kOk) return code;
    LineEditor editor;
    context.read_line = [&](const char* prompt) { return editor.read(prompt); };
    std::printf("%s\n", greeting(context).c_str());
    bool leave = false;
    while (!leave) {
        std::fflush(stdout);
        const InputLine input = editor.read(kPrompt);
        if (!input.is_ok()) continue;
        const std::optional<std::string>& line = *input;
        if (!line) {
            std::fputc('\n', stdout);
            break;
        }
        if (!steer(*line, runner, leave)) (void)runner.run_line(*line);
    }
    context.read_line = nullptr;
    return ExitCode::kOk;
}

InputLine read_input_line() {
    char* buffer = nullptr;
    size_t capacity = 0;
    errno = 0;
    const ssize_t length = ::getline(&buffer, &capacity, stdin);
    const int error = errno;
    std::optional<std::string> line;
    if (length >= 0) line.emplace(buffer, static_cast<size_t>(length));
    std::free(buffer);
    // Also with a length: an interrupted read gives the part of the line that it had.
    if (std::ferror(stdin) == 0) return line;
    if (error == EINTR) return Status(Code::kCancelled, "interrupted");
    return Status::io_error(std::string("reading the standard input: ") + std::strerror(error));
}

ExitCode run_script(Context& context, Runner& runner) {
    uint64_t number = 0;
    const uint64_t presses = context.interrupt.presses();
    const auto read = [&](const char* /*prompt*/) -> InputLine {
        InputLine line = read_input_line();
        if (line.is_ok() && line->has_value()) ++number;
        return line;
    };
    context.read_line = read;
    ExitCode result = ExitCode::kOk;
    while (true) {
        InputLine line = read("");
        // A press between two commands interrupts no read and no command. At the end of the input
        // it may also have ended the program that writes the script, before it was done.
        if (line.is_ok() && context.interrupt.presses() != presses) {
            line = Status(Code::kCancelled, "interrupted");
        }
        if (!line.is_ok()) {
            print_error(line.error().with_context("script, after line " + std::to_string(number)),
                        context.out.has_colour());
            result = failed(line.error()).code;
            break;
        }
        if (!line->has_value()) break;
        const uint64_t begun = number;  // a batch takes in more lines
        const ExitCode code = runner.run_line(**line);
        if (code == ExitCode::kOk) continue;
        result = code;
        if (code == ExitCode::kNotFound) continue;
        std::fprintf(stderr, "stopped at line %llu of the script\n",
                     static_cast<unsigned long long>(begun));
        break;
    }
    context.read_line = nullptr;
    return result;
}

}  // namespace kv::cli

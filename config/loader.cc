// See loader.h. The TOML side is in toml_source.cc, the flags are in command_line.cc.
// SPDX-License-Identifier: Apache-2.0
#include "config/loader.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "config/check_config.h"
#include "config/key_table.h"

namespace kv::config {
namespace {

// Some hundred times the sample; /dev/zero has an end so.
constexpr size_t kLargestFileBytes = 1U << 20;

/// Kubernetes and Docker links put these into every container beside a service named "kvd" or
/// "kvd-...". Asked of names that are no key's.
bool is_injected_by_orchestrator(std::string_view name, std::string_view text) {
    const auto has = [&](std::string_view part) { return name.find(part) != name.npos; };
    // KVD_RESP_PORT=tcp://10.0.0.1:7481, and KVD_RESP_PORT_7481_TCP with _PROTO, _PORT and _ADDR.
    const bool is_url = text.starts_with("tcp://") || text.starts_with("udp://");
    if (name.ends_with("_PORT") && is_url) return true;
    if (has("_PORT_") && (has("_TCP") || has("_UDP"))) return true;
    if (name.ends_with("_NAME") && text.starts_with('/')) return true;
    return has("_SERVICE_HOST") || has("_SERVICE_PORT") || has("_ENV_");
}

void add_error(std::string& errors, const std::string& line) {
    if (!errors.empty()) errors += '\n';
    errors += line;
}

Status to_status(std::string errors) {
    return errors.empty() ? Status::ok() : Status::invalid_argument(std::move(errors));
}

std::string suggestion(std::string_view name) {
    const std::string_view nearest = nearest_key(name);
    return nearest.empty() ? "" : "; did you mean '" + std::string(nearest) + "'?";
}

Status unreadable(const std::string& path, int error_number) {
    std::string message = "configuration file " + path +
                          " cannot be read: " + std::strerror(error_number) +
                          (error_number == EISDIR ? "; name the file in it" : "");
    return {error_number == ENOENT ? Code::kNotFound : Code::kIoError, std::move(message)};
}

Result<std::string> read_config_file(const std::string& path) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                               &std::fclose);
    if (file == nullptr) return unreadable(path, errno);
    std::string text;
    // A directory opens like a file, and fails only when it is read.
    for (std::array<char, 4096> part; std::feof(file.get()) == 0;) {
        const size_t got = std::fread(part.data(), 1, part.size(), file.get());
        if (std::ferror(file.get()) != 0) return unreadable(path, errno);
        text.append(part.data(), got);
        if (text.size() > kLargestFileBytes) return unreadable(path, EFBIG);
    }
    return text;
}

Status apply_environment(const Environment& environment, LoadedConfig& loaded) {
    std::string errors;
    for (const auto& [name, text] : environment) {
        if (!name.starts_with("KVD_") || name == "KVD_CONFIG") continue;
        const Key* match = nullptr;
        for (const Key& key : keys()) {
            if (environment_name(key) == name) match = &key;
        }
        if (match == nullptr && is_injected_by_orchestrator(name, text)) continue;
        if (match == nullptr) {
            std::string as_key;
            for (const char c : name.substr(4)) {
                as_key += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
            }
            const std::string_view nearest = nearest_key(as_key);
            const Key* near = nearest.empty() ? nullptr : find_key(nearest);
            const std::string hint =
                near == nullptr ? "" : "; did you mean '" + environment_name(*near) + "'?";
            add_error(errors, "environment: unknown variable '" + name + "'" + hint);
            continue;
        }
        const Status status = set_value(*match, text, loaded.config);
        if (!status.is_ok()) {
            add_error(errors, "environment " + name + ": " + std::string(status.message()));
        }
        loaded.sources.insert_or_assign(std::string(match->name), "environment " + name);
    }
    return to_status(std::move(errors));
}

Status apply_flags(const CommandLine& command_line, LoadedConfig& loaded) {
    std::string errors;
    for (const auto& setting : command_line.settings) {
        const Key* key = find_key(setting.key);
        if (key == nullptr) {
            add_error(errors, setting.flag + ": unknown key '" + setting.key + "'" +
                                  suggestion(setting.key));
            continue;
        }
        const Status status = set_value(*key, setting.text, loaded.config);
        if (!status.is_ok()) {
            add_error(errors, setting.flag + ": " + std::string(status.message()));
        }
        loaded.sources.insert_or_assign(std::string(key->name), "flag " + setting.flag);
    }
    return to_status(std::move(errors));
}

std::string quote_toml(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + "\"";
}

}  // namespace

Environment process_environment() {
    Environment environment;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view line = *entry;
        const size_t equals = line.find('=');
        if (equals == std::string_view::npos) continue;
        environment.emplace_back(line.substr(0, equals), line.substr(equals + 1));
    }
    return environment;
}

Result<LoadedConfig> load(const CommandLine& command_line, const Environment& environment) {
    LoadedConfig loaded;
    for (const Key& key : keys()) loaded.sources.emplace(key.name, "default");

    std::string file = command_line.config_file;
    for (const auto& [name, text] : environment) {
        if (name == "KVD_CONFIG" && file.empty()) file = text;
    }
    std::string errors;
    if (!file.empty()) {
        KV_ASSIGN_OR_RETURN(const std::string text, read_config_file(file));
        const Status status = apply_toml(text, file, loaded);
        if (!status.is_ok()) add_error(errors, std::string(status.message()));
    }
    for (const Status& status :
         {apply_environment(environment, loaded), apply_flags(command_line, loaded)}) {
        if (!status.is_ok()) add_error(errors, std::string(status.message()));
    }
    // Cross checks on half-read settings would only repeat the errors already found.
    KV_RETURN_IF_ERROR(to_status(std::move(errors)));
    KV_RETURN_IF_ERROR(check_config(loaded.config));
    return loaded;
}

std::string print_config(const LoadedConfig& loaded) {
    std::string text;
    std::string_view section;
    for (const Key& key : keys()) {
        const size_t dot = key.name.find('.');
        const std::string_view key_section =
            dot == std::string_view::npos ? "" : key.name.substr(0, dot);
        if (key_section != section) {
            section = key_section;
            text += "\n[" + std::string(section) + "]\n";
        }
        const std::string_view bare = key.name.substr(dot == std::string_view::npos ? 0 : dot + 1);
        const std::string value = get_value(key, loaded.config);
        std::string line =
            std::string(bare) + " = " + (is_quoted(key.kind) ? quote_toml(value) : value);
        line.resize(std::max<size_t>(line.size() + 2, 44), ' ');
        const auto source = loaded.sources.find(key.name);
        text += line + "# " + (source == loaded.sources.end() ? "default" : source->second) + "\n";
    }
    return text;
}

}  // namespace kv::config

// The command line of the engine's experiments: see experiment.h.
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>
#include <string>

#include "experiment.h"

namespace kv::bench {

namespace {

using Measure = Status (*)(const ExperimentOptions&, std::ostream&);

struct Experiment {
    const char* name;
    Measure measure;
    const char* steps;  ///< What --steps are.
};

constexpr Experiment kExperiments[] = {
    {"level0", measure_level0, "Tables of level 0, ascending"},
    {"filters", measure_filters, "Filter bits a key"},
    {"manifest", measure_manifest, "Live files"},
    {"open", measure_open, "Tables, about"},
    {"replay", measure_replay, "Bytes of each value"},
};

int run(int argc, char** argv) {
    CLI::App app("Experiments on kvd's engine; scripts/experiments runs and draws them");
    app.require_subcommand(1);
    ExperimentOptions options;
    Status status;
    for (const Experiment& experiment : kExperiments) {
        CLI::App& command = *app.add_subcommand(experiment.name, "");
        command.add_option("--db", options.db, "A directory that is missing or empty")->required();
        command.add_option("--steps", options.steps, experiment.steps)->delimiter(',')->required();
        command.add_option("--num", options.num, "Keys of the store");
        command.add_option("--count", options.count, "Measured operations of each step");
        command.add_option("--rounds", options.rounds, "Of each step; the median counts");
        command.add_option("--seed", options.seed, "Of the random keys");
        command.callback([&] { status = experiment.measure(options, std::cout); });
    }
    CLI11_PARSE(app, argc, argv);
    if (!status.is_ok()) std::cerr << "kv_experiment: " << status.to_string() << "\n";
    return status.is_ok() ? 0 : 1;
}

}  // namespace

}  // namespace kv::bench

int main(int argc, char** argv) { return kv::bench::run(argc, argv); }

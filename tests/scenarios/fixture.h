// A scenario from text, for tests: loads, overrides, and tells errors as the command line would.
#ifndef DENALI_TESTS_SCENARIOS_FIXTURE_H
#define DENALI_TESTS_SCENARIOS_FIXTURE_H

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

extern "C" {
#include "scenarios/scenario.h"
}

struct ScenarioDelete {
    void operator()(scn_scenario *scenario) const
    {
        scn_scenario_destroy(scenario);
    }
};
using Scenario = std::unique_ptr<scn_scenario, ScenarioDelete>;

struct Overrides {
    std::vector<std::string> sets;
    std::string seed;
    std::string nodes;
};

// The scenario, or null with message as a person would see it.
inline Scenario load(const std::string &text, std::string *message = nullptr,
                     const Overrides &overrides = {}, const char *path = "test.yaml")
{
    struct error error = ERROR_INIT;
    scn_file *file = nullptr;
    scn_scenario *scenario = nullptr;
    enum status status = scn_open_text(&file, path, text.data(), text.size(), &error);
    for (const std::string &set : overrides.sets) {
        if (status == STATUS_OK) {
            status = scn_set(file, set.c_str(), &error);
        }
    }
    if (status == STATUS_OK && !overrides.seed.empty()) {
        status = scn_set_seed(file, overrides.seed.c_str(), &error);
    }
    if (status == STATUS_OK && !overrides.nodes.empty()) {
        status = scn_set_nodes(file, overrides.nodes.c_str(), &error);
    }
    if (status == STATUS_OK) {
        status = scn_resolve(file, &scenario, &error);
    }
    scn_close(file);
    if (message != nullptr) {
        char line[1024] = "";
        if (status != STATUS_OK) {
            error_format(&error, line, sizeof line);
        }
        *message = line;
    }
    return Scenario(scenario);
}

inline std::string error_of(const std::string &text, const Overrides &overrides = {})
{
    std::string message;
    Scenario scenario = load(text, &message, overrides);
    return scenario ? "no error" : message;
}

inline std::string resolved(const scn_scenario *scenario,
                            const scn_write_options *options = nullptr)
{
    char *text = nullptr;
    size_t size_bytes = 0;
    struct error error = ERROR_INIT;
    FILE *stream = open_memstream(&text, &size_bytes);
    enum status status = scn_write_resolved(scenario, stream, options, &error);
    fclose(stream);
    std::string result = status == STATUS_OK ? std::string(text, size_bytes) : error.message;
    free(text);
    return result;
}

// Line by line, so that a test's expected line numbers can be counted.
inline const std::string kSmall = "general:\n"           // 1
                                  "  duration: 10s\n"    // 2
                                  "networks:\n"          // 3
                                  "  - name: net\n"      // 4
                                  "    type: wan\n"      // 5
                                  "    delay: 20ms\n"    // 6
                                  "groups:\n"            // 7
                                  "  - name: peers\n"    // 8
                                  "    image: peer\n"    // 9
                                  "    network: net\n"   // 10
                                  "    count: 4\n"       // 11
                                  "  - name: lone\n"     // 12
                                  "    image: watch\n"   // 13
                                  "    network: none\n"  // 14
                                  "expectations:\n"      // 15
                                  "  - metric: a.b\n"    // 16
                                  "    at_least: 0.5\n"; // 17

// kSmall with one piece of text replaced.
inline std::string small_with(const std::string &from, const std::string &to)
{
    std::string text = kSmall;
    size_t at = text.find(from);
    if (at == std::string::npos) {
        abort(); // the test is wrong
    }
    return text.replace(at, from.size(), to);
}

#endif

// Fuzz target: a hostile experiment file. Whatever the text, loading ends; what is accepted keeps
// the invariants that emu relies on.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" {
#include "scenarios/experiment.h"
}

namespace
{

void require(bool condition, const char *what)
{
    if (!condition) {
        std::fprintf(stderr, "experiment_fuzz: %s\n", what);
        std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    struct error error = ERROR_INIT;
    scn_experiment *experiment = nullptr;
    // The corpus names /etc/passwd as the scenario: a file that is there; it is not read.
    enum status status = scn_experiment_load_text(
        &experiment, "/etc/in.yaml", reinterpret_cast<const char *>(data), size_bytes, &error);
    require((status == STATUS_OK) == (experiment != nullptr), "an experiment comes with success");
    if (!experiment) {
        require(error.status == status && error.message[0] != '\0', "an error says what is wrong");
        require(std::strchr(error.message, '\n') == nullptr, "an error is one line");
        return 0;
    }
    require(experiment->value_count > 0 && experiment->small_count > 0, "values");
    require(experiment->series_count > 0 && experiment->measure_count > 0, "series, measures");
    for (uint32_t i = 0; i < experiment->measure_count; i++) {
        require(experiment->measures[i].each_bytes > 0, "what is cached takes room");
    }
    for (uint32_t i = 0; i < experiment->claim_count; i++) {
        const scn_claim &claim = experiment->claims[i];
        require(scn_experiment_series(experiment, claim.series) < experiment->series_count &&
                    scn_experiment_measure(experiment, claim.measure) < experiment->measure_count,
                "a claim's series and measure are there");
        require(!claim.by ||
                    scn_experiment_measure(experiment, claim.by) < experiment->measure_count,
                "and so is the measure that it is divided by");
        require(claim.at_least.text || claim.at_most.text, "a claim can fail");
    }
    scn_experiment_destroy(experiment);
    return 0;
}

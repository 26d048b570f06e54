/* `denali check`: validates a scenario and prints it with every default filled. */
#include <stdio.h>
#include <string.h>

#include "runs.h"

static const struct cli_option options[] = {
    {"seed", "N", "another seed than the scenario's", false},
    {"nodes", "N", "so many nodes in all, by the group that scales", false},
    {"set", "PATH=VALUE", "another value for a field", true},
    {"param", "NAME=VALUE", "another value for a parameter", true},
    {"until", "TIME", "end at this virtual time instead, e.g. 20s", false},
    {"quiet", NULL, "print nothing if the scenario is good", false},
    {NULL, NULL, NULL, false},
};

static int check(const struct cli_arguments *arguments)
{
    char shipped[CLI_PATH_MAX];
    const char *scenario_path =
        cli_scenario_path(&cli_check_verb, arguments->positional[0], NULL, shipped);
    if (!scenario_path) {
        return CLI_EXIT_BAD_INPUT;
    }
    struct cli_run run;
    if (!cli_run_read(&cli_check_verb, arguments, &run)) {
        return CLI_EXIT_BAD_INPUT;
    }
    run.options.scenario_path = scenario_path;
    /* A world is made too, so that images and matrices are read and judged as a run would. */
    struct error error = ERROR_INIT;
    struct scn_scenario *scenario = NULL;
    struct emu_world *world = NULL;
    struct emu_world_options world_options = {.image_directory = run.options.image_directory};
    enum status status = emu_run_scenario_load(&run.options, &scenario, &error);
    if (!status) {
        status = emu_world_create(scenario, &world_options, &world, &error);
    }
    if (!status && !cli_flag(arguments, "quiet")) {
        status = scn_write_resolved(scenario, stdout, NULL, &error);
    }
    emu_world_destroy(world);
    scn_scenario_destroy(scenario);
    if (status && strcmp(error.file, scenario_path) == 0) {
        cli_hidden_tell(scenario_path, false, &error);
    }
    return status ? cli_fail(&error) : CLI_EXIT_OK;
}

const struct cli_verb cli_check_verb = {
    .name = "check",
    .summary = "validate a scenario and print it with every default filled",
    .usage = "[OPTIONS] SCENARIO.yaml",
    .description = "Reads the scenario, its images and its topologies as `denali run` would, says "
                   "what is wrong\nwith file, line and field, or prints the resolved scenario.",
    .options = options,
    .examples = "  denali check echo.yaml\n"
                "  denali check kademlia-planetlab.yaml --nodes 5000 --quiet\n",
    .arguments_min = 1,
    .arguments_max = 1,
    .run = check,
};

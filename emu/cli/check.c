/* `denali check`: validates a scenario and prints it with every default filled. */
#include <emu/run.h>

#include <stdio.h>
#include <string.h>

#include "cli.h"

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
        cli_scenario_path(&cli_check_verb, arguments->positional[0], shipped);
    if (!scenario_path) {
        return CLI_EXIT_BAD_INPUT;
    }
    const char *sets[CLI_VALUES_MAX];
    uint32_t set_count = cli_values(arguments, "set", sets);
    const char *parameters[CLI_VALUES_MAX];
    uint32_t parameter_count = cli_values(arguments, "param", parameters);
    struct emu_run_options run_options = {
        .scenario_path = scenario_path,
        .sets = sets,
        .set_count = set_count,
        .parameters = parameters,
        .parameter_count = parameter_count,
        .seed = cli_value(arguments, "seed"),
        .nodes = cli_value(arguments, "nodes"),
        .until = cli_value(arguments, "until"),
    };
    /* A world is made too, so that images and matrices are read and judged as a run would. */
    struct error error = ERROR_INIT;
    struct scn_scenario *scenario = NULL;
    struct emu_world *world = NULL;
    char images[CLI_PATH_MAX];
    struct emu_world_options world_options = {.image_directory = cli_image_directory(images)};
    enum status status = emu_run_scenario_load(&run_options, &scenario, &error);
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

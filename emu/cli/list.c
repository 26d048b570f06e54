/* `denali list`: what this build has, from the tables the code uses. */
#include <stdio.h>
#include <string.h>

#include <devices/device.h>
#include <vcpu/engine.h>

#include "cli.h"

static const struct cli_option options[] = {{NULL, NULL, NULL, false}};

static void list_engines(void)
{
    for (const struct vcpu_engine_ops *const *engine = vcpu_engines(); *engine; engine++) {
        printf("%-12s %s\n", (*engine)->name, (*engine)->summary);
    }
}

static void list_devices(void)
{
    for (int i = 0; i < DEV_COUNT; i++) {
        printf("%-12s %s\n", dev_table[i]->name, dev_table[i]->summary);
    }
}

static void list_names(const char *directory, const char *suffix, const char *none)
{
    char **names;
    uint32_t count = cli_names_list(directory, suffix, &names);
    if (!count) {
        printf("(none in %s%s)\n", directory, none);
    }
    for (uint32_t i = 0; i < count; i++) {
        printf("%s\n", names[i]);
    }
    cli_names_free(names, count);
}

static void list_images(void)
{
    char path[CLI_PATH_MAX];
    list_names(cli_image_directory(path), ".img",
               ": build the guest kit with ./quickstart --build-only");
}

static void list_scenarios(void)
{
    char path[CLI_PATH_MAX];
    list_names(cli_shipped_directory("scenarios", path), ".yaml", "");
}

static int list(const struct cli_arguments *arguments)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } subjects[] = {{"engines", list_engines},
                    {"devices", list_devices},
                    {"images", list_images},
                    {"scenarios", list_scenarios}};
    const char *wanted = arguments->positional_count ? arguments->positional[0] : NULL;
    bool found = false;
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        if (!wanted || strcmp(wanted, subjects[i].name) == 0) {
            if (!wanted) {
                printf("%s%s:\n", i ? "\n" : "", subjects[i].name);
            }
            subjects[i].print();
            found = true;
        }
    }
    if (!found) {
        fprintf(stderr, "denali: list: `%s`; expected engines, devices, images or scenarios\n",
                wanted);
        return CLI_EXIT_BAD_INPUT;
    }
    return CLI_EXIT_OK;
}

const struct cli_verb cli_list_verb = {
    .name = "list",
    .summary = "list engines, devices, guest images and scenarios",
    .usage = "[engines|devices|images|scenarios]",
    .description = "Lists what this build has.",
    .options = options,
    .examples = "  denali list\n  denali list images\n",
    .arguments_min = 0,
    .arguments_max = 1,
    .run = list,
};

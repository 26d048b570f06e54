/* `denali list`: what this build has, from the tables the code uses. */
#include <stdio.h>
#include <string.h>

#include <devices/device.h>
#include <scenarios/scenario.h>
#include <vcpu/engine.h>
#include <vcpu/program.h>

#include "cli.h"

static const struct cli_option options[] = {{NULL, NULL, NULL, false}};

static void list_engines(void)
{
    for (const struct vcpu_engine_ops *const *engine = vcpu_engines(); *engine; engine++) {
        printf("%-12s %s\n", (*engine)->name, (*engine)->summary);
    }
}

static void list_region(const struct dev_region *region)
{
    printf("%-12s port %02x:", "", region->port);
    if (region->in_bytes) {
        printf(" in %u", region->in_bytes * 8);
    }
    if (region->out_bytes) {
        printf("%s out %u", region->in_bytes ? "," : "", region->out_bytes * 8);
    }
    putchar('\n');
}

/* The number of the lowest bit. */
static int bit_of(uint32_t mask)
{
    return __builtin_ctz(mask);
}

static void list_devices(void)
{
    printf("%-12s %s\n", "registers", "the page at 1000: aligned 32-bit moves only");
    for (const struct dev_register_name *known = dev_register_names; known->name; known++) {
        printf("%-12s %03x %s\n", "", known->offset, known->name);
    }
    for (int i = 0; i < DEV_COUNT; i++) {
        const struct dev_ops *ops = dev_table[i];
        printf("%-12s %s\n", ops->name, ops->summary);
        for (uint32_t j = 0; j < ops->region_count; j++) {
            list_region(&ops->regions[j]);
        }
        if (ops->feature) {
            printf("%-12s feature bit %d\n", "", bit_of(ops->feature));
        }
        if (ops->interrupts) {
            printf("%-12s interrupt bit %d\n", "", bit_of(ops->interrupts));
        }
    }
}

/* --- what comes with denali ------------------------------------------------------------------- */

/* One of several files of a kind; name is without its suffix. */
typedef void list_file(const char *path, const char *name);

static void list_files(const char *directory, const char *suffix, const char *none,
                       list_file *print)
{
    char **names;
    uint32_t count = cli_names_list(directory, suffix, &names);
    uint32_t shown = 0;
    for (uint32_t i = 0; i < count; i++) {
        char path[CLI_PATH_MAX + 256];
        if (strncmp(names[i], "test_", 5) != 0) { /* of the test suite, not for users */
            snprintf(path, sizeof path, "%s/%s%s", directory, names[i], suffix);
            print(path, names[i]);
            shown++;
        }
    }
    if (!shown) {
        printf("(none in %s%s)\n", directory, none);
    }
    cli_names_free(names, count);
}

static void list_image(const char *path, const char *name)
{
    struct error error = ERROR_INIT;
    struct vcpu_program *program;
    if (vcpu_program_load(path, &program, &error)) {
        printf("%-20s cannot be booted: %s\n", name, error.message);
        return;
    }
    uint32_t private_bytes = 0;
    for (uint32_t i = 0; i < program->segment_count; i++) {
        private_bytes += program->segments[i].writable ? program->segments[i].memory_bytes : 0;
    }
    printf("%-20s from %u KiB of memory, %u KiB of it data\n", name, (program->end + 1023) / 1024,
           (private_bytes + 1023) / 1024);
    vcpu_program_destroy(program);
}

static void list_images(void)
{
    char path[CLI_PATH_MAX];
    list_files(cli_image_directory(path), ".img",
               ": build the guest kit with ./quickstart --build-only", list_image);
}

static void list_scenario(const char *path, const char *name)
{
    struct error error = ERROR_INIT;
    struct scn_scenario *scenario = NULL;
    if (scn_load(&scenario, path, &error)) {
        printf("%-20s cannot be run: %s\n", name, error.message);
        return;
    }
    printf("%-20s %u node%s; ", name, scenario->node_count, scenario->node_count == 1 ? "" : "s");
    /* A description of several lines is told in one. */
    for (const char *c = scenario->description; *c; c++) {
        if (*c != '\n') {
            putchar(*c);
        } else if (c[1]) {
            putchar(' ');
        }
    }
    putchar('\n');
    scn_scenario_destroy(scenario);
}

static void list_scenarios(void)
{
    char path[CLI_PATH_MAX];
    list_files(cli_shipped_directory("scenarios", path), ".yaml", "", list_scenario);
}

static void list_options(void)
{
    for (const struct cli_verb *const *verb = cli_verbs; *verb; verb++) {
        printf("%s %s\n", (*verb)->name, (*verb)->usage);
        for (const struct cli_option *option = (*verb)->options; option->name; option++) {
            char left[64];
            snprintf(left, sizeof left, "--%s%s%s", option->name, option->argument ? " " : "",
                     option->argument ? option->argument : "");
            printf("    %-28s %s\n", left, option->help);
        }
    }
}

static int list(const struct cli_arguments *arguments)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } subjects[] = {{"engines", list_engines},
                    {"devices", list_devices},
                    {"images", list_images},
                    {"scenarios", list_scenarios},
                    {"options", list_options}};
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
        const char *names[sizeof subjects / sizeof *subjects];
        for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
            names[i] = subjects[i].name;
        }
        fprintf(stderr,
                "denali: list: `%s`; expected engines, devices, images, scenarios or options",
                wanted);
        cli_suggest(wanted, names, sizeof names / sizeof *names);
        return CLI_EXIT_BAD_INPUT;
    }
    return CLI_EXIT_OK;
}

const struct cli_verb cli_list_verb = {
    .name = "list",
    .summary = "list engines, devices, guest images, scenarios and options",
    .usage = "[engines|devices|images|scenarios|options]",
    .description = "Lists what this build has: numbers of devices are those of docs/isa.md, ports "
                   "and addresses in\nhexadecimal, widths in bits.",
    .options = options,
    .examples = "  denali list\n  denali list images\n  denali list devices\n",
    .arguments_min = 0,
    .arguments_max = 1,
    .run = list,
};

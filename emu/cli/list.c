/* `denali list`: what this build has, from the tables the code uses. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
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

static int image_name(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 4 && strcmp(entry->d_name + length - 4, ".img") == 0;
}

static void list_images(void)
{
    char path[4096];
    const char *directory = cli_image_directory(path, sizeof path);
    struct dirent **entries = NULL;
    int count = scandir(directory, &entries, image_name, alphasort);
    if (count <= 0) {
        printf("(no images in %s: build the guest kit with ./quickstart --build-only)\n",
               directory);
    }
    for (int i = 0; i < count; i++) {
        printf("%.*s\n", (int)strlen(entries[i]->d_name) - 4, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

static int list(const struct cli_arguments *arguments)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } subjects[] = {{"engines", list_engines}, {"devices", list_devices}, {"images", list_images}};
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
        fprintf(stderr, "denali: list: `%s`; expected engines, devices or images\n", wanted);
        return CLI_EXIT_BAD_INPUT;
    }
    return CLI_EXIT_OK;
}

const struct cli_verb cli_list_verb = {
    .name = "list",
    .summary = "list engines, devices and guest images",
    .usage = "[engines|devices|images]",
    .description = "Lists what this build has.",
    .options = options,
    .examples = "  denali list\n  denali list images\n",
    .arguments_min = 0,
    .arguments_max = 1,
    .run = list,
};

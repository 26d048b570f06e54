/*
 * What comes with denali, guest images and scenarios, and where it is: in a build folder beside
 * the executable, in an installation in share/denali of the same prefix, wherever that was moved.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <base/alloc.h>

#include "cli.h"

const char *cli_shipped_directory(const char *kind, char path[CLI_PATH_MAX])
{
    char folder[CLI_PATH_MAX - 256];
    ssize_t length = readlink("/proc/self/exe", folder, sizeof folder - 1);
    folder[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash) {
        *slash = '\0';
    }
    snprintf(path, CLI_PATH_MAX, "%s/" DENALI_SHARE_FROM_BIN "/%s", folder, kind);
    if (access(path, F_OK) != 0) {
        snprintf(path, CLI_PATH_MAX, "%s/%s", folder, kind);
    }
    return path;
}

const char *cli_image_directory(char path[CLI_PATH_MAX])
{
    const char *set = getenv("DENALI_IMAGES");
    return set && *set ? set : cli_shipped_directory("images", path);
}

static bool ends_with(const char *text, const char *suffix)
{
    size_t length = strlen(text);
    size_t end = strlen(suffix);
    return length > end && strcmp(text + length - end, suffix) == 0;
}

uint32_t cli_names_list(const char *directory, const char *suffix, char ***names)
{
    struct dirent **entries = NULL;
    int found = scandir(directory, &entries, NULL, alphasort);
    uint32_t count = 0;
    *names = alloc_zeroed(found > 0 ? (size_t)found : 1, sizeof **names);
    for (int i = 0; i < found; i++) {
        if (ends_with(entries[i]->d_name, suffix)) {
            char *name = alloc_text(entries[i]->d_name);
            name[strlen(name) - strlen(suffix)] = '\0';
            (*names)[count++] = name;
        }
        free(entries[i]);
    }
    free(entries);
    return count;
}

void cli_names_free(char **names, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        free(names[i]);
    }
    free(names);
}

static bool is_shipped(const char *folder, const char *argument, const char *suffix)
{
    char path[CLI_PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/%s%s", folder, argument,
                          ends_with(argument, suffix) ? "" : suffix);
    return length < (int)sizeof path && access(path, F_OK) == 0;
}

void cli_hidden_tell(const char *argument, bool is_image, struct error *error)
{
    char path[CLI_PATH_MAX];
    const char *folder =
        is_image ? cli_image_directory(path) : cli_shipped_directory("scenarios", path);
    if (strchr(argument, '/') || access(argument, F_OK) != 0 ||
        !is_shipped(folder, argument, is_image ? ".img" : ".yaml")) {
        return;
    }
    struct error told = ERROR_INIT;
    error_set(&told, error->status, error->file[0] ? error->file : NULL, error->line,
              "%s; the file ./%s hides the %s of that name that comes with denali", error->message,
              argument, is_image ? "program" : "scenario");
    *error = told;
}

const char *cli_scenario_path(const struct cli_verb *verb, const char *argument,
                              const char *expected, char path[CLI_PATH_MAX])
{
    if (strchr(argument, '/') || access(argument, F_OK) == 0) {
        return argument; /* what is wrong with it, if anything is, scn_open says */
    }
    char folder[CLI_PATH_MAX];
    cli_shipped_directory("scenarios", folder);
    const char *suffix = ends_with(argument, ".yaml") ? "" : ".yaml";
    int length = snprintf(path, CLI_PATH_MAX, "%s/%s%s", folder, argument, suffix);
    if (length < (int)CLI_PATH_MAX && access(path, F_OK) == 0) {
        return path;
    }
    fprintf(stderr,
            "denali: %s: %s: No such file or directory, nor does a scenario of that name come with "
            "denali (`denali list scenarios`)%s%s",
            verb->name, argument, expected ? "; expected " : "", expected ? expected : "");
    char **names;
    uint32_t count = cli_names_list(folder, *suffix ? ".yaml" : "", &names);
    cli_suggest(argument, (const char *const *)names, count);
    cli_names_free(names, count);
    return NULL;
}

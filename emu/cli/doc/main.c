/*
 * Writes what is installed beside the command into a folder:
 *
 *     cli_doc OUT RUN_DIRECTORY.md [CC_HELP]
 *
 * man/man1/denali.1 and denali-VERB.1 from the option tables, denali-cc.1 from what its --help
 * printed into CC_HELP; man/man5/denali-scenario.5 from the schema, denali-run-directory.5 from
 * docs/run-directory.md; completions for bash and zsh.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <scenarios/scenario.h>

#include "doc.h"

static const char *out;

static void fail(const char *path)
{
    fprintf(stderr, "cli_doc: %s: %s\n", path, strerror(errno));
    exit(EXIT_FAILURE);
}

/* Standard output is a file in the folder from here on. */
static void begin(const char *folder, const char *name, const char *suffix)
{
    char path[CLI_PATH_MAX];
    snprintf(path, sizeof path, "%s/%s/%s%s", out, folder, name, suffix);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0777) && errno != EEXIST) {
            fail(path);
        }
        *slash = '/';
    }
    if (ferror(stdout) || !freopen(path, "w", stdout)) {
        fail(path);
    }
}

static FILE *open_input(const char *path)
{
    FILE *input = fopen(path, "r");
    if (!input) {
        fail(path);
    }
    return input;
}

static void scenario_page(void)
{
    char *text = NULL;
    size_t size_bytes = 0;
    struct error error = ERROR_INIT;
    FILE *stream = open_memstream(&text, &size_bytes);
    if (!stream || scn_write_reference(stream, &error) || fclose(stream)) {
        fail("denali-scenario.5");
    }
    FILE *document = fmemopen(text, size_bytes, "r");
    if (!document) {
        fail("denali-scenario.5");
    }
    man_of_markdown("denali-scenario", "scenario files of denali", document);
    fclose(document);
    free(text);
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: cli_doc OUT RUN_DIRECTORY.md [CC_HELP]\n");
        return EXIT_FAILURE;
    }
    out = argv[1];
    begin("man/man1", "denali", ".1");
    man_command();
    for (const struct cli_verb *const *verb = cli_verbs; *verb; verb++) {
        char name[64];
        snprintf(name, sizeof name, "denali-%s", (*verb)->name);
        begin("man/man1", name, ".1");
        man_verb(*verb);
    }
    if (argc == 4) {
        FILE *help = open_input(argv[3]);
        begin("man/man1", "denali-cc", ".1");
        man_of_help(help);
        fclose(help);
    }
    begin("man/man5", "denali-scenario", ".5");
    scenario_page();
    FILE *document = open_input(argv[2]);
    begin("man/man5", "denali-run-directory", ".5");
    man_of_markdown("denali-run-directory", "what a run of denali leaves", document);
    fclose(document);
    begin("bash", "denali", "");
    completion_bash();
    begin("zsh", "_denali", "");
    completion_zsh();
    if (fflush(stdout) || ferror(stdout)) {
        fail(out);
    }
    return EXIT_SUCCESS;
}

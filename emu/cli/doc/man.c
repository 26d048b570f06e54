/* Man pages of the command and its verbs, from their tables. */
#include <ctype.h>
#include <string.h>

#include <emu/run.h>

#include "doc.h"

void man_title(const char *name, int section)
{
    printf(".\\\" Printed by cli_doc when denali was built; do not edit.\n.TH \"");
    for (const char *c = name; *c; c++) {
        putchar(toupper((unsigned char)*c));
    }
    /* No date: the same sources give the same page. */
    printf("\" \"%d\" \"\" \"denali %s\" \"Denali\"\n.nh\n.ad l\n", section, emu_version());
}

void man_text(const char *text)
{
    bool line_begins = true;
    for (const char *c = text; *c; c++) {
        if (line_begins && (*c == '.' || *c == '\'')) {
            fputs("\\&", stdout);
        }
        if (*c == '\\') {
            fputs("\\e", stdout);
        } else if (*c == '-') {
            fputs("\\-", stdout); /* a minus, which can be copied into a shell */
        } else if (*c == '`') {
            fputs("\\(ga", stdout);
        } else if (*c == '\'') {
            fputs("\\(aq", stdout);
        } else {
            putchar(*c);
        }
        line_begins = *c == '\n';
    }
}

void man_code(const char *lines)
{
    printf(".PP\n.nf\n.ft CW\n");
    man_text(lines);
    printf(".ft R\n.fi\n");
}

static void section(const char *name)
{
    printf(".SH %s\n", name);
}

/* A term in bold, an argument of it in italics, and what it means. */
static void entry(const char *before, const char *term, const char *argument, const char *meaning)
{
    printf(".TP\n\\fB");
    man_text(before);
    man_text(term);
    printf("\\fR");
    if (argument) {
        printf(" \\fI");
        man_text(argument);
        printf("\\fR");
    }
    printf("\n");
    man_text(meaning);
    printf("\n");
}

static void exit_codes(const char *verb)
{
    section("EXIT STATUS");
    for (const struct cli_exit *exit = cli_exits; exit->code; exit++) {
        /* "boot: the guest's own" is told where it is true. */
        const char *colon = strstr(exit->meaning, ": ");
        size_t length = colon ? (size_t)(colon - exit->meaning) : 0;
        bool of_verb =
            verb && colon && strlen(verb) == length && strncmp(verb, exit->meaning, length) == 0;
        if (!verb || !colon || of_verb) {
            entry("", exit->code, NULL, of_verb ? colon + 2 : exit->meaning);
        }
    }
}

static void see_also(const char *but)
{
    section("SEE ALSO");
    if (but) {
        printf(".BR denali (1),\n");
    }
    for (const struct cli_verb *const *verb = cli_verbs; *verb; verb++) {
        if (!but || strcmp(but, (*verb)->name) != 0) {
            printf(".BR denali\\-%s (1),\n", (*verb)->name);
        }
    }
    if (!but || strcmp(but, "cc") != 0) {
        printf(".BR denali\\-cc (1),\n");
    }
    printf(".BR denali\\-scenario (5),\n.BR denali\\-run\\-directory (5)\n");
}

void man_command(void)
{
    man_title("denali", 1);
    section("NAME");
    printf("denali \\- ");
    man_text(cli_summary);
    printf("\n");
    section("SYNOPSIS");
    printf("\\fBdenali\\fR \\fIVERB\\fR [\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]\n");
    section("DESCRIPTION");
    man_text(cli_description);
    section("VERBS");
    for (const struct cli_verb *const *verb = cli_verbs; *verb; verb++) {
        entry("", (*verb)->name, (*verb)->usage, (*verb)->summary);
    }
    section("OPTIONS");
    entry("--", "help", NULL, "print what there is, and exit; after a verb, what that takes");
    entry("--", "version", NULL, "print which denali this is, and exit");
    exit_codes(NULL);
    section("ENVIRONMENT");
    entry("", "DENALI_IMAGES", NULL, "the folder of guest images, instead of the installed one");
    entry("", "DENALI_KIT", NULL, "the folder of the guest kit, for denali-cc");
    section("EXAMPLES");
    man_code(cli_examples);
    see_also(NULL);
}

void man_verb(const struct cli_verb *verb)
{
    char name[64];
    snprintf(name, sizeof name, "denali-%s", verb->name);
    man_title(name, 1);
    section("NAME");
    man_text(name);
    printf(" \\- ");
    man_text(verb->summary);
    printf("\n");
    section("SYNOPSIS");
    printf("\\fBdenali %s\\fR ", verb->name);
    man_text(verb->usage);
    printf("\n");
    section("DESCRIPTION");
    man_text(verb->description);
    printf("\n");
    section("OPTIONS");
    for (const struct cli_option *option = verb->options; option->name; option++) {
        entry("--", option->name, option->argument, option->help);
        if (option->repeats) {
            printf("(may be given several times)\n");
        }
    }
    entry("--", "help", NULL, "print the verb's options, and exit");
    exit_codes(verb->name);
    section("EXAMPLES");
    man_code(verb->examples);
    see_also(verb->name);
}

void man_of_help(FILE *help)
{
    char line[1024];
    char code[16384] = "";
    man_title("denali-cc", 1);
    section("NAME");
    if (fgets(line, sizeof line, help)) {
        char *dash = strstr(line, " - ");
        if (dash) {
            *dash = '\0';
            man_text(line);
            printf(" \\- ");
            man_text(dash + 3);
        }
    }
    section("DESCRIPTION");
    while (fgets(line, sizeof line, help)) {
        size_t length = strlen(code);
        snprintf(code + length, sizeof code - length, "%s", line);
    }
    man_code(code + strspn(code, "\n"));
    see_also("cc");
}

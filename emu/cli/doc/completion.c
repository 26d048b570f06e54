/*
 * Completions for bash and zsh. What depends on the build (verbs, options) is written out from the
 * tables; what depends on the machine (engines, images, scenarios) the shell asks `denali list`.
 */
#include <ctype.h>
#include <string.h>

#include "doc.h"

const char *verb_argument(const struct cli_verb *verb, char argument[CLI_PATH_MAX])
{
    const char *usage = verb->usage;
    if (strncmp(usage, "[OPTIONS]", 9) == 0) {
        usage += 9;
    }
    usage += strspn(usage, " [");
    if (usage[0] == '-') { /* options that must be given stand before it */
        usage = strrchr(usage, ' ') + 1;
    }
    snprintf(argument, CLI_PATH_MAX, "%.*s", (int)strcspn(usage, " ]"), usage);
    if (!verb->arguments_max) {
        argument[0] = '\0';
    }
    return argument;
}

/* --- bash --------------------------------------------------------------------------------------
 */

static const char bash_values[] =
    "# The values of a kind that begin with $2; kinds are what `denali VERB --help` calls them.\n"
    "_denali_values() {\n"
    "    case $1 in\n"
    "    ENGINE) compgen -W \"$(_denali_list engines)\" -- \"$2\" ;;\n"
    "    IMAGE) compgen -W \"$(_denali_list images)\" -- \"$2\"; _denali_files \"$2\" '*.img' ;;\n"
    "    SCENARIO.yaml)\n"
    "        compgen -W \"$(_denali_list scenarios)\" -- \"$2\"\n"
    "        _denali_files \"$2\" '*.yaml'\n"
    "        ;;\n"
    "    DIR) compgen -d -- \"$2\" ;;\n"
    "    FILE | 'DIR|FILE') compgen -f -- \"$2\" ;;\n"
    "    *'|'*) compgen -W \"${1//|/ }\" -- \"$2\" ;;\n"
    "    esac\n"
    "}\n"
    "\n"
    "# Folders, and files of one pattern.\n"
    "_denali_files() {\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    compgen -d -- \"$1\"\n"
    "    compgen -f -X \"!$2\" -- \"$1\"\n"
    "}\n"
    "\n"
    "# The first words of `denali list KIND`; what is in parentheses says that there are none.\n"
    "_denali_list() {\n"
    "    \"${COMP_WORDS[0]}\" list \"$1\" 2>/dev/null | awk 'NF && !/^[( ]/ { print $1 }'\n"
    "}\n"
    "\n";

static const char bash_main[] =
    "_denali() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} verb=\"\" i\n"
    "    COMPREPLY=()\n"
    "    # --option=value comes as three words.\n"
    "    if [[ $cur == = ]]; then\n"
    "        cur=\n"
    "    elif [[ $prev == = ]]; then\n"
    "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    fi\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        if [[ ${COMP_WORDS[i]} == -- ]]; then\n"
    "            mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
    "            return\n"
    "        fi\n"
    "        [[ -n $verb || ${COMP_WORDS[i]} == -* ]] || verb=${COMP_WORDS[i]}\n"
    "    done\n"
    "    if [[ -z $verb ]]; then\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$(_denali_verbs) --help --version\" -- "
    "\"$cur\")\n"
    "        return\n"
    "    fi\n"
    "    local kind\n"
    "    kind=$(_denali_option \"$verb\" \"$prev\")\n"
    "    if [[ -n $kind ]]; then\n"
    "        mapfile -t COMPREPLY < <(_denali_values \"$kind\" \"$cur\")\n"
    "    elif [[ $cur == -* ]]; then\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$(_denali_options \"$verb\") --help\" -- "
    "\"$cur\")\n"
    "    else\n"
    "        mapfile -t COMPREPLY < <(_denali_values \"$(_denali_argument \"$verb\")\" \"$cur\")\n"
    "    fi\n"
    "}\n"
    "\n"
    "complete -F _denali denali\n";

void completion_bash(void)
{
    char argument[CLI_PATH_MAX];
    printf("# shellcheck shell=bash\n"
           "# Completion of denali for bash, printed by cli_doc when denali was built.\n\n"
           "_denali_verbs() {\n    echo");
    for (const struct cli_verb *const *verb = cli_verbs; *verb; verb++) {
        printf(" %s", (*verb)->name);
    }
    printf("\n}\n\n_denali_options() {\n    case $1 in\n");
    for (const struct cli_verb *const *verb = cli_verbs; *verb; verb++) {
        printf("    %s) echo '", (*verb)->name);
        for (const struct cli_option *option = (*verb)->options; option->name; option++) {
            printf("%s--%s", option == (*verb)->options ? "" : " ", option->name);
        }
        printf("' ;;\n");
    }
    printf("    esac\n}\n\n# What the value of an option is.\n"
           "_denali_option() {\n    case $1:$2 in\n");
    for (const struct cli_verb *const *verb = cli_verbs; *verb; verb++) {
        for (const struct cli_option *option = (*verb)->options; option->name; option++) {
            if (option->argument) {
                printf("    %s:--%s) echo '%s' ;;\n", (*verb)->name, option->name,
                       option->argument);
            }
        }
    }
    printf("    esac\n}\n\n# What the verb's argument is.\n_denali_argument() {\n    case $1 in\n");
    for (const struct cli_verb *const *verb = cli_verbs; *verb; verb++) {
        printf("    %s) echo '%s' ;;\n", (*verb)->name, verb_argument(*verb, argument));
    }
    printf("    esac\n}\n\n%s%s", bash_values, bash_main);
}

/* --- zsh ---------------------------------------------------------------------------------------
 */

/* Text inside '...[...]' of _arguments. */
static void zsh_text(const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c == '\'') {
            fputs("'\\''", stdout);
        } else {
            printf(strchr("[]:\\", *c) ? "\\%c" : "%c", *c);
        }
    }
}

/* ":message:action" for a value of a kind. */
static void zsh_value(const char *kind)
{
    static const char *const actions[][2] = {
        {"ENGINE", " _denali_list engines"},
        {"IMAGE", " _denali_list images \"*.img\""},
        {"SCENARIO.yaml", " _denali_list scenarios \"*.yaml\""},
        {"DIR", "_files -/"}, /* words after a blank are run as they are; else options go between */
        {"FILE", "_files"},
        {"DIR|FILE", "_files"},
    };
    putchar(':');
    zsh_text(kind);
    putchar(':');
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        if (strcmp(kind, actions[i][0]) == 0) {
            fputs(actions[i][1], stdout);
            return;
        }
    }
    if (strchr(kind, '|')) {
        putchar('(');
        for (const char *c = kind; *c; c++) {
            putchar(*c == '|' ? ' ' : *c);
        }
        putchar(')');
    }
}

static void zsh_verb(const struct cli_verb *verb)
{
    printf("    %s)\n        _arguments", verb->name);
    for (const struct cli_option *option = verb->options; option->name; option++) {
        printf(" \\\n            '%s--%s%s[", option->repeats ? "*" : "", option->name,
               option->argument ? "=" : "");
        zsh_text(option->help);
        putchar(']');
        if (option->argument) {
            zsh_value(option->argument);
        }
        putchar('\'');
    }
    printf(" \\\n            '--help[print the options of the verb]'");
    char argument[CLI_PATH_MAX];
    if (*verb_argument(verb, argument)) {
        printf(" \\\n            '1");
        zsh_value(argument);
        putchar('\'');
    }
    if (verb->takes_rest) {
        printf(" \\\n            '*::argument of the guest:_files'");
    }
    printf("\n        ;;\n");
}

static const char zsh_list[] =
    "# What `denali list KIND` names, and files of a pattern if one is given.\n"
    "_denali_list() {\n"
    "    local -a names\n"
    "    names=(${(f)\"$(_call_program $1 denali list $1 2>/dev/null |\n"
    "        awk 'NF && !/^[( ]/ { print $1 }')\"})\n"
    "    compadd -a names\n"
    "    [[ -z $2 ]] || _files -g \"$2\"\n"
    "}\n\n";

void completion_zsh(void)
{
    printf("#compdef denali\n# Completion of denali for zsh, printed by cli_doc when denali was "
           "built.\n\n%slocal -a _denali_verbs\n_denali_verbs=(\n",
           zsh_list);
    for (const struct cli_verb *const *verb = cli_verbs; *verb; verb++) {
        printf("    '%s:", (*verb)->name);
        zsh_text((*verb)->summary);
        printf("'\n");
    }
    printf(")\n\nif ((CURRENT == 2)); then\n    _describe verb _denali_verbs\n    return\nfi\n"
           "local verb=$words[2]\nshift words\n((CURRENT--))\ncase $verb in\n");
    for (const struct cli_verb *const *verb = cli_verbs; *verb; verb++) {
        zsh_verb(*verb);
    }
    printf("esac\n");
}
